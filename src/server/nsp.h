/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp: a namespace: its name and the functions registered with it. */
#include "server/server_impl.h"

PEAL_MUST_CHECK peal_nsp *peal_nsp_new(peal_server *server, peal_slice name);
void peal_nsp_free(peal_nsp *nsp);
/* The first handler of an event, or NULL. */
const peal_hook *peal_nsp_handlers(peal_nsp *nsp, const peal_worker *worker,
                                   peal_slice event);
/* The namespace of this name, or NULL. */
peal_nsp *peal_nsp_find(const peal_server *server, peal_slice name);
