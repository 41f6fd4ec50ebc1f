/* SPDX-License-Identifier: MIT */
#pragma once
/* map: strings to pointers, open addressing, seeded hash (a peer that picks
 * room names cannot make them collide). An empty map owns no memory. */
#include <peal/base.h>

typedef struct peal_map_entry {
  const char *key; /* borrowed from the value's owner */
  uint32_t key_len;
  uint32_t hash;
  void *value; /* NULL: slot never used or (key != NULL) deleted */
} peal_map_entry;

typedef struct peal_map {
  peal_map_entry *slots;
  const peal_mem *mem; /* borrowed */
  uint32_t count;
  uint32_t cap;  /* 0 or a power of two */
  uint32_t used; /* live and deleted slots */
  uint32_t seed;
} peal_map;

void peal_map_init(peal_map *map, const peal_mem *mem, uint32_t seed);
void peal_map_deinit(peal_map *map);
void *peal_map_get(const peal_map *map, peal_slice key);
/* The key is borrowed and must live as long as the entry; `value` is not
 * NULL. Returns: PEAL_OK, PEAL_ERR_EXISTS, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_map_add(peal_map *map, peal_slice key,
                                      void *value);
/* Returns the value that was there, or NULL. */
void *peal_map_remove(peal_map *map, peal_slice key);
/* Walk: start with *cursor = 0; NULL at the end. Removing the entry just
 * returned is allowed, adding is not. */
void *peal_map_next(const peal_map *map, uint32_t *cursor);
/* The hash that the map uses, for tables of other shape. */
uint32_t peal_map_hash(peal_slice key, uint32_t seed);
