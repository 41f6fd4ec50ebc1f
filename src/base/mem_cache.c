/* SPDX-License-Identifier: MIT */
#include "base/mem_cache.h"

#include <assert.h>

#include "base/mem.h"

/* Class c holds 32, 48, 64, 96, 128 ... 4096, 6144 bytes: powers of two and
 * the middle between them, so at most a third is unused. */
#define CACHE_MAX_BYTES 6144u
#define CACHE_NO_CLASS UINT32_MAX

/* In front of every block; keeps the data 16-byte aligned. */
typedef union cache_head {
  struct {
    uint32_t index; /* the class, or CACHE_NO_CLASS */
    size_t size;    /* bytes that fit behind the head */
  } block;
  union cache_head *next; /* in a free list */
  _Alignas(16) char align[16];
} cache_head;

static size_t cache_class_bytes(uint32_t index) {
  return (size_t)(index & 1 ? 48u : 32u) << (index / 2);
}

static uint32_t cache_class_of(size_t size) {
  assert(size <= CACHE_MAX_BYTES);
  if (size <= 32)
    return 0;
  uint32_t n = (uint32_t)size - 1;
  uint32_t top = 31u - (uint32_t)__builtin_clz(n);
  return (top - 5) * 2 + ((n >> (top - 1)) & 1) + 1;
}

static void *cache_alloc_block(const peal_mem *parent, uint32_t index,
                               size_t size) {
  if (size > SIZE_MAX - sizeof(cache_head))
    return NULL;
  cache_head *head = peal_mem_alloc(parent, sizeof(cache_head) + size);
  if (!head)
    return NULL;
  head->block.index = index;
  head->block.size = size;
  return head + 1;
}

static void *cache_alloc(void *user, size_t size) {
  peal_mem_cache *cache = user;
  if (size > CACHE_MAX_BYTES)
    return cache_alloc_block(cache->parent, CACHE_NO_CLASS, size);
  uint32_t index = cache_class_of(size);
  size_t bytes = cache_class_bytes(index);
  cache_head *head = cache->lists[index];
  if (!head)
    return cache_alloc_block(cache->parent, index, bytes);
  cache->lists[index] = head->next;
  cache->cached_bytes -= bytes;
  head->block.index = index;
  head->block.size = bytes;
  return head + 1;
}

static void cache_release(void *user, void *ptr) {
  if (!ptr)
    return;
  peal_mem_cache *cache = user;
  cache_head *head = (cache_head *)ptr - 1;
  uint32_t index = head->block.index;
  size_t bytes = head->block.size;
  if (index == CACHE_NO_CLASS ||
      cache->max_cached_bytes - cache->cached_bytes < bytes) {
    peal_mem_free(cache->parent, head);
    return;
  }
  head->next = cache->lists[index];
  cache->lists[index] = head;
  cache->cached_bytes += bytes;
}

static void *cache_resize_large(peal_mem_cache *cache, cache_head *head,
                                size_t size) {
  if (size > SIZE_MAX - sizeof(cache_head))
    return NULL;
  head = peal_mem_resize(cache->parent, head, sizeof(cache_head) + size);
  if (!head)
    return NULL;
  head->block.size = size;
  return head + 1;
}

static void *cache_resize(void *user, void *ptr, size_t size) {
  peal_mem_cache *cache = user;
  if (!ptr)
    return cache_alloc(cache, size);
  cache_head *head = (cache_head *)ptr - 1;
  size_t have = head->block.size;
  if (head->block.index == CACHE_NO_CLASS && size > CACHE_MAX_BYTES)
    return cache_resize_large(cache, head, size);
  /* A smaller block is worth a copy only if it is much smaller. */
  if (size <= have && (size >= have / 2 || have <= 64))
    return ptr;
  void *copy = cache_alloc(cache, size);
  if (!copy)
    return size <= have ? ptr : NULL;
  memcpy(copy, ptr, size < have ? size : have);
  cache_release(cache, ptr);
  return copy;
}

void peal_mem_cache_init(peal_mem_cache *cache, const peal_mem *parent,
                         size_t max_cached_bytes) {
  *cache = (peal_mem_cache){
      .mem = {cache_alloc, cache_resize, cache_release, cache},
      .parent = peal_mem_or_libc(parent),
      .max_cached_bytes = max_cached_bytes,
  };
}

void peal_mem_cache_deinit(peal_mem_cache *cache) {
  for (size_t i = 0; i < PEAL_MEM_CACHE_CLASSES; i++) {
    while (cache->lists[i]) {
      cache_head *head = cache->lists[i];
      cache->lists[i] = head->next;
      peal_mem_free(cache->parent, head);
    }
  }
  cache->cached_bytes = 0;
}
