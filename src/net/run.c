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
    peal_turn_run(worker, -1);
  peal_lag_deinit(&worker->lag);
  int failed = uv_loop_close(&worker->loop);
  if (failed)
    peal_logger_write(worker->log, PEAL_LOG_ERROR, "worker", none, none,
                      "the loop of worker %u did not end: %s", worker->index,
                      uv_strerror(failed));
  // whoever has the lock from now on is this worker for as long
  atomic_store_explicit(&worker->has_runner, false, memory_order_relaxed);
  uv_mutex_unlock(&worker->group->late_lock); /* since the mailbox closed */
}

/* Behind its loop: a program that watches worker 0's descriptor sees it closed
 * by a call of its own, and never by a turn. */
static void close_poller(peal_worker *worker) {
  peal_poller_close(worker->poller);
  worker->poller = NULL;
}

static void begin_worker(peal_worker *worker) {
  peal_lag_init(&worker->lag, peal_worker_wake(worker));
  peal_hooks_run(worker, &worker->group->on_start);
}

/* False: it was the last one. */
static bool run_turn(peal_worker *worker, int max_ms) {
  peal_turn_run(worker, max_ms);
  peal_stop_settle(worker);
  if (worker->phase != PEAL_WORKER_CLOSED)
    return true;
  finish_loop(worker);
  return false;
}

static void end_alone(peal_worker *worker) {
  if (!worker->loop_open)
    return;
  peal_worker_set_self(worker);
  peal_stop_end_alone(worker);
  while (!peal_stop_is_empty(worker))
    peal_turn_run(worker, -1);
  peal_stop_close_alone(worker);
  finish_loop(worker);
  close_poller(worker);
  peal_worker_set_self(NULL);
}

/* -- the others' threads --------------------------------------------------- */

static void on_thread(void *user) {
  peal_worker *worker = user;
  peal_worker_set_self(worker);
  begin_worker(worker);
  while (run_turn(worker, -1))
    continue;
  close_poller(worker);
  peal_worker_set_self(NULL);
}

/* Those that cannot be started are counted as ended, so that the rest can end
 * together. */
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

/* -- worker 0 on the calling thread ---------------------------------------- */

bool peal_run_has_begun(const peal_workers *group) {
  return atomic_load(&group->running);
}

bool peal_run_take(peal_workers *group) {
  return !atomic_load(&group->ended) && !atomic_exchange(&group->running, true);
}

/* The thread may be another group's worker at the moment. */
static peal_worker *enter(peal_workers *group) {
  peal_worker *outer = peal_worker_self();
  group->in_turn = true;
  peal_worker_set_self(group->items[0]);
  return outer;
}

/* Between two turns nobody is worker 0, and so nobody may act as it. */
static void leave(peal_workers *group, peal_worker *outer) {
  peal_worker_set_self(outer);
  atomic_store_explicit(&group->items[0]->has_runner, !group->over,
                        memory_order_relaxed);
  group->in_turn = false;
}

void peal_run_open(peal_workers *group) {
  peal_worker *outer = enter(group);
  peal_logger_start(group->log);
  bool ok = watch_signals(group);
  ok = start_threads(group) && ok;
  group->failed = !ok;
  begin_worker(group->items[0]);
  leave(group, outer);
}

bool peal_run_turn(peal_workers *group, int max_ms) {
  if (group->over)
    return false;
  peal_worker *outer = enter(group);
  group->over = !run_turn(group->items[0], max_ms);
  leave(group, outer);
  return !group->over;
}

int peal_run_close(peal_workers *group) {
  if (!group->over)
    peal_workers_stop(group, 0);
  while (peal_run_turn(group, -1))
    continue;
  for (unsigned i = 1; i < group->count; i++)
    if (group->items[i]->has_thread)
      uv_thread_join(&group->items[i]->thread);
  close_poller(group->items[0]);
  atomic_store(&group->ended, true);
  peal_logger_stop(group->log);
  return group->failed ? 1 : 0;
}

int peal_run_leave(peal_workers *group, int code) {
  if (group->on_ended)
    group->on_ended(group->on_ended_user);
  return code;
}

int peal_workers_run(peal_workers *group) {
  if (!group || !peal_run_take(group))
    return 1;
  peal_run_open(group);
  peal_worker *outer = enter(group);
  while (run_turn(group->items[0], -1))
    continue;
  group->over = true;
  leave(group, outer);
  return peal_run_leave(group, peal_run_close(group));
}

/* -- the end of what was not run ------------------------------------------- */

void peal_run_end(peal_workers *group) {
  if (atomic_load(&group->running)) {
    /* Its last turn has been made, or it was left in the middle. */
    if (!atomic_load(&group->ended))
      (void)peal_run_close(group);
    return;
  }
  atomic_store(&group->end_sent, true);
  atomic_store(&group->close_sent, true);
  for (unsigned i = 0; i < group->count; i++)
    end_alone(group->items[i]);
}
