/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp: a namespace: its name, what it has on each worker, and its life. */
#include "server/server_impl.h"

PEAL_MUST_CHECK peal_nsp *peal_nsp_new(peal_server *server, peal_slice name);
void peal_nsp_free(peal_nsp *nsp);
/* The namespace of this name, or NULL. */
peal_nsp *peal_nsp_named(const peal_server *server, peal_slice name);
/* The calling thread's worker, if it is one of this namespace's server. */
peal_worker *peal_nsp_worker(const peal_nsp *nsp);
