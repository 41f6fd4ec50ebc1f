/* SPDX-License-Identifier: MIT */
#pragma once
/* torture: an allocator that fails its N-th call and knows what was not given
 * back; and a runner that lets every allocation of a step fail in turn. Like
 * libc it may be called with sizes the caller computed from input, so it
 * refuses what is above a gibibyte. */
#include <peal/base.h>

typedef struct torture {
  peal_mem mem;   /* hand out &torture.mem; the struct must not move */
  size_t fail_at; /* the call that fails, counted from 1; 0: none */
  size_t calls;   /* allocating calls so far */
  size_t live;    /* blocks not released */
  size_t bytes;   /* in them */
  size_t peak_bytes;
  bool failed; /* a call was made to fail */
} torture;

void torture_init(torture *torture, size_t fail_at);

/* What is tried. It releases all it allocates and returns PEAL_OK, or
 * PEAL_ERR_NOMEM if an allocation failed. */
typedef peal_err (*torture_fn)(const peal_mem *mem, void *user);

/* Run `step` with no failure, then with allocation 1, 2, … failing until all
 * had their turn. Prints and returns false if a run leaks, reports success
 * or another error than PEAL_ERR_NOMEM in spite of the failure; with
 * `benign` success is allowed (what is only an optimisation may fail).
 * *count, if not NULL, is how many allocations the step makes. */
bool torture_run(torture_fn step, void *user, bool benign, size_t *count);
