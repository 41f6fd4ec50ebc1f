/* SPDX-License-Identifier: MIT */
#pragma once
/* mem_slab: small blocks of equal sizes side by side, without a header each.
 *
 *   span    taken from the parent, cut into cells at multiples of 16 KiB; the
 *           first cell is what lies before the first multiple
 *   slab    a cell in use: blocks of one size, and at its end what is known of
 *           them; a block finds it by its own address
 *   block   at 8 above a multiple of 16: this tells it from others' blocks
 *
 * A slab without a block in use goes back to its span and may serve another
 * size, a span without a slab in use goes back to the parent; a few of both
 * are kept, so that one block that comes and goes does not move them. Each
 * call takes constant time. */
#include <peal/base.h>

#include "base/list.h"

/* The largest block; sizes are rounded up to the step. */
#define PEAL_MEM_SLAB_MAX 512u
#define PEAL_MEM_SLAB_STEP 16u
#define PEAL_MEM_SLAB_CLASSES (PEAL_MEM_SLAB_MAX / PEAL_MEM_SLAB_STEP)
/* Empty slabs that are kept for their size. */
#define PEAL_MEM_SLAB_KEPT 4u

typedef struct peal_mem_slab peal_mem_slab;
typedef struct peal_mem_slab_span peal_mem_slab_span;

typedef struct peal_mem_slabs {
  const peal_mem *parent;                      /* borrowed */
  peal_mem_slab *rooms[PEAL_MEM_SLAB_CLASSES]; /* with a free block, by size */
  peal_mem_slab *kept[PEAL_MEM_SLAB_KEPT];
  peal_list roomy;           /* spans with a free cell */
  peal_list full;            /* the others */
  peal_mem_slab_span *spare; /* the one roomy span that is all free, or NULL */
  size_t span_count;
  uint32_t kept_at; /* the oldest of `kept` */
} peal_mem_slabs;

void peal_mem_slab_init(peal_mem_slabs *slabs, const peal_mem *parent);
/* Gives all memory back; no block may be in use. */
void peal_mem_slab_deinit(peal_mem_slabs *slabs);
/* 1 to PEAL_MEM_SLAB_MAX bytes; NULL if memory is out. */
void *peal_mem_slab_alloc(peal_mem_slabs *slabs, size_t size);
void peal_mem_slab_release(peal_mem_slabs *slabs, void *ptr);
/* How many bytes a block has. */
size_t peal_mem_slab_bytes(const void *ptr);

/* Is this a block of a slab? For pointers of slabs, and such as are aligned to
 * 16 bytes. */
static inline bool peal_mem_slab_is(const void *ptr) {
  return ((uintptr_t)ptr & (PEAL_MEM_SLAB_STEP - 1)) != 0;
}
