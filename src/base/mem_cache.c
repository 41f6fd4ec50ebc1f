/* SPDX-License-Identifier: MIT */
#include "base/mem_cache.h"

#include <assert.h>

#include "base/mem.h"

#define LARGE_MAX 6144u
#define NO_CLASS UINT8_MAX
/* In front of a block that is not a slab's, so that it can be aligned to 16
 * whatever the parent's alignment of at least 8. */
#define HEAD_BYTES 16u

typedef struct head {
  uint32_t size; /* bytes behind the head, if they fit */
  uint8_t index; /* the class, or NO_CLASS */
  uint8_t shift; /* from where the parent's block begins to the block */
} head;

_Static_assert(sizeof(head) <= 8, "it stands in the 8 bytes that are there");

typedef struct free_block {
  struct free_block *next;
} free_block;

/* -- large blocks ------------------------------------------------------------- */

/* At most a third of a block is unused. */
static size_t large_bytes(uint32_t index) {
  return (size_t)(index & 1 ? 1024u : 768u) << (index / 2);
}

static uint8_t class_of(size_t size) {
  uint8_t index = 0;
  if (PEAL_MEM_CACHE_PASS_THROUGH || size > LARGE_MAX)
    return NO_CLASS;
  while (large_bytes(index) < size)
    index++;
  return index;
}

static bool is_small(size_t size) {
  return !PEAL_MEM_CACHE_PASS_THROUGH && size <= PEAL_MEM_SLAB_MAX;
}

static head *head_of(const void *ptr) {
  return (head *)(uintptr_t)((const char *)ptr - sizeof(head));
}

static char *parents_block(void *ptr) {
  return (char *)ptr - head_of(ptr)->shift;
}

/* 8 or 16. */
static uint8_t shift_of(const char *from) {
  return (uint8_t)(HEAD_BYTES - ((uintptr_t)from & 15u));
}

/* The block in what the parent gave. */
static char *place(char *from, uint8_t index, size_t size) {
  uint8_t shift = shift_of(from);
  char *ptr = from + shift;
  *head_of(ptr) =
      (head){.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
             .index = index,
             .shift = shift};
  return ptr;
}

static void *new_large(const peal_mem *parent, uint8_t index, size_t size) {
  if (size > SIZE_MAX - HEAD_BYTES)
    return NULL;
  char *from = peal_mem_alloc(parent, HEAD_BYTES + size);
  assert(((uintptr_t)from & 7u) == 0);
  return from ? place(from, index, size) : NULL;
}

/* Of a block that is and stays the parent's. */
static void *resize_large(const peal_mem *parent, void *ptr, size_t size) {
  if (size > SIZE_MAX - HEAD_BYTES)
    return NULL;
  uint8_t shift = head_of(ptr)->shift;
  char *from = peal_mem_resize(parent, parents_block(ptr), HEAD_BYTES + size);
  if (!from)
    return NULL;
  uint8_t moved = shift_of(from);
  if (moved != shift)
    memmove(from + moved, from + shift, size);
  return place(from, NO_CLASS, size);
}

static __attribute__((noinline, cold)) void *large_alloc(peal_mem_cache *cache,
                                                         size_t size) {
  uint8_t index = class_of(size);
  if (index == NO_CLASS)
    return new_large(cache->parent, NO_CLASS, size);
  free_block *block = cache->lists[index];
  if (!block)
    return new_large(cache->parent, index, large_bytes(index));
  cache->lists[index] = block->next;
  cache->cached_bytes -= large_bytes(index);
  return block;
}

static __attribute__((noinline, cold)) void large_release(peal_mem_cache *cache,
                                                          void *ptr) {
  uint8_t index = head_of(ptr)->index;
  if (index == NO_CLASS ||
      cache->max_cached_bytes - cache->cached_bytes < large_bytes(index)) {
    peal_mem_free(cache->parent, parents_block(ptr));
    return;
  }
  free_block *block = ptr;
  block->next = cache->lists[index];
  cache->lists[index] = block;
  cache->cached_bytes += large_bytes(index);
}

/* -- the allocator ------------------------------------------------------------- */

static void *cache_alloc(void *user, size_t size) {
  peal_mem_cache *cache = user;
  if (is_small(size))
    return peal_mem_slab_alloc(&cache->slabs, size ? size : 1);
  return large_alloc(cache, size);
}

static void cache_release(void *user, void *ptr) {
  peal_mem_cache *cache = user;
  if (!ptr)
    return;
  if (peal_mem_slab_is(ptr))
    peal_mem_slab_release(&cache->slabs, ptr);
  else
    large_release(cache, ptr);
}

static void *cache_resize(void *user, void *ptr, size_t size) {
  peal_mem_cache *cache = user;
  if (!ptr)
    return cache_alloc(user, size);
  bool slab = peal_mem_slab_is(ptr);
  bool parents = !slab && head_of(ptr)->index == NO_CLASS;
  if (parents && !is_small(size) && class_of(size) == NO_CLASS)
    return resize_large(cache->parent, ptr, size);
  size_t old = slab ? peal_mem_slab_bytes(ptr) : head_of(ptr)->size;
  if (size <= old && !parents)
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
  peal_mem_slab_init(&cache->slabs, cache->parent);
}

void peal_mem_cache_set_pages(peal_mem_cache *cache, const peal_mem *pages) {
  peal_mem_slab_init(&cache->slabs, pages);
}

void peal_mem_cache_deinit(peal_mem_cache *cache) {
  for (uint32_t i = 0; i < PEAL_MEM_CACHE_CLASSES; i++) {
    while (cache->lists[i]) {
      free_block *block = cache->lists[i];
      cache->lists[i] = block->next;
      peal_mem_free(cache->parent, parents_block(block));
    }
  }
  peal_mem_slab_deinit(&cache->slabs);
  cache->cached_bytes = 0;
}
