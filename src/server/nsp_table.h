/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp_table: the namespaces of a server by their names: found, made, walked.
 * Many threads ask at a time: all under one lock, which is held for as long as
 * that takes. */
#include "server/parent.h"

PEAL_MUST_CHECK peal_err peal_nsp_table_init(peal_server *server);
/* Frees all of them. */
void peal_nsp_table_deinit(peal_server *server);

/* The one of this name, with a use of it (peal_nsp_life_leave), or NULL. */
peal_nsp *peal_nsp_table_enter(peal_server *server, peal_slice name);
/* The same with a hold of it (peal_nsp_life_release). */
peal_nsp *peal_nsp_table_named(peal_server *server, peal_slice name);
/* The one of this name, made if it is new, as a child of `parent`, with a use of
 * it; told to those who watch (nsp_open). On a worker.
 * Returns: PEAL_OK; PEAL_ERR_LIMIT (the parent has as many as it may);
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_nsp_table_child(peal_parent *parent,
                                              peal_slice name, peal_nsp **out);
/* All that there are, each held; NULL: none, or no memory. Given back by
 * _unlist. */
peal_nsp **peal_nsp_table_list(peal_server *server, size_t *count);
void peal_nsp_table_unlist(const peal_server *server, peal_nsp **list,
                           size_t count);
/* Call `fn` for each that there is; under the lock. */
void peal_nsp_table_each(peal_server *server,
                         void (*fn)(const peal_nsp *nsp, void *with),
                         void *with);
