/* SPDX-License-Identifier: MIT */
#include "base/mem_cache.h"

#include <assert.h>

#include "base/mem.h"

/* Small blocks are cut from slabs and kept for good: a worker's many equal
 * objects (connections, sessions, sockets) then cost 8 bytes each besides
 * their own, and never fragment. Larger ones come from the parent. */

#define SMALL_STEP 8u
#define SMALL_MAX 512u
#define SMALL_CLASSES (SMALL_MAX / SMALL_STEP)
#define LARGE_MAX 6144u
#define SLAB_BYTES 16384u
#define NO_CLASS UINT32_MAX

_Static_assert(SMALL_CLASSES + 8u <= PEAL_MEM_CACHE_CLASSES,
               "a list for each class");

/* In front of every block; the data behind it is 8-byte aligned for small
 * blocks and 16-byte aligned for the others. */
typedef struct head {
  uint32_t index; /* the class, or NO_CLASS */
  uint32_t size;  /* of a large block: bytes behind the head, if they fit */
} head;

typedef struct free_block {
  struct free_block *next;
} free_block;

struct peal_mem_cache_slab {
  peal_mem_cache_slab *next;
  uint64_t data[];
};

/* Large classes: 768, 1024, 1536 … 6144, i.e. at most a third is unused. */
static size_t large_bytes(uint32_t index) {
  uint32_t n = index - SMALL_CLASSES;
  return (size_t)(n & 1 ? 1024u : 768u) << (n / 2);
}

static uint32_t class_of(size_t size) {
  if (PEAL_MEM_CACHE_PASS_THROUGH)
    return NO_CLASS;
  if (size <= SMALL_MAX)
    return size ? (uint32_t)((size - 1) / SMALL_STEP) : 0;
  if (size > LARGE_MAX)
    return NO_CLASS;
  uint32_t index = SMALL_CLASSES;
  while (large_bytes(index) < size)
    index++;
  return index;
}

static size_t small_bytes(uint32_t index) {
  return ((size_t)index + 1) * SMALL_STEP;
}

/* -- small blocks ------------------------------------------------------------- */

static bool new_slab(peal_mem_cache *cache) {
  peal_mem_cache_slab *slab = peal_mem_alloc(cache->parent, SLAB_BYTES);
  if (!slab)
    return false;
  slab->next = cache->slabs;
  cache->slabs = slab;
  cache->slab_at = (char *)slab->data;
  cache->slab_left = SLAB_BYTES - sizeof *slab;
  return true;
}

static void *cut_small(peal_mem_cache *cache, uint32_t index) {
  size_t need = sizeof(head) + small_bytes(index);
  if (cache->slab_left < need && !new_slab(cache))
    return NULL;
  head *at = (head *)(void *)cache->slab_at;
  cache->slab_at += need;
  cache->slab_left -= need;
  at->index = index;
  return at + 1;
}

/* -- large blocks ------------------------------------------------------------- */

/* The parent's alignment is kept: two words in front. */
static void *new_large(const peal_mem *parent, uint32_t index, size_t size) {
  if (size > SIZE_MAX - 2 * sizeof(head))
    return NULL;
  head *at = peal_mem_alloc(parent, 2 * sizeof *at + size);
  if (!at)
    return NULL;
  at[1].index = index;
  at[1].size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
  return at + 2;
}

/* -- the allocator ------------------------------------------------------------- */

static void *cache_alloc(void *user, size_t size) {
  peal_mem_cache *cache = user;
  uint32_t index = class_of(size);
  if (index == NO_CLASS)
    return new_large(cache->parent, NO_CLASS, size);
  free_block *block = cache->lists[index];
  if (block) {
    cache->lists[index] = block->next;
    if (index >= SMALL_CLASSES)
      cache->cached_bytes -= large_bytes(index);
    return block;
  }
  if (index < SMALL_CLASSES)
    return cut_small(cache, index);
  return new_large(cache->parent, index, large_bytes(index));
}

static void cache_release(void *user, void *ptr) {
  peal_mem_cache *cache = user;
  if (!ptr)
    return;
  const head *at = (const head *)ptr - 1;
  uint32_t index = at->index;
  free_block *block = ptr;
  bool is_small = index < SMALL_CLASSES;
  size_t bytes = is_small || index == NO_CLASS ? 0 : large_bytes(index);
  if (index == NO_CLASS ||
      (bytes && cache->max_cached_bytes - cache->cached_bytes < bytes)) {
    peal_mem_free(cache->parent, (head *)ptr - 2);
    return;
  }
  block->next = cache->lists[index];
  cache->lists[index] = block;
  cache->cached_bytes += bytes;
}

static size_t usable_bytes(const void *ptr) {
  const head *at = (const head *)ptr - 1;
  return at->index < SMALL_CLASSES ? small_bytes(at->index) : at->size;
}

static void *cache_resize(void *user, void *ptr, size_t size) {
  peal_mem_cache *cache = user;
  if (!ptr)
    return cache_alloc(user, size);
  size_t old = usable_bytes(ptr);
  const head *at = (const head *)ptr - 1;
  if (at->index == NO_CLASS && class_of(size) == NO_CLASS) {
    if (size > SIZE_MAX - 2 * sizeof(head))
      return NULL;
    head *moved = peal_mem_resize(cache->parent, (head *)ptr - 2,
                                  2 * sizeof *moved + size);
    if (!moved)
      return NULL;
    moved[1].size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    return moved + 2;
  }
  if (size <= old && at->index != NO_CLASS)
    return ptr;
  void *copy = cache_alloc(user, size);
  if (!copy)
    return NULL;
  memcpy(copy, ptr, old < size ? old : size);
  cache_release(user, ptr);
  return copy;
}

void peal_mem_cache_init(peal_mem_cache *cache, const peal_mem *parent,
                         size_t max_cached_bytes) {
  *cache = (peal_mem_cache){.mem = {.alloc = cache_alloc,
                                    .resize = cache_resize,
                                    .release = cache_release,
                                    .user = cache},
                            .parent = peal_mem_or_libc(parent),
                            .max_cached_bytes = max_cached_bytes};
}

void peal_mem_cache_deinit(peal_mem_cache *cache) {
  for (uint32_t i = SMALL_CLASSES; i < PEAL_MEM_CACHE_CLASSES; i++) {
    while (cache->lists[i]) {
      free_block *block = cache->lists[i];
      cache->lists[i] = block->next;
      peal_mem_free(cache->parent, (head *)(void *)block - 2);
    }
  }
  while (cache->slabs) {
    peal_mem_cache_slab *slab = cache->slabs;
    cache->slabs = slab->next;
    peal_mem_free(cache->parent, slab);
  }
  *cache = (peal_mem_cache){.mem = cache->mem, .parent = cache->parent};
}
