/* SPDX-License-Identifier: MIT */
#include "net/worker.h"

#include <time.h>

#include "net/tally.h"

static _Thread_local peal_worker *self;

peal_worker *peal_worker_self(void) {
  return self;
}

void peal_worker_set_self(peal_worker *worker) {
  if (self)
    atomic_store_explicit(&self->has_runner, false, memory_order_relaxed);
  self = worker;
  if (self)
    atomic_store_explicit(&self->has_runner, true, memory_order_relaxed);
}

peal_workers *peal_worker_group(peal_worker *worker) {
  return worker ? worker->group : NULL;
}

unsigned peal_worker_index(const peal_worker *worker) {
  return worker ? worker->index : 0;
}

bool peal_worker_is_ending(const peal_worker *worker) {
  return worker->ending;
}

static _Thread_local const peal_worker_clock *thread_clock;

void peal_worker_set_clock(peal_worker *worker,
                           const peal_worker_clock *clock) {
  worker->clock = thread_clock = clock;
}

uint64_t peal_worker_clock_ms(void) {
  return thread_clock ? thread_clock->now_ms : uv_hrtime() / 1000000;
}

void peal_worker_ask(peal_worker *worker) {
  atomic_fetch_add_explicit(&worker->asked, 1, memory_order_relaxed);
}

void peal_worker_answered(peal_worker *worker) {
  atomic_fetch_sub_explicit(&worker->asked, 1, memory_order_relaxed);
}

int64_t peal_wall_ms(void) {
  if (thread_clock)
    return thread_clock->wall_ms;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void peal_worker_stats_get(peal_worker *worker, peal_worker_stats *out) {
  if (!out)
    return;
  *out = (peal_worker_stats){0};
  if (!worker)
    return;
  peal_worker_stats *stats = &worker->stats;
  *out = (peal_worker_stats){.turns = peal_tally_get(&stats->turns),
                             .posts = peal_tally_get(&stats->posts),
                             .tasks_running =
                                 peal_tally_get(&stats->tasks_running),
                             .connections = peal_tally_get(&stats->connections),
                             .bytes_in = peal_tally_get(&stats->bytes_in),
                             .bytes_out = peal_tally_get(&stats->bytes_out),
                             .lag_max_ms = peal_tally_take(&stats->lag_max_ms)};
}
