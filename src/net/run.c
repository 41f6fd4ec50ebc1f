/* SPDX-License-Identifier: MIT */
#include "net/run.h"

#include "net/hooks.h"
#include "net/signals.h"
#include "net/stop.h"
#include "net/turn.h"

static const peal_slice none = {NULL, 0};

/* -- one worker ------------------------------------------------------------ */

static void close_handles(peal_worker *worker) {
  if (worker->index == 0)
    peal_signals_close(worker->group);
  uv_close((uv_handle_t *)&worker->async, NULL);
  worker->loop_open = false;
}

/* The mailbox is closed: what is still in the loop ends. */
static void finish_loop(peal_worker *worker) {
  close_handles(worker);
  while (uv_loop_alive(&worker->loop))
    peal_turn_run(worker);
  peal_poller_close(worker->poller);
  peal_lag_deinit(&worker->lag);
  int failed = uv_loop_close(&worker->loop);
  if (failed)
    peal_logger_write(worker->log, PEAL_LOG_ERROR, "worker", none, none,
                      "the loop of worker %u did not end: %s", worker->index,
                      uv_strerror(failed));
  uv_mutex_unlock(&worker->group->late_lock); /* since the mailbox closed */
}

static void run_worker(peal_worker *worker) {
  peal_worker_set_self(worker);
  peal_lag_init(&worker->lag, peal_worker_wake(worker));
  peal_hooks_run(worker, &worker->group->on_start);
  while (worker->phase != PEAL_WORKER_CLOSED) {
    peal_turn_run(worker);
    peal_stop_settle(worker);
  }
  finish_loop(worker);
  peal_worker_set_self(NULL);
}

static void end_alone(peal_worker *worker) {
  if (!worker->loop_open)
    return;
  peal_worker_set_self(worker);
  peal_stop_end_alone(worker);
  while (!peal_stop_is_empty(worker))
    peal_turn_run(worker);
  peal_stop_close_alone(worker);
  finish_loop(worker);
  peal_worker_set_self(NULL);
}

void peal_run_end(peal_workers *group) {
  atomic_store(&group->end_sent, true);
  atomic_store(&group->close_sent, true);
  for (unsigned i = 0; i < group->count; i++)
    end_alone(group->items[i]);
}

/* -- the group ------------------------------------------------------------- */

static void on_thread(void *user) {
  run_worker(user);
}

/* Threads for the others. Those that cannot be started are counted as ended,
 * so that the rest can end together. */
static bool start_threads(peal_workers *group) {
  for (unsigned i = 1; i < group->count; i++) {
    peal_worker *worker = group->items[i];
    if (uv_thread_create(&worker->thread, on_thread, worker) == 0) {
      worker->has_thread = true;
      continue;
    }
    peal_logger_write(group->log, PEAL_LOG_ERROR, "worker", none, none,
                      "thread %u of %u could not be started", i, group->count);
    atomic_fetch_sub(&group->busy, group->count - i);
    atomic_fetch_sub(&group->unquiet, group->count - i);
    peal_workers_stop(group, 0);
    return false;
  }
  return true;
}

static bool watch_signals(peal_workers *group) {
  if (!group->on_signals || peal_signals_open(group))
    return true;
  peal_logger_write(group->log, PEAL_LOG_ERROR, "worker", none, none,
                    "signals could not be watched");
  peal_workers_stop(group, 0);
  return false;
}

bool peal_run_has_begun(const peal_workers *group) {
  return atomic_load(&group->running);
}

int peal_workers_run(peal_workers *group) {
  if (!group || atomic_load(&group->ended) ||
      atomic_exchange(&group->running, true))
    return 1;
  peal_logger_start(group->log);
  bool ok = watch_signals(group);
  ok = start_threads(group) && ok;
  run_worker(group->items[0]);
  for (unsigned i = 1; i < group->count; i++)
    if (group->items[i]->has_thread)
      uv_thread_join(&group->items[i]->thread);
  atomic_store(&group->ended, true);
  peal_logger_stop(group->log);
  return ok ? 0 : 1;
}
