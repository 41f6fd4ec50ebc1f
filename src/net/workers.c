/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>

#include <peal/worker.h>

#include "base/limits.h"
#include "base/mem.h"
#include "net/worker_priv.h"

#define LAG_WARN_MS 100u

static const peal_slice none = {NULL, 0};

/* -- life ----------------------------------------------------------------- */

static unsigned count_of(const peal_workers_opts *opts) {
  unsigned count = opts->count ? opts->count : 1;
  if (count == PEAL_WORKERS_AUTO)
    count = uv_available_parallelism();
  return count > PEAL_LIMIT_WORKERS ? PEAL_LIMIT_WORKERS : count;
}

static bool init_locks(peal_workers *group) {
  if (uv_mutex_init(&group->lock))
    return false;
  if (uv_mutex_init_recursive(&group->late_lock)) {
    uv_mutex_destroy(&group->lock);
    return false;
  }
  return true;
}

static bool make_workers(peal_workers *group, unsigned count) {
  group->items = peal_mem_zalloc(group->mem, count * sizeof(group->items[0]));
  if (!group->items)
    return false;
  for (; group->count < count; group->count++) {
    peal_worker *worker = peal_worker_priv_new(group, group->count);
    if (!worker)
      return false;
    group->items[group->count] = worker;
  }
  atomic_init(&group->busy, count);
  atomic_init(&group->unquiet, count);
  return true;
}

peal_workers *peal_workers_new(const peal_workers_opts *opts) {
  static const peal_workers_opts defaults;
  if (!opts)
    opts = &defaults;
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_workers *group = peal_mem_zalloc(mem, sizeof(*group));
  if (!group)
    return NULL;
  group->mem = mem;
  group->lag_warn_ms = opts->lag_warn_ms ? opts->lag_warn_ms : LAG_WARN_MS;
  if (!init_locks(group)) {
    peal_mem_free(mem, group);
    return NULL;
  }
  group->log = peal_logger_new(&opts->log);
  if (!group->log || !make_workers(group, count_of(opts))) {
    peal_workers_free(group);
    return NULL;
  }
  return group;
}

void peal_workers_free(peal_workers *group) {
  if (!group)
    return;
  /* Workers that never ran end one after the other, by themselves. */
  atomic_store(&group->end_sent, true);
  atomic_store(&group->close_sent, true);
  for (unsigned i = 0; i < group->count; i++)
    peal_worker_priv_end(group->items[i]);
  for (unsigned i = 0; i < group->count; i++)
    peal_worker_priv_free(group->items[i]);
  peal_mem_free(group->mem, group->items);
  peal_mem_free(group->mem, group->on_start.items);
  peal_mem_free(group->mem, group->on_stop.items);
  peal_logger_free(group->log);
  uv_mutex_destroy(&group->late_lock);
  uv_mutex_destroy(&group->lock);
  peal_mem_free(group->mem, group);
}

unsigned peal_workers_count(const peal_workers *group) {
  return group->count;
}

peal_worker *peal_workers_get(peal_workers *group, unsigned index) {
  return index < group->count ? group->items[index] : NULL;
}

/* -- hooks ---------------------------------------------------------------- */

static peal_err add_hook(peal_workers *group, peal_worker_hooks *hooks,
                         peal_post_fn fn, void *user) {
  uv_mutex_lock(&group->lock);
  size_t size = (hooks->count + 1) * sizeof(hooks->items[0]);
  struct peal_worker_hook *items =
      peal_mem_resize(group->mem, hooks->items, size);
  if (items) {
    items[hooks->count] = (struct peal_worker_hook){fn, user};
    hooks->items = items;
    hooks->count++;
  }
  uv_mutex_unlock(&group->lock);
  return items ? PEAL_OK : PEAL_ERR_NOMEM;
}

void peal_workers_run_hooks(peal_worker *worker, peal_worker_hooks *hooks) {
  peal_workers *group = worker->group;
  for (size_t i = 0;; i++) {
    struct peal_worker_hook hook = {NULL, NULL};
    uv_mutex_lock(&group->lock);
    if (i < hooks->count)
      hook = hooks->items[i];
    uv_mutex_unlock(&group->lock);
    if (!hook.fn)
      return;
    hook.fn(worker, hook.user);
  }
}

peal_err peal_workers_on_start(peal_workers *group, peal_post_fn fn,
                               void *user) {
  if (!group || !fn)
    return PEAL_ERR_USAGE;
  if (!atomic_load(&group->running))
    return add_hook(group, &group->on_start, fn, user);
  for (unsigned i = 0; i < group->count; i++) {
    peal_err err = peal_worker_post(group->items[i], fn, user);
    if (err)
      return err;
  }
  return PEAL_OK;
}

peal_err peal_workers_on_stop(peal_workers *group, peal_post_fn fn,
                              void *user) {
  if (!group || !fn)
    return PEAL_ERR_USAGE;
  return add_hook(group, &group->on_stop, fn, user);
}

/* -- the end -------------------------------------------------------------- */

void peal_workers_end(peal_workers *group) {
  if (atomic_exchange(&group->end_sent, true))
    return;
  for (unsigned i = 0; i < group->count; i++)
    peal_worker_impl_send(group->items[i], &group->items[i]->priv->end_mail);
}

void peal_workers_close(peal_workers *group) {
  if (atomic_exchange(&group->close_sent, true))
    return;
  for (unsigned i = 0; i < group->count; i++)
    peal_worker_impl_send(group->items[i], &group->items[i]->priv->close_mail);
}

void peal_workers_stop(peal_workers *group, uint32_t grace_ms) {
  if (!group)
    return;
  if (atomic_fetch_add(&group->stops, 1) > 0) {
    peal_workers_end(group);
    return;
  }
  atomic_store(&group->grace_ms, grace_ms);
  for (unsigned i = 0; i < group->count; i++)
    peal_worker_impl_send(group->items[i], &group->items[i]->priv->stop_mail);
  if (grace_ms == 0)
    peal_workers_end(group);
}

/* -- signals -------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number) {
  peal_workers *group = handle->data;
  peal_logger_write(group->log, PEAL_LOG_INFO, "worker", none, none,
                    "%s: stopping%s", number == SIGTERM ? "SIGTERM" : "SIGINT",
                    atomic_load(&group->stops) ? " at once" : "");
  peal_workers_stop(group, group->signal_grace_ms);
}

void peal_workers_stop_on_signals(peal_workers *group, uint32_t grace_ms) {
  group->on_signals = true;
  group->signal_grace_ms = grace_ms;
}

static bool open_signals(peal_workers *group) {
  static const int numbers[] = {SIGTERM, SIGINT};
  uv_loop_t *loop = &group->items[0]->loop;
  signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < 2; i++) {
    if (uv_signal_init(loop, &group->signals[i]))
      return false;
    group->signals[i].data = group;
    group->signals_open = true;
    if (uv_signal_start(&group->signals[i], on_signal, numbers[i]))
      return false;
  }
  return true;
}

void peal_workers_close_signals(peal_worker *worker) {
  peal_workers *group = worker->group;
  if (worker->index != 0 || !group->signals_open)
    return;
  group->signals_open = false;
  for (size_t i = 0; i < 2; i++)
    if (group->signals[i].loop)
      uv_close((uv_handle_t *)&group->signals[i], NULL);
}

/* -- the run -------------------------------------------------------------- */

static void on_thread(void *user) {
  peal_worker_priv_run(user);
}

/* Threads for the others. Those that cannot be started are counted as ended,
 * so that the rest can end together. */
static bool start_threads(peal_workers *group) {
  for (unsigned i = 1; i < group->count; i++) {
    struct peal_worker_private *priv = group->items[i]->priv;
    if (uv_thread_create(&priv->thread, on_thread, group->items[i]) == 0) {
      priv->has_thread = true;
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

int peal_workers_run(peal_workers *group) {
  if (!group || atomic_load(&group->ended) ||
      atomic_exchange(&group->running, true))
    return 1;
  bool ok = true;
  peal_logger_start(group->log);
  if (group->on_signals && !open_signals(group)) {
    peal_logger_write(group->log, PEAL_LOG_ERROR, "worker", none, none,
                      "signals could not be watched");
    ok = false;
    peal_workers_stop(group, 0);
  }
  if (!start_threads(group))
    ok = false;
  peal_worker_priv_run(group->items[0]);
  for (unsigned i = 1; i < group->count; i++)
    if (group->items[i]->priv->has_thread)
      uv_thread_join(&group->items[i]->priv->thread);
  atomic_store(&group->ended, true);
  peal_logger_stop(group->log);
  return ok ? 0 : 1;
}
