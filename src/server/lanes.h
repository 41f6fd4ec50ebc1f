/* SPDX-License-Identifier: MIT */
#pragma once
/* lanes: operations in one order for all workers: each has a lane beside its
 * mailbox, and what goes to several is put into all of them under one lock.
 *
 *   lock: number 7, into the lanes of workers 0, 1, 2 :unlock
 *                        worker 0 | 5 6 7
 *                        worker 1 |     7
 *                        worker 2 |   6 7
 *
 * A worker that hands something in runs its own lane up to that: so what it
 * emits is delivered inside the call, and behind all that has a lower number.
 * The others are woken. Used by servers with recovery alone. */
#include "net/worker_impl.h"

typedef struct peal_lane {
  peal_worker *worker;
  peal_mail *first, *last; /* under the lock */
  uint64_t put;            /* in all; under the lock */
  uint64_t ran;            /* its worker's */
  uint64_t until;          /* to be run by who runs; its worker's */
  bool is_running;         /* somebody is on the stack; its worker's */
  bool is_woken;           /* `wake` is on its way; under the lock */
  bool wants_wake;         /* between _put and _end; under the lock */
  atomic_bool is_filled;   /* a look without the lock */
  struct peal_lanes *lanes;
  peal_mail wake;
  char apart[PEAL_CACHE_LINE_BYTES];
} peal_lane;

typedef struct peal_lanes {
  uv_mutex_t lock;
  unsigned count;
  const peal_mem *mem;
  peal_lane *items; /* one for each worker */
} peal_lanes;

/* Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_lanes_init(peal_lanes *lanes,
                                         peal_workers *workers,
                                         const peal_mem *mem);
void peal_lanes_deinit(peal_lanes *lanes);
/* Lock; nobody is called until _end. Thread: any. */
void peal_lanes_begin(peal_lanes *lanes);
/* Into the lane of this worker; its fn runs there, exactly once. */
void peal_lanes_put(peal_lanes *lanes, unsigned worker, peal_mail *mail);
/* Unlock, and wake whose lanes were filled. `self` (the calling worker, or
 * NULL) runs its own lane up to what is in it now; if it does so already,
 * further down the stack, it goes on to there. */
void peal_lanes_end(peal_lanes *lanes, const peal_worker *self);
/* Run what is in the lane of the calling worker. */
void peal_lanes_catch_up(peal_lanes *lanes, const peal_worker *self);
/* Is the lane of the calling worker being run? */
bool peal_lanes_are_running(const peal_lanes *lanes, const peal_worker *self);
