/* SPDX-License-Identifier: MIT */
#include "net/turn.h"

#include <limits.h>

#include "net/group.h"
#include "net/tally.h"

/* What is done at the end may ask for more; what is left after so many rounds
 * waits for the next turn, behind what has come meanwhile. */
#define END_ROUNDS 8

/* -- the end --------------------------------------------------------------- */

void peal_turn_flush_later(peal_worker *worker, peal_flush *flush) {
  if (!peal_list_is_linked(&flush->node))
    peal_list_push(&worker->flushes, &flush->node);
}

void peal_turn_end_later(peal_worker *worker, peal_polled *item) {
  item->next = NULL;
  *worker->after = item;
  worker->after = &item->next;
}

static bool has_end_work(const peal_worker *worker) {
  return !peal_list_is_empty(&worker->flushes) || worker->first;
}

static void run_flushes(peal_worker *worker) {
  peal_list now;
  peal_list_init(&now);
  peal_list_move(&now, &worker->flushes);
  for (;;) {
    peal_list *node = peal_list_shift(&now);
    if (!node)
      break;
    __builtin_prefetch(now.next->next); /* the one behind the next */
    peal_flush *flush = PEAL_LIST_OF(node, peal_flush, node);
    flush->fn(flush);
  }
}

static void run_items(peal_worker *worker) {
  peal_polled *item = worker->first;
  worker->first = NULL;
  worker->after = &worker->first;
  while (item) {
    peal_polled *next = item->next; /* the item may end here */
    if (next)
      __builtin_prefetch(next->next);
    item->kind->on_turn_end(item);
    item = next;
  }
}

void peal_turn_end(peal_worker *worker) {
  for (int round = 0; round < END_ROUNDS && has_end_work(worker); round++) {
    run_flushes(worker);
    run_items(worker);
  }
  peal_arena_reset(&worker->turn);
}

/* -- the turn -------------------------------------------------------------- */

int peal_turn_idle_ms(const peal_worker *worker) {
  if (has_end_work(worker))
    return 0;
  int timeout_ms = uv_backend_timeout(&worker->loop);
  uint64_t next_ms = peal_wheel_next(&worker->wheel);
  if (next_ms == UINT64_MAX)
    return timeout_ms;
  uint64_t delay_ms = next_ms > worker->now_ms ? next_ms - worker->now_ms : 0;
  if (delay_ms > INT_MAX)
    delay_ms = INT_MAX;
  return timeout_ms >= 0 && (uint64_t)timeout_ms < delay_ms ? timeout_ms
                                                            : (int)delay_ms;
}

static void measure_lag(peal_worker *worker, uint64_t spent_ms) {
  const peal_slice none = {NULL, 0};
  peal_tally_raise(&worker->stats.lag_max_ms, spent_ms);
  peal_tally_raise(&worker->shown_lag_ms, spent_ms);
  uint32_t warn_ms = worker->group->lag_warn_ms;
  if (warn_ms == UINT32_MAX)
    return;
  uint64_t own_ms =
      peal_lag_blame(&worker->lag, spent_ms, warn_ms, worker->now_ms);
  if (own_ms)
    peal_logger_write(worker->log, PEAL_LOG_WARN, "worker", none, none,
                      "callbacks kept worker %u busy for %llu ms: what blocks "
                      "belongs into a task",
                      worker->index, (unsigned long long)own_ms);
}

static int at_most(int idle_ms, int max_ms) {
  return max_ms >= 0 && (idle_ms < 0 || idle_ms > max_ms) ? max_ms : idle_ms;
}

void peal_turn_run(peal_worker *worker, int max_ms) {
  peal_poller_wait(worker->poller, at_most(peal_turn_idle_ms(worker), max_ms));
  uint64_t woken_ms = peal_worker_wake(worker);
  worker->loop_ready = false;
  peal_poller_tell(worker->poller);
  if (peal_wheel_next(&worker->wheel) <= woken_ms)
    peal_wheel_advance(&worker->wheel, woken_ms);
  /* 0: its own timers, or handles to be watched or closed. */
  if (worker->loop_ready || uv_backend_timeout(&worker->loop) == 0)
    uv_run(&worker->loop, UV_RUN_NOWAIT);
  peal_turn_end(worker);
  peal_tally_add(&worker->stats.turns, 1);
  /* The next wait counts from the end of this turn. */
  measure_lag(worker, peal_worker_wake(worker) - woken_ms);
}
