/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <assert.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "base/wide.h"

#define MAP_MIN_CAP 4u
#define MAP_MAX_CAP (1u << 30)

/* Odd constants without structure: digits of the golden ratio and of pi. */
#define MAP_K0 0x9e3779b97f4a7c15u
#define MAP_K1 0x243f6a8885a308d3u
#define MAP_K2 0x13198a2e03707345u

void peal_map_init(peal_map *map, const peal_mem *mem, uint32_t seed) {
  *map = (peal_map){.mem = peal_mem_or_libc(mem), .seed = seed};
}

void peal_map_deinit(peal_map *map) {
  peal_mem_free(map->mem, map->slots);
  map->slots = NULL;
  map->count = map->cap = map->used = 0;
}

/* Both halves of the product, so that every input bit reaches every output
 * bit and the multiplication cannot be undone without the key. */
static uint64_t map_mix(uint64_t a, uint64_t b) {
  peal_wide product = peal_wide_mul(a, b);
  return product.hi ^ product.lo;
}

/* The last 0 to 16 bytes as two words. */
static uint64_t map_tail(const char *p, size_t len, uint64_t state) {
  uint64_t a = 0, b = 0;
  if (len >= 8) {
    a = peal_wide_load64(p);
    b = peal_wide_load64(p + len - 8);
  } else if (len >= 4) {
    a = peal_wide_load32(p);
    b = peal_wide_load32(p + len - 4);
  } else if (len > 0) {
    a = ((uint64_t)(unsigned char)p[0] << 16) |
        ((uint64_t)(unsigned char)p[len / 2] << 8) | (unsigned char)p[len - 1];
  }
  return map_mix(a ^ state, b ^ MAP_K1 ^ (state << 32 | state >> 32));
}

uint32_t peal_map_hash(peal_slice key, uint32_t seed) {
  const char *p = key.ptr;
  size_t left = key.len;
  uint64_t state = map_mix(seed ^ MAP_K0, (uint64_t)seed << 32 ^ MAP_K2);
  while (left > 16) {
    state = map_mix(peal_wide_load64(p) ^ state ^ MAP_K0,
                    peal_wide_load64(p + 8) ^ state ^ MAP_K1);
    p += 16;
    left -= 16;
  }
  uint64_t hash = map_mix(map_tail(p, left, state) ^ key.len, state ^ MAP_K2);
  return (uint32_t)(hash ^ hash >> 32);
}

static bool map_holds(const peal_map_entry *entry, uint32_t hash,
                      peal_slice key) {
  return entry->value && entry->hash == hash && entry->key_len == key.len &&
         (key.len == 0 || memcmp(entry->key, key.ptr, key.len) == 0);
}

static peal_map_entry *map_find(const peal_map *map, uint32_t hash,
                                peal_slice key) {
  if (map->count == 0)
    return NULL;
  uint32_t mask = map->cap - 1;
  for (uint32_t i = hash & mask; map->slots[i].key; i = (i + 1) & mask) {
    if (map_holds(&map->slots[i], hash, key))
      return &map->slots[i];
  }
  return NULL;
}

void *peal_map_get(const peal_map *map, peal_slice key) {
  if (map->count == 0)
    return NULL;
  peal_map_entry *entry = map_find(map, peal_map_hash(key, map->seed), key);
  return entry ? entry->value : NULL;
}

static void map_put(peal_map_entry *slots, uint32_t cap, peal_map_entry entry) {
  uint32_t i = entry.hash & (cap - 1);
  while (slots[i].key)
    i = (i + 1) & (cap - 1);
  slots[i] = entry;
}

/* A fresh table for one more entry, without the deleted slots. */
static peal_err map_rebuild(peal_map *map) {
  uint32_t cap = MAP_MIN_CAP;
  while (cap < MAP_MAX_CAP && cap / 2 < map->count + 1)
    cap *= 2;
  if (map->count + 1 > cap / 4 * 3)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_map_entry *slots =
      peal_mem_zalloc(map->mem, (size_t)cap * sizeof(peal_map_entry));
  if (!slots)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  for (uint32_t i = 0; i < map->cap; i++) {
    if (map->slots[i].value)
      map_put(slots, cap, map->slots[i]);
  }
  peal_mem_free(map->mem, map->slots);
  map->slots = slots;
  map->cap = cap;
  map->used = map->count;
  return PEAL_OK;
}

peal_err peal_map_add(peal_map *map, peal_slice key, void *value) {
  assert(value);
  if (key.len > UINT32_MAX)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  uint32_t hash = peal_map_hash(key, map->seed);
  if (map_find(map, hash, key))
    return PEAL_FAIL(PEAL_ERR_EXISTS);
  if (map->used + 1 > map->cap / 4 * 3) {
    peal_err err = map_rebuild(map);
    if (err != PEAL_OK)
      return err;
  }
  map_put(map->slots, map->cap,
          (peal_map_entry){.key = key.ptr ? key.ptr : "",
                           .key_len = (uint32_t)key.len,
                           .hash = hash,
                           .value = value});
  map->count++;
  map->used++;
  return PEAL_OK;
}

/* A deleted slot with nothing behind it need not be kept for the probe. */
static void map_clean(peal_map *map, uint32_t i) {
  uint32_t mask = map->cap - 1;
  if (map->slots[(i + 1) & mask].key)
    return;
  while (map->slots[i].key && !map->slots[i].value) {
    map->slots[i] = (peal_map_entry){0};
    map->used--;
    i = (i - 1) & mask;
  }
}

void *peal_map_remove(peal_map *map, peal_slice key) {
  if (map->count == 0)
    return NULL;
  peal_map_entry *entry = map_find(map, peal_map_hash(key, map->seed), key);
  if (!entry)
    return NULL;
  void *value = entry->value;
  /* The key may be gone with the value: keep only that there was one. */
  *entry = (peal_map_entry){.key = ""};
  map->count--;
  if (map->count == 0)
    peal_map_deinit(map);
  else
    map_clean(map, (uint32_t)(entry - map->slots));
  return value;
}

void *peal_map_next(const peal_map *map, uint32_t *cursor) {
  while (*cursor < map->cap) {
    void *value = map->slots[(*cursor)++].value;
    if (value)
      return value;
  }
  return NULL;
}
