/* SPDX-License-Identifier: MIT */
#pragma once
/* group: what all workers of a program share; see net/workers for its life. */
#include <stdatomic.h>

#include "net/worker.h"

typedef struct peal_group_hooks {
  struct peal_group_hook {
    peal_post_fn fn;
    void *user;
    const peal_worker *only; /* on this one; NULL: on all */
    uint64_t number;         /* in the order of their adding; from 1 */
  } * items;

  size_t count;
  uint64_t last_number;
} peal_group_hooks;

struct peal_workers {
  peal_worker **items;
  unsigned count;
  const peal_mem *mem;
  peal_logger *log;
  uint32_t lag_warn_ms; /* UINT32_MAX: never */
  peal_poller_kind poller;
  uv_mutex_t lock;      /* hooks */
  uv_mutex_t late_lock; /* mail to a worker that has ended; recursive */
  peal_group_hooks on_start, on_stop, on_end, on_hangup;
  atomic_bool running, ended;
  atomic_uint stops; /* calls of peal_workers_stop */
  atomic_uint grace_ms;
  atomic_uint busy;    /* workers that are not idle */
  atomic_uint unquiet; /* workers that are not quiet */
  atomic_bool end_sent, close_sent;
  bool on_signals;
  uint32_t signal_grace_ms;
  uv_signal_t signals[3]; /* on worker 0 */
  bool signals_open;
  /* Worker 0's turns (net/run, net/step): of its own thread alone. */
  uv_thread_t stepper;      /* who may step */
  bool by_steps;            /* peal_workers_begin, not peal_workers_run */
  bool in_turn;             /* one is on the stack */
  bool over;                /* there are no more */
  bool failed;              /* threads or signals could not be had */
  struct peal_guest *guest; /* of another libuv loop; NULL: none */
  /* Called behind the run, as its last thing: it may free the group. For an
   * owner that has ended inside of one of its turns. NULL: nobody. */
  void (*on_ended)(void *user);
  void *on_ended_user;
};
