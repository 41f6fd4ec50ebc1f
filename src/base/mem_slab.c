/* SPDX-License-Identifier: MIT */
#include "base/mem_slab.h"

#include <assert.h>

#include "base/mem.h"

#define CELL_BYTES 16384u
/* Large enough that libc maps it by itself, and so gives it back to the
 * system; the rest of the last page is libc's own head. */
#define SPAN_BYTES (9u * CELL_BYTES - 64u)
/* What a slab keeps at its end; 8 above a multiple of 16. */
#define SLAB_TAIL_BYTES 56u

typedef struct free_block {
  struct free_block *next;
} free_block;

struct peal_mem_slab {
  peal_list link; /* among those of its size that have room; or free cells */
  peal_mem_slab_span *span;
  free_block *free;
  char *cut;      /* what lies below was never a block */
  uint16_t left;  /* blocks that can still be had */
  uint16_t total; /* blocks in all */
  uint16_t bytes; /* of a block */
  bool kept;      /* it is in slabs->kept */
};

_Static_assert(sizeof(peal_mem_slab) <= SLAB_TAIL_BYTES, "it fits the tail");

struct peal_mem_slab_span {
  peal_list link;
  peal_list cells; /* that were slabs */
  char *at;        /* from here on nothing was a slab yet */
  uint32_t used;   /* slabs in use */
};

/* -- addresses -------------------------------------------------------------- */

/* From `ptr` to the end of its cell. */
static size_t bytes_to_end(const void *ptr) {
  return CELL_BYTES - ((uintptr_t)ptr & (CELL_BYTES - 1));
}

static char *cell_end(const void *ptr) {
  return (char *)(uintptr_t)ptr + bytes_to_end(ptr);
}

static peal_mem_slab *slab_of(const void *ptr) {
  return (peal_mem_slab *)(void *)(cell_end(ptr) - SLAB_TAIL_BYTES);
}

/* Of the cell that ends at `end`, which may be the span's first. */
static char *cell_begin(peal_mem_slab_span *span, char *end) {
  char *first = (char *)(span + 1);
  return (size_t)(end - first) < CELL_BYTES ? first : end - CELL_BYTES;
}

/* -- spans ------------------------------------------------------------------ */

static bool span_is_full(const peal_mem_slab_span *span) {
  return !span->at && peal_list_is_empty(&span->cells);
}

/* Move on to the next cell that can hold one block of any size. */
static void next_cell(peal_mem_slab_span *span) {
  const size_t least = PEAL_MEM_SLAB_MAX + SLAB_TAIL_BYTES + 16u;
  const char *end = (const char *)span + SPAN_BYTES;
  while (bytes_to_end(span->at) < least)
    span->at = cell_end(span->at);
  if (bytes_to_end(span->at) > (size_t)(end - span->at))
    span->at = NULL;
}

static peal_mem_slab_span *new_span(peal_mem_slabs *slabs) {
  peal_mem_slab_span *span = peal_mem_alloc(slabs->parent, SPAN_BYTES);
  if (!span)
    return NULL;
  *span = (peal_mem_slab_span){.at = (char *)(span + 1)};
  peal_list_init(&span->cells);
  next_cell(span);
  peal_list_push(&slabs->roomy, &span->link);
  slabs->span_count++;
  return span;
}

static void free_span(peal_mem_slabs *slabs, peal_mem_slab_span *span) {
  peal_list_remove(&span->link);
  slabs->span_count--;
  peal_mem_free(slabs->parent, span);
}

/* The spare one, which is the last, only if there is no other. */
static peal_mem_slab_span *roomy_span(peal_mem_slabs *slabs) {
  if (peal_list_is_empty(&slabs->roomy))
    return new_span(slabs);
  return PEAL_LIST_OF(slabs->roomy.next, peal_mem_slab_span, link);
}

/* A cell, not initialised; NULL if memory is out. */
static peal_mem_slab *take_cell(peal_mem_slabs *slabs,
                                peal_mem_slab_span **from) {
  peal_mem_slab_span *span = roomy_span(slabs);
  if (!span)
    return NULL;
  if (span == slabs->spare)
    slabs->spare = NULL;
  peal_list *cell = peal_list_shift(&span->cells);
  peal_mem_slab *slab =
      cell ? PEAL_LIST_OF(cell, peal_mem_slab, link) : slab_of(span->at);
  if (!cell) {
    span->at = cell_end(span->at);
    next_cell(span);
  }
  span->used++;
  if (span_is_full(span)) {
    peal_list_remove(&span->link);
    peal_list_push(&slabs->full, &span->link);
  }
  *from = span;
  return slab;
}

static void give_cell(peal_mem_slabs *slabs, peal_mem_slab *slab) {
  peal_mem_slab_span *span = slab->span;
  peal_list_push(&span->cells, &slab->link);
  span->used--;
  if (span->used == 0 && slabs->spare) {
    free_span(slabs, span);
    return;
  }
  peal_list_remove(&span->link);
  if (span->used == 0) {
    slabs->spare = span;
    peal_list_push(&slabs->roomy, &span->link);
  } else {
    peal_list_push(slabs->roomy.next, &span->link); /* before the spare one */
  }
}

/* -- slabs ------------------------------------------------------------------ */

static peal_mem_slab **room_of(peal_mem_slabs *slabs, size_t bytes) {
  return &slabs->rooms[bytes / PEAL_MEM_SLAB_STEP - 1];
}

/* Slabs of a size that have room form a ring; the first is used first. */
static void add_room(peal_mem_slabs *slabs, peal_mem_slab *slab) {
  peal_mem_slab **first = room_of(slabs, slab->bytes);
  peal_list_init(&slab->link);
  if (*first)
    peal_list_push(&(*first)->link, &slab->link);
  else
    *first = slab;
}

static void remove_room(peal_mem_slabs *slabs, peal_mem_slab *slab) {
  peal_mem_slab **first = room_of(slabs, slab->bytes);
  if (*first == slab)
    *first = peal_list_is_linked(&slab->link)
                 ? PEAL_LIST_OF(slab->link.next, peal_mem_slab, link)
                 : NULL;
  peal_list_remove(&slab->link);
}

static peal_mem_slab *new_slab(peal_mem_slabs *slabs, size_t bytes) {
  peal_mem_slab_span *span = NULL;
  peal_mem_slab *slab = take_cell(slabs, &span);
  if (!slab)
    return NULL;
  size_t room = (size_t)((char *)slab - cell_begin(span, cell_end(slab)));
  *slab = (peal_mem_slab){.span = span, .cut = (char *)slab};
  slab->bytes = (uint16_t)bytes;
  slab->left = slab->total = (uint16_t)(room / bytes);
  add_room(slabs, slab);
  return slab;
}

/* It has become empty. It stays in the place of the one that has been among
 * the kept ones for the longest time, which goes if it is (still) empty. */
static void keep(peal_mem_slabs *slabs, peal_mem_slab *slab) {
  peal_mem_slab *old = slabs->kept[slabs->kept_at];
  slab->kept = true;
  slabs->kept[slabs->kept_at] = slab;
  slabs->kept_at = (slabs->kept_at + 1) % PEAL_MEM_SLAB_KEPT;
  if (!old)
    return;
  old->kept = false;
  if (old->left == old->total) {
    remove_room(slabs, old);
    give_cell(slabs, old);
  }
}

/* -- blocks ----------------------------------------------------------------- */

static inline void *take_block(peal_mem_slab *slab) {
  free_block *block = slab->free;
  slab->left--;
  if (!block)
    return slab->cut -= slab->bytes;
  slab->free = block->next;
  return block;
}

/* The rare ways stand apart: the usual one then needs no stack. */
static __attribute__((noinline, cold)) void *take_last(peal_mem_slabs *slabs,
                                                       peal_mem_slab *slab) {
  void *block = take_block(slab);
  remove_room(slabs, slab);
  return block;
}

static __attribute__((noinline, cold)) void *take_first(peal_mem_slabs *slabs,
                                                        size_t bytes) {
  peal_mem_slab *slab = new_slab(slabs, bytes);
  if (!slab)
    return NULL;
  return slab->left == 1 ? take_last(slabs, slab) : take_block(slab);
}

void *peal_mem_slab_alloc(peal_mem_slabs *slabs, size_t size) {
  assert(size > 0 && size <= PEAL_MEM_SLAB_MAX);
  size_t index = (size - 1) / PEAL_MEM_SLAB_STEP;
  peal_mem_slab *slab = slabs->rooms[index];
  if (!slab)
    return take_first(slabs, (index + 1) * PEAL_MEM_SLAB_STEP);
  if (slab->left == 1)
    return take_last(slabs, slab);
  return take_block(slab);
}

/* A slab that was full or is empty now. */
static __attribute__((noinline, cold)) void settle(peal_mem_slabs *slabs,
                                                   peal_mem_slab *slab) {
  if (slab->left == 1)
    add_room(slabs, slab);
  if (slab->left == slab->total && !slab->kept)
    keep(slabs, slab);
}

void peal_mem_slab_release(peal_mem_slabs *slabs, void *ptr) {
  peal_mem_slab *slab = slab_of(ptr);
  free_block *block = ptr;
  block->next = slab->free;
  slab->free = block;
  slab->left++;
  if (slab->left == 1 || (slab->left == slab->total && !slab->kept))
    settle(slabs, slab);
}

size_t peal_mem_slab_bytes(const void *ptr) {
  return slab_of(ptr)->bytes;
}

/* -- life ------------------------------------------------------------------- */

void peal_mem_slab_init(peal_mem_slabs *slabs, const peal_mem *parent) {
  *slabs = (peal_mem_slabs){.parent = parent};
  peal_list_init(&slabs->roomy);
  peal_list_init(&slabs->full);
}

void peal_mem_slab_deinit(peal_mem_slabs *slabs) {
  peal_list_move(&slabs->roomy, &slabs->full);
  while (!peal_list_is_empty(&slabs->roomy))
    free_span(slabs, PEAL_LIST_OF(slabs->roomy.next, peal_mem_slab_span, link));
  peal_mem_slab_init(slabs, slabs->parent);
}
