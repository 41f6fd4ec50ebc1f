/* SPDX-License-Identifier: MIT */
#pragma once
/* parent: what stands for all namespaces of a pattern, or of a function that
 * says which. Its children are namespaces as others; what is registered with it
 * is registered with each of them, now and later.
 *
 *   peal_server ── parents, in order ──> peal_parent ── children ──> peal_nsp
 *                                            └─ hooks: what a child begins with
 */
#include <regex.h>

#include <peal/namespaces.h>

#include "server/server_impl.h"

typedef struct peal_parent {
  peal_list node; /* of the server's table */
  peal_nsp *nsp;  /* what the program has of it */
  bool has_pattern;
  regex_t pattern; /* only with has_pattern */
  peal_nsp_ask_fn fn;
  void *user;
  uint32_t max; /* children */
  peal_hooks hooks;
} peal_parent;

/* The first that may have a child of this name, behind `after` (NULL: of all);
 * NULL: none. Matching may take its time: not under the lock. */
peal_parent *peal_parent_next(peal_server *server, const peal_parent *after,
                              peal_slice name, bool only_patterns);

/* -- under the lock of the table ------------------------------------------------ */

/* `nsp` begins with what is registered with it, and is its child. Returns:
 * PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_parent_adopt(peal_parent *parent, peal_nsp *nsp);

/* -- without it ------------------------------------------------------------------ */

/* Call `fn` for each child that there is, held for that time. Returns: PEAL_OK,
 * PEAL_ERR_NOMEM (it was called for none), or the first error of `fn`. */
peal_err peal_parent_each(peal_nsp *nsp,
                          peal_err (*fn)(peal_nsp *child, void *with),
                          void *with);
void peal_parent_free(peal_parent *parent);
