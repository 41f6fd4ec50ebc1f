/* SPDX-License-Identifier: MIT */
#pragma once
/* due: deadlines, the earliest first: a pairing heap whose nodes stand in what
 * they belong to, so that nothing is allocated and nothing can fail.
 *
 * Adding costs nothing, taking one out the logarithm of their number on
 * average. Of equal deadlines the one that was added first comes first. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0}: in no heap. */
typedef struct peal_due {
  struct peal_due *child;   /* the first of those that are not earlier */
  struct peal_due *sibling; /* the next one of the same parent */
  struct peal_due *before;  /* the sibling before, or the parent */
  uint64_t at_ms;
  uint32_t order; /* of adding */
  bool is_in;
} peal_due;

/* {0} is empty. */
typedef struct peal_due_heap {
  peal_due *first; /* the earliest; NULL: none */
  uint32_t order;  /* of the last one */
} peal_due_heap;

/* The node is in no heap. */
void peal_due_add(peal_due_heap *heap, peal_due *node, uint64_t at_ms);
/* Nothing if it is in none. */
void peal_due_remove(peal_due_heap *heap, peal_due *node);
/* Of the earliest; UINT64_MAX: there is none. */
uint64_t peal_due_first_ms(const peal_due_heap *heap);
/* Do the invariants hold? Returns the number of nodes, SIZE_MAX if not. */
size_t peal_due_check(const peal_due_heap *heap);
