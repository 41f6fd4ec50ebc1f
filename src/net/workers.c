/* SPDX-License-Identifier: MIT */
/* workers: the life of a group of workers; what it does in between is in run,
 * stop, hooks and signals. */
#include <peal/worker.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "net/group.h"
#include "net/net_limits.h"
#include "net/run.h"
#include "net/worker_life.h"

#define LAG_WARN_MS 100u

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
    peal_worker *worker = peal_worker_life_new(group, group->count);
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
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->log))
    return NULL;
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_workers *group = peal_mem_zalloc(mem, sizeof(*group));
  if (!group)
    return NULL;
  group->mem = mem;
  group->lag_warn_ms = opts->lag_warn_ms ? opts->lag_warn_ms : LAG_WARN_MS;
  group->poller = opts->poller;
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
  peal_run_end(group);
  for (unsigned i = 0; i < group->count; i++)
    peal_worker_life_free(group->items[i]);
  peal_mem_free(group->mem, group->items);
  peal_mem_free(group->mem, group->on_start.items);
  peal_mem_free(group->mem, group->on_stop.items);
  peal_mem_free(group->mem, group->on_end.items);
  peal_mem_free(group->mem, group->on_hangup.items);
  peal_logger_free(group->log);
  uv_mutex_destroy(&group->late_lock);
  uv_mutex_destroy(&group->lock);
  peal_mem_free(group->mem, group);
}

unsigned peal_workers_count(const peal_workers *group) {
  return group ? group->count : 0;
}

peal_worker *peal_workers_get(peal_workers *group, unsigned index) {
  return group && index < group->count ? group->items[index] : NULL;
}
