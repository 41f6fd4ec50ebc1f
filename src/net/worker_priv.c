/* SPDX-License-Identifier: MIT */
#include "net/worker_priv.h"

#include <limits.h>

#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "net/pages.h"
#include "net/stream.h"

/* What a worker keeps of released memory, in bytes. */
#define CACHE_BYTES (16u << 20)

bool peal_worker_priv_put(peal_worker *worker, peal_mail *mail) {
  struct peal_worker_private *priv = worker->priv;
  atomic_fetch_add(&priv->senders, 1);
  peal_mailbox_result result = peal_mailbox_put(&priv->mailbox, mail);
  if (result == PEAL_MAILBOX_PUT_FIRST)
    uv_async_send(&priv->async);
  atomic_fetch_sub(&priv->senders, 1);
  return result != PEAL_MAILBOX_CLOSED;
}

static void run_mails(peal_worker *worker, peal_mail *mail) {
  while (mail) {
    peal_mail *next = mail->next;
    mail->next = NULL;
    mail->fn(worker, mail);
    mail = next;
  }
}

static void on_async(uv_async_t *async) {
  peal_worker *worker = async->data;
  peal_worker_priv_wake(worker);
  run_mails(worker, peal_mailbox_take(&worker->priv->mailbox));
}

static void measure_lag(peal_worker *worker, uint64_t woken_ms) {
  uint64_t spent = uv_hrtime() / 1000000 - woken_ms;
  if (spent > peal_worker_impl_figure(&worker->stats.lag_max_ms))
    __atomic_store_n(&worker->stats.lag_max_ms, spent, __ATOMIC_RELAXED);
  if (spent < worker->group->lag_warn_ms)
    return;
  struct peal_worker_private *priv = worker->priv;
  uint64_t now_ms = uv_now(&worker->loop);
  if (worker->group->lag_warn_ms == UINT32_MAX ||
      (priv->lag_log_ms && now_ms - priv->lag_log_ms < 1000))
    return;
  priv->lag_log_ms = now_ms;
  const peal_slice none = {NULL, 0};
  peal_logger_write(worker->log, PEAL_LOG_WARN, "worker", none, none,
                    "callbacks kept worker %u busy for %llu ms: what blocks "
                    "belongs into a task",
                    worker->index, (unsigned long long)spent);
}

/* Is there a reason to wait? */
static bool is_empty(const peal_worker *worker) {
  return peal_list_is_empty(&worker->conns) &&
         peal_list_is_empty(&worker->priv->tasks);
}

/* Tell the group what it waits for: see worker_priv.h. */
static void tell_group(peal_worker *worker) {
  struct peal_worker_private *priv = worker->priv;
  peal_workers *group = worker->group;
  bool empty = is_empty(worker);
  if (priv->phase == PEAL_WORKER_STOPPING && empty != priv->idle) {
    priv->idle = empty;
    if (!empty)
      atomic_fetch_add(&group->busy, 1);
    else if (atomic_fetch_sub(&group->busy, 1) == 1)
      peal_workers_end(group);
  }
  if (priv->phase == PEAL_WORKER_ENDING && empty && !priv->quiet) {
    priv->quiet = true;
    if (atomic_fetch_sub(&group->unquiet, 1) == 1)
      peal_workers_close(group);
  }
}

/* -- turns ---------------------------------------------------------------- */

static void on_wake(void *user) {
  peal_worker *worker = user;
  uv_update_time(&worker->loop);
  peal_worker_priv_wake(worker);
}

/* How long there is nothing to do, in the form of epoll_wait. */
static int idle_ms(const peal_worker *worker) {
  if (!peal_list_is_empty(&worker->flushes))
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

/* Wait, tell what has come, write what that produced. */
static void run_turn(peal_worker *worker) {
  bool loop_ready = peal_poller_wait(worker->poller, idle_ms(worker), on_wake,
                                     worker, peal_stream_ready);
  uint64_t woken_ms = worker->now_ms;
  if (peal_wheel_next(&worker->wheel) <= woken_ms)
    peal_wheel_advance(&worker->wheel, woken_ms);
  /* 0: its own timers, or handles to be watched or closed. */
  if (loop_ready || uv_backend_timeout(&worker->loop) == 0)
    uv_run(&worker->loop, UV_RUN_NOWAIT);
  peal_worker_impl_end_turn(worker);
  peal_worker_impl_count(&worker->stats.turns, 1);
  measure_lag(worker, woken_ms);
  if (worker->priv->phase != PEAL_WORKER_RUNNING)
    tell_group(worker);
}

/* -- the end -------------------------------------------------------------- */

static void run_stop_hooks(peal_worker *worker) {
  if (worker->priv->hooks_stopped)
    return;
  worker->priv->hooks_stopped = true;
  peal_workers_run_hooks(worker, &worker->group->on_stop);
}

static void on_grace_over(peal_wheel_timer *timer, uint64_t now_ms) {
  struct peal_worker_private *priv =
      PEAL_LIST_OF(timer, struct peal_worker_private, grace);
  (void)now_ms;
  peal_worker *worker = priv->async.data;
  peal_workers_end(worker->group);
}

static void on_stop_mail(peal_worker *worker, peal_mail *mail) {
  struct peal_worker_private *priv = worker->priv;
  (void)mail;
  if (priv->phase != PEAL_WORKER_RUNNING)
    return;
  priv->phase = PEAL_WORKER_STOPPING;
  run_stop_hooks(worker);
  if (worker->index == 0)
    peal_wheel_set(&worker->wheel, &priv->grace,
                   worker->now_ms + atomic_load(&worker->group->grace_ms));
}

static void on_end_mail(peal_worker *worker, peal_mail *mail) {
  struct peal_worker_private *priv = worker->priv;
  (void)mail;
  if (priv->phase >= PEAL_WORKER_ENDING)
    return;
  run_stop_hooks(worker);
  priv->phase = PEAL_WORKER_ENDING;
  worker->ending = true;
  peal_wheel_stop(&worker->wheel, &priv->grace);
  peal_stream_close_all(worker, PEAL_ERR_CANCELLED);
  peal_task_cancel_all(worker);
}

/* From here to the end of the loop nobody else may act for this worker: those
 * who find the box closed do so under the same lock. */
static void close_mailbox(peal_worker *worker) {
  struct peal_worker_private *priv = worker->priv;
  uv_mutex_lock(&worker->group->late_lock);
  peal_mail *rest = peal_mailbox_close(&priv->mailbox);
  while (atomic_load(&priv->senders) > 0)
    uv_sleep(0);
  run_mails(worker, rest);
  peal_worker_impl_end_turn(worker);
}

static void close_handles(peal_worker *worker) {
  struct peal_worker_private *priv = worker->priv;
  peal_workers_close_signals(worker);
  uv_close((uv_handle_t *)&priv->async, NULL);
  priv->loop_open = false;
}

static void on_close_mail(peal_worker *worker, peal_mail *mail) {
  struct peal_worker_private *priv = worker->priv;
  (void)mail;
  if (priv->phase == PEAL_WORKER_CLOSED)
    return;
  priv->phase = PEAL_WORKER_CLOSED;
  worker->ending = true;
  close_mailbox(worker);
  close_handles(worker);
}

/* -- life ----------------------------------------------------------------- */

static void finish_loop(peal_worker *worker) {
  while (uv_loop_alive(&worker->loop))
    run_turn(worker);
  close(worker->poller);
  int failed = uv_loop_close(&worker->loop);
  const peal_slice none = {NULL, 0};
  if (failed)
    peal_logger_write(worker->log, PEAL_LOG_ERROR, "worker", none, none,
                      "the loop of worker %u did not end: %s", worker->index,
                      uv_strerror(failed));
  uv_mutex_unlock(&worker->group->late_lock); /* since close_mailbox */
}

void peal_worker_priv_run(peal_worker *worker) {
  peal_worker_set_self(worker);
  uv_update_time(&worker->loop);
  peal_worker_priv_wake(worker);
  peal_workers_run_hooks(worker, &worker->group->on_start);
  finish_loop(worker);
  peal_worker_set_self(NULL);
}

static bool open_handles(peal_worker *worker) {
  struct peal_worker_private *priv = worker->priv;
  if (uv_loop_init(&worker->loop))
    return false;
  worker->poller = peal_poller_open(&worker->loop);
  if (worker->poller < 0) {
    uv_loop_close(&worker->loop);
    return false;
  }
  if (uv_async_init(&worker->loop, &priv->async, on_async)) {
    close(worker->poller);
    uv_loop_close(&worker->loop);
    return false;
  }
  priv->async.data = worker;
  worker->loop.data = worker;
  priv->loop_open = true;
  return true;
}

static void release(peal_worker *worker) {
  const peal_mem *mem = worker->group->mem;
  peal_arena_deinit(&worker->turn);
  peal_mem_cache_deinit(&worker->cache);
  peal_mem_free(mem, worker->read_buf);
  peal_mem_free(mem, worker->scratch);
  peal_mem_free(mem, worker->priv);
  peal_mem_free(mem, worker);
}

peal_worker *peal_worker_priv_new(peal_workers *group, unsigned index) {
  const peal_mem *mem = group->mem;
  peal_worker *worker = peal_mem_zalloc(mem, sizeof(*worker));
  if (!worker)
    return NULL;
  worker->group = group;
  worker->index = index;
  worker->log = group->log;
  peal_mem_cache_init(&worker->cache, mem, CACHE_BYTES);
  if (mem == peal_mem_libc())
    peal_mem_cache_set_pages(&worker->cache, peal_pages());
  worker->mem = &worker->cache.mem;
  peal_arena_init(&worker->turn, mem, 0, 0);
  peal_list_init(&worker->flushes);
  peal_list_init(&worker->conns);
  worker->read_buf = peal_mem_alloc(mem, PEAL_LIMIT_READ_BYTES);
  worker->scratch = peal_mem_alloc(mem, PEAL_LIMIT_SCRATCH_BYTES);
  struct peal_worker_private *priv = peal_mem_zalloc(mem, sizeof(*priv));
  worker->priv = priv;
  if (!worker->read_buf || !worker->scratch || !priv) {
    release(worker);
    return NULL;
  }
  peal_mailbox_init(&priv->mailbox);
  peal_list_init(&priv->tasks);
  peal_wheel_timer_init(&priv->grace, on_grace_over);
  priv->stop_mail.fn = on_stop_mail;
  priv->end_mail.fn = on_end_mail;
  priv->close_mail.fn = on_close_mail;
  if (!open_handles(worker)) {
    release(worker);
    return NULL;
  }
  peal_worker_priv_wake(worker);
  peal_wheel_init(&worker->wheel, worker->now_ms);
  return worker;
}

void peal_worker_priv_end(peal_worker *worker) {
  if (!worker->priv->loop_open)
    return;
  peal_worker_set_self(worker);
  on_end_mail(worker, NULL);
  while (!is_empty(worker))
    run_turn(worker);
  on_close_mail(worker, NULL);
  finish_loop(worker);
  peal_worker_set_self(NULL);
}

void peal_worker_priv_free(peal_worker *worker) {
  if (worker)
    release(worker);
}
