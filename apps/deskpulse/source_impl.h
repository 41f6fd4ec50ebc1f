/* SPDX-License-Identifier: MIT */
#pragma once
/* source_impl: what the two halves of a source share: source.c (the worker's)
 * and source_thread.c (its own thread's). */
#include <stdatomic.h>

#include <pthread.h>

#include "source_driver.h"
#include "source_watch.h"
#include "tracker.h"

/* What waits for the worker; under the lock. */
typedef struct source_slot {
  bool full; /* `frame` is there, with a reference to its JPEG */
  source_frame frame;
  bool told; /* no status waits */
  source_state state;
  char reason[SOURCE_REASON];
  uint32_t retry_ms;
  bool posted; /* the worker has been asked to look */
} source_slot;

struct source {
  source_opts opts; /* with defaults; texts are the driver's */
  source_eyes eyes;
  pthread_t thread;
  int wake;              /* an eventfd */
  _Atomic unsigned refs; /* the owner, each post, each callback on the stack */

  pthread_mutex_t lock;
  source_slot slot;
  bool stop, paused;
  uint64_t epoch; /* of pauses: frames of an earlier one are not told */

  bool freed; /* of the worker */
  _Atomic bool forget;
  _Atomic uint64_t captured, told, replaced, broken, opened, look_us;

  /* Of the thread. */
  source_watch watch;
  tracker *eyesight;
  bool is_open;
  uint64_t seq, due_ms;
};

/* The thread's function. */
void *source_thread_run(void *source);
/* What is in the slot, on the worker. */
void source_deliver(peal_worker *worker, void *source);
void source_unref(source *s);
