/* SPDX-License-Identifier: MIT */
#pragma once
/* mem_cache: an allocator for one thread that keeps some of what was released,
 * so that a warm worker does not allocate. Blocks up to 512 bytes come from
 * slabs (base/mem_slab), up to 6 KiB from free lists by size class, larger
 * ones from the parent. What was needed once for many goes back.
 *
 * Under the address sanitizer every block goes straight to the parent, so
 * that nothing hides from it. */
#include <peal/base.h>

#include "base/mem_slab.h"

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

/* Classes above the slabs': 768, 1024, 1536 … 6144 bytes. */
#define PEAL_MEM_CACHE_CLASSES 7

typedef struct peal_mem_cache {
  peal_mem mem; /* hand out &cache.mem */
  const peal_mem *parent;
  peal_mem_slabs slabs;
  void *lists[PEAL_MEM_CACHE_CLASSES];
  size_t cached_bytes; /* in the lists */
  size_t max_cached_bytes;
} peal_mem_cache;

/* `parent` NULL: libc. Released blocks above 512 bytes go back to the parent
 * when they would make the lists hold more than `max_cached_bytes`. */
void peal_mem_cache_init(peal_mem_cache *cache, const peal_mem *parent,
                         size_t max_cached_bytes);
/* Take what small blocks are cut from, large blocks all, from `pages`
 * (borrowed) instead of the parent. Before the first use. */
void peal_mem_cache_set_pages(peal_mem_cache *cache, const peal_mem *pages);
/* Gives all memory back; no block may be in use. */
void peal_mem_cache_deinit(peal_mem_cache *cache);
