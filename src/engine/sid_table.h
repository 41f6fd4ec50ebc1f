/* SPDX-License-Identifier: MIT */
#pragma once
/* sid_table: the sessions of a worker by their id, and the sockets of a
 * namespace. The key is the id inside the object: a slot is one pointer, and 7
 * to 14 of 16 slots are in use.
 *
 * Ids are our own random characters, so that they are their own hash; a peer
 * can ask for any, but not put any there. */
#include <peal/base.h>

typedef struct peal_sid_table {
  char **slots; /* ids, PEAL_SID_LEN characters each; NULL: free */
  const peal_mem *mem;
  uint32_t count;
  uint32_t cap; /* 0 or a power of two */
} peal_sid_table;

void peal_sid_table_init(peal_sid_table *table, const peal_mem *mem);
void peal_sid_table_deinit(peal_sid_table *table);
/* `sid` is borrowed until _remove, and in no table yet.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sid_table_add(peal_sid_table *table, char *sid);
/* The pointer that was added, or NULL. */
char *peal_sid_table_get(const peal_sid_table *table, peal_slice sid);
void peal_sid_table_remove(peal_sid_table *table, const char *sid);
/* Walk: start with *cursor = 0; NULL at the end. Nothing may be added or
 * removed meanwhile. */
char *peal_sid_table_next(const peal_sid_table *table, uint32_t *cursor);
