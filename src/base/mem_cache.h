/* SPDX-License-Identifier: MIT */
#pragma once
/* mem_cache: an allocator for one thread that keeps what was released in
 * free lists by size class, so that a warm worker does not allocate. Small
 * blocks lie side by side in slabs: eight bytes each besides their own.
 *
 * Under the address sanitizer every block goes straight to the parent, so
 * that nothing hides from it. */
#include <peal/base.h>

#if defined(__SANITIZE_ADDRESS__)
#define PEAL_MEM_CACHE_PASS_THROUGH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PEAL_MEM_CACHE_PASS_THROUGH 1
#endif
#endif
#ifndef PEAL_MEM_CACHE_PASS_THROUGH
#define PEAL_MEM_CACHE_PASS_THROUGH 0
#endif

#define PEAL_MEM_CACHE_CLASSES 72

typedef struct peal_mem_cache_slab peal_mem_cache_slab;

typedef struct peal_mem_cache {
  peal_mem mem; /* hand out &cache.mem */
  const peal_mem *parent;
  void *lists[PEAL_MEM_CACHE_CLASSES];
  peal_mem_cache_slab *slabs;
  char *slab_at;
  size_t slab_left;
  size_t cached_bytes; /* of the blocks that are not in slabs */
  size_t max_cached_bytes;
} peal_mem_cache;

/* `parent` NULL: libc. Released blocks above 512 bytes go back to the parent
 * when they would make the cache hold more than `max_cached_bytes`. */
void peal_mem_cache_init(peal_mem_cache *cache, const peal_mem *parent,
                         size_t max_cached_bytes);
/* Gives all memory back; no block may be in use. */
void peal_mem_cache_deinit(peal_mem_cache *cache);
