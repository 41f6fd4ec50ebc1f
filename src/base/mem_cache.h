/* SPDX-License-Identifier: MIT */
#pragma once
/* mem_cache: an allocator for one thread that keeps what was released in
 * free lists by size class, so that a warm worker does not allocate. */
#include <peal/base.h>

#define PEAL_MEM_CACHE_CLASSES 16

typedef struct peal_mem_cache {
  peal_mem mem; /* hand out &cache.mem */
  const peal_mem *parent;
  void *lists[PEAL_MEM_CACHE_CLASSES];
  size_t cached_bytes;
  size_t max_cached_bytes;
} peal_mem_cache;

/* `parent` NULL: libc. Above `max_cached_bytes` memory goes back to the
 * parent. */
void peal_mem_cache_init(peal_mem_cache *cache, const peal_mem *parent,
                         size_t max_cached_bytes);
/* Gives the cached memory back; blocks in use stay valid and must not be
 * released through the cache afterwards. */
void peal_mem_cache_deinit(peal_mem_cache *cache);
