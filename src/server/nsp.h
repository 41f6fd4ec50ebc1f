/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp: a namespace: its name, and what it has on each worker. */
#include "server/server_impl.h"

/* In no table yet, closed, of nobody. `can_end`: its uses are to be counted.
 * `shell` (taken): memory of one that could end and has, or NULL. The name has
 * at most PEAL_LIMIT_SIO_NSP_BYTES.
 * NULL if memory is out; a shell is the caller's then. */
PEAL_MUST_CHECK peal_nsp *peal_nsp_new(peal_server *server, peal_slice name,
                                       bool can_end, peal_nsp *shell);
/* What it takes, without handlers. */
size_t peal_nsp_cost(const peal_server *server);
/* Nothing of it is left on this worker; on that worker, or behind the run. */
void peal_nsp_empty(peal_nsp_local *local);
/* All of it, but its own block: a shell. */
void peal_nsp_strip(peal_nsp *nsp);
/* All of it. */
void peal_nsp_free(peal_nsp *nsp);
/* The calling thread's worker, if it is one of this namespace's server. */
peal_worker *peal_nsp_worker(const peal_nsp *nsp);
