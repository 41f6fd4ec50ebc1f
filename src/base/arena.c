/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <assert.h>

#include "base/mem.h"

#define ARENA_ALIGN 16u
#define ARENA_BLOCK_BYTES 16384u
/* Blocks grow with what is in use, up to here. */
#define ARENA_BLOCK_MAX_BYTES (1u << 20)

/* Blocks are chained backwards: going back frees from the newest. */
struct peal_arena_block {
  peal_arena_block *prev;
  size_t cap; /* bytes of data, a multiple of ARENA_ALIGN */
  _Alignas(ARENA_ALIGN) char data[];
};

static size_t arena_round(size_t size) {
  return (size + (ARENA_ALIGN - 1)) & ~(size_t)(ARENA_ALIGN - 1);
}

void peal_arena_init(peal_arena *arena, const peal_mem *mem, size_t block_bytes,
                     size_t max) {
  *arena = (peal_arena){
      .mem = peal_mem_or_libc(mem),
      .max = max ? max : SIZE_MAX / 2,
      .block_bytes = arena_round(block_bytes ? block_bytes : ARENA_BLOCK_BYTES),
  };
}

/* Free the blocks newer than `keep`, which is one of them or NULL. */
static void arena_drop(peal_arena *arena, peal_arena_block *keep) {
  peal_arena_block *block = arena->current;
  while (block != keep) {
    peal_arena_block *prev = block->prev;
    arena->total -= block->cap;
    peal_mem_free(arena->mem, block);
    block = prev;
  }
  arena->current = keep;
}

void peal_arena_deinit(peal_arena *arena) {
  arena_drop(arena, NULL);
  arena->first = NULL;
  arena->used = 0;
}

/* A first block that one large allocation made is not kept. */
void peal_arena_reset(peal_arena *arena) {
  if (arena->first && arena->first->cap > arena->block_bytes) {
    peal_arena_deinit(arena);
    return;
  }
  arena_drop(arena, arena->first);
  arena->used = 0;
}

/* Bytes for a new block that holds `size`; 0 if the ceiling forbids it. */
static size_t arena_next_cap(const peal_arena *arena, size_t size) {
  size_t room = (arena->max - arena->total) & ~(size_t)(ARENA_ALIGN - 1);
  size_t cap = arena->total < ARENA_BLOCK_MAX_BYTES ? arena->total
                                                    : ARENA_BLOCK_MAX_BYTES;
  if (size > room)
    return 0;
  if (cap < arena->block_bytes)
    cap = arena->block_bytes;
  if (cap < size)
    cap = size;
  return cap < room ? cap : room;
}

static void *arena_alloc_block(peal_arena *arena, size_t size) {
  size_t cap = arena_next_cap(arena, size);
  if (cap == 0)
    return NULL;
  peal_arena_block *block =
      peal_mem_alloc(arena->mem, sizeof(peal_arena_block) + cap);
  if (!block)
    return NULL;
  block->prev = arena->current;
  block->cap = cap;
  if (!arena->first)
    arena->first = block;
  arena->current = block;
  arena->total += cap;
  arena->used = size;
  return block->data;
}

static void *arena_alloc_slow(peal_arena *arena, size_t size) {
  if (size > SIZE_MAX / 4)
    return NULL;
  size_t need = size ? arena_round(size) : ARENA_ALIGN;
  peal_arena_block *block = arena->current;
  if (!block || block->cap - arena->used < need)
    return arena_alloc_block(arena, need);
  void *ptr = block->data + arena->used;
  arena->used += need;
  return ptr;
}

void *peal_arena_alloc(peal_arena *arena, size_t size) {
  /* 0 for no bytes and for impossibly many: then the comparison fails. */
  size_t need = arena_round(size);
  peal_arena_block *block = arena->current;
  if (!block || need - 1 >= block->cap - arena->used)
    return arena_alloc_slow(arena, size);
  void *ptr = block->data + arena->used;
  arena->used += need;
  return ptr;
}

/* The newest allocation has a block of its own: grow that. Never the first
 * block, which a mark taken on the empty arena may name. */
static void *arena_resize_block(peal_arena *arena, size_t size) {
  peal_arena_block *block = arena->current;
  size_t more = size - block->cap;
  if (more > arena->max - arena->total)
    return NULL;
  block = peal_mem_resize(arena->mem, block, sizeof(peal_arena_block) + size);
  if (!block)
    return NULL;
  block->cap = size;
  arena->current = block;
  arena->total += more;
  arena->used = size;
  return block->data;
}

void *peal_arena_resize(peal_arena *arena, void *ptr, size_t old_size,
                        size_t size) {
  if (!ptr)
    return peal_arena_alloc(arena, size);
  if (size > SIZE_MAX / 4)
    return NULL;
  peal_arena_block *block = arena->current;
  size_t old = old_size ? arena_round(old_size) : ARENA_ALIGN;
  size_t need = size ? arena_round(size) : ARENA_ALIGN;
  assert(block);
  if (old <= arena->used && (char *)ptr == block->data + arena->used - old) {
    if (need <= block->cap - (arena->used - old)) {
      arena->used = arena->used - old + need;
      return ptr;
    }
    if (arena->used == old && block != arena->first)
      return arena_resize_block(arena, need);
  }
  if (need <= old)
    return ptr;
  void *copy = peal_arena_alloc(arena, size);
  if (copy)
    memcpy(copy, ptr, old_size);
  return copy;
}

char *peal_arena_str(peal_arena *arena, peal_slice text) {
  if (text.len > SIZE_MAX / 4)
    return NULL;
  char *copy = peal_arena_alloc(arena, text.len + 1);
  if (!copy)
    return NULL;
  if (text.len > 0)
    memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  return copy;
}

peal_arena_mark peal_arena_mark_get(const peal_arena *arena) {
  return (peal_arena_mark){arena->current, arena->used};
}

void peal_arena_mark_set(peal_arena *arena, peal_arena_mark mark) {
  if (!mark.block) { /* of the arena without a block */
    peal_arena_reset(arena);
    return;
  }
  arena_drop(arena, mark.block);
  arena->used = mark.used;
}
