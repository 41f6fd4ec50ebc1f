/* SPDX-License-Identifier: MIT */
#pragma once
/* emitter_impl: what an emitter is.
 *
 *   any thread: op -> emitter_encode -> job -> queue
 *   its thread: queue -> emitter_send -> cluster/redis -> answer: settled */
#include <pthread.h>
#include <uv.h>

#include <peal/emitter.h>
#include <peal/worker.h>

#include "base/arena.h"
#include "cluster/emitter_job.h"
#include "cluster/redis.h"

/* Lock: what stands between the lines belongs to whoever holds it. */
struct peal_emitter {
  peal_emitter_opts opts; /* its strings lie in `strings` */
  peal_arena strings;
  peal_workers *workers;
  peal_worker *worker;
  pthread_t thread;
  char host[33]; /* PYTHON: who says it, terminated; those of Node are all
                    called the same */

  uv_mutex_t lock;
  uv_cond_t settled; /* for flush, and for who waits for `begun` */
  /* ---- */
  peal_emitter_job *first, *last; /* not handed to redis yet */
  uint64_t taken, done;           /* jobs, ever */
  size_t waiting_bytes;           /* of those taken and not done */
  bool is_posted;                 /* emitter_send will look */
  bool is_away;                   /* no_wait: refuse */
  bool has_begun;                 /* redis has been made, or not: `begin_err` */
  peal_err begin_err;
  peal_err failed; /* the first failure since the last flush */
  uint64_t sent, failed_count, unheard;
  /* ---- */

  /* The worker's. */
  peal_redis *redis;
  peal_timer *watch; /* looks whether Redis can be reached at all */
  unsigned in_flight;
  bool is_told; /* that it cannot */
  char first_words[PEAL_REDIS_TEXT];
  bool is_over;             /* nothing is told any more */
  bool is_freed_inside;     /* its thread frees it */
  peal_emitter_problem why; /* of begin_err */
};
