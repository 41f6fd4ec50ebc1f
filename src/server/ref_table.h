/* SPDX-License-Identifier: MIT */
#pragma once
/* ref_table: the sockets of a worker that somebody refers to, by their place.
 * A place is used again; what stands there has a number that never comes
 * again, so that an old reference meets nobody. Empty it owns no memory. */
#include "base/account.h"

typedef struct peal_ref_place {
  void *owner;         /* NULL: free, and `generation` is the next free one */
  uint64_t generation; /* of 64 bits: no worker ever counts to its end */
} peal_ref_place;

typedef struct peal_ref_table {
  peal_ref_place *places;
  const peal_mem *mem;          /* borrowed */
  peal_account_worker *account; /* borrowed; NULL: nothing is charged */
  uint64_t generation;          /* of the last one */
  uint32_t cap;
  uint32_t count;
  uint32_t free; /* the first free place; `cap`: none */
} peal_ref_table;

void peal_ref_table_init(peal_ref_table *table, const peal_mem *mem,
                         peal_account_worker *account);
/* All must have been removed. */
void peal_ref_table_deinit(peal_ref_table *table);
/* A place for `owner` (not NULL). Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ref_table_add(peal_ref_table *table, void *owner,
                                            uint32_t *place);
/* Of a place that is taken. */
uint64_t peal_ref_table_generation(const peal_ref_table *table, uint32_t place);
/* Who stands there under this number; NULL: nobody any more. */
void *peal_ref_table_get(const peal_ref_table *table, uint32_t place,
                         uint64_t generation);
void peal_ref_table_remove(peal_ref_table *table, uint32_t place);
