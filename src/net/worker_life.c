/* SPDX-License-Identifier: MIT */
#include "net/worker_life.h"

#include "base/mem.h"
#include "net/deflater.h"
#include "net/mail.h"
#include "net/net_limits.h"
#include "net/pages.h"
#include "net/stop.h"
#include "net/stream_tls.h"

/* What a worker keeps of released memory, in bytes. */
#define CACHE_BYTES (16u << 20)

static void on_async(uv_async_t *async) {
  peal_worker *worker = async->data;
  peal_worker_wake(worker);
  peal_mail_run(worker);
}

static void on_loop_ready(peal_polled *item, unsigned events) {
  (void)events;
  PEAL_LIST_OF(item, peal_worker, loop_item)->loop_ready = true;
}

static bool open_poller(peal_worker *worker) {
  static const peal_polled_kind kind = {on_loop_ready, NULL};
  worker->loop_item.kind = &kind;
  worker->poller = peal_poller_open(worker->group->mem, worker->group->poller);
  if (!worker->poller)
    return false;
  if (peal_poller_watch(worker->poller, uv_backend_fd(&worker->loop),
                        PEAL_POLL_IN, &worker->loop_item, false))
    return true;
  peal_poller_close(worker->poller);
  return false;
}

static bool open_handles(peal_worker *worker) {
  if (uv_loop_init(&worker->loop))
    return false;
  if (open_poller(worker)) {
    if (uv_async_init(&worker->loop, &worker->async, on_async) == 0) {
      worker->async.data = worker;
      worker->loop.data = worker;
      worker->loop_open = true;
      return true;
    }
    peal_poller_close(worker->poller);
  }
  uv_loop_close(&worker->loop);
  return false;
}

void peal_worker_life_free(peal_worker *worker) {
  if (!worker)
    return;
  const peal_mem *mem = worker->group->mem;
  peal_deflater_free_all(worker);
  peal_arena_deinit(&worker->turn);
  peal_mem_cache_deinit(&worker->cache);
  peal_mem_free(mem, worker->read_buf);
  peal_mem_free(mem, worker->scratch);
  peal_stream_tls_worker_deinit(worker);
  peal_mem_free(mem, worker);
}

static void init(peal_worker *worker, peal_workers *group, unsigned index) {
  worker->group = group;
  worker->index = index;
  worker->log = group->log;
  worker->lag.fd = -1;
  worker->after = &worker->first;
  peal_mem_cache_init(&worker->cache, group->mem, CACHE_BYTES);
  if (group->mem == peal_mem_libc())
    peal_mem_cache_set_pages(&worker->cache, peal_pages());
  worker->mem = &worker->cache.mem;
  peal_arena_init(&worker->turn, group->mem, 0, 0);
  peal_list_init(&worker->flushes);
  peal_list_init(&worker->conns);
  peal_list_init(&worker->tasks);
  peal_list_init(&worker->dials);
  peal_mailbox_init(&worker->mailbox);
  peal_stop_init(worker);
}

peal_worker *peal_worker_life_new(peal_workers *group, unsigned index) {
  const peal_mem *mem = group->mem;
  peal_worker *worker = peal_mem_zalloc(mem, sizeof(*worker));
  if (!worker)
    return NULL;
  init(worker, group, index);
  worker->read_buf = peal_mem_alloc(mem, PEAL_LIMIT_READ_BYTES);
  worker->scratch = peal_mem_alloc(mem, PEAL_LIMIT_SCRATCH_BYTES);
  if (!worker->read_buf || !worker->scratch || !open_handles(worker)) {
    peal_worker_life_free(worker);
    return NULL;
  }
  peal_wheel_init(&worker->wheel, peal_worker_wake(worker));
  return worker;
}
