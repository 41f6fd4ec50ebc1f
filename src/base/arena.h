/* SPDX-License-Identifier: MIT */
#pragma once
/* arena: memory for one turn. Everything is freed at once by reset, which
 * keeps the first block, unless it is larger than the others begin, so that a
 * warm worker allocates nothing and a large turn leaves nothing. */
#include <peal/base.h>

typedef struct peal_arena_block peal_arena_block;

typedef struct peal_arena {
  const peal_mem *mem; /* borrowed */
  peal_arena_block *first;
  peal_arena_block *current;
  size_t used;  /* bytes of the current block */
  size_t total; /* bytes of all blocks */
  size_t max;   /* total never passes this */
  size_t block_bytes;
} peal_arena;

/* `mem` NULL: libc. `block_bytes` is the size of a block (0: 16 KiB), `max`
 * the ceiling of all blocks (0: none). Cannot fail. */
void peal_arena_init(peal_arena *arena, const peal_mem *mem, size_t block_bytes,
                     size_t max);
void peal_arena_deinit(peal_arena *arena);
/* 16-byte aligned, not cleared. Returns NULL if memory is out or the ceiling
 * reached. */
PEAL_MUST_CHECK void *peal_arena_alloc(peal_arena *arena, size_t size);
/* Grow the newest allocation in place if possible, otherwise copy it. */
PEAL_MUST_CHECK void *peal_arena_resize(peal_arena *arena, void *ptr,
                                        size_t old_size, size_t size);
/* A terminated copy. */
PEAL_MUST_CHECK char *peal_arena_str(peal_arena *arena, peal_slice text);
void peal_arena_reset(peal_arena *arena);

/* A place to go back to: what was allocated since is freed. */
typedef struct peal_arena_mark {
  peal_arena_block *block;
  size_t used;
} peal_arena_mark;

peal_arena_mark peal_arena_mark_get(const peal_arena *arena);
void peal_arena_mark_set(peal_arena *arena, peal_arena_mark mark);
