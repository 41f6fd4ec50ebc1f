/* SPDX-License-Identifier: MIT */
/* watch: descriptors of the program's own (peal_watch of <peal/worker.h>) in
 * the poller of their worker. */
#include <peal/worker.h>

#include "base/mem.h"
#include "net/on_worker.h"
#include "net/turn.h"

struct peal_watch {
  peal_polled item;
  peal_worker *worker;
  int fd;
  unsigned events; /* PEAL_WATCH_…; 0: it is not in the poller */
  peal_watch_fn fn;
  void *user;
  bool freed; /* to be released at the end of the turn */
};

static unsigned told(unsigned events) {
  return (events & (PEAL_POLL_IN | PEAL_POLL_END) ? PEAL_WATCH_READ : 0) |
         (events & PEAL_POLL_OUT ? PEAL_WATCH_WRITE : 0) |
         (events & (PEAL_POLL_ERR | PEAL_POLL_HUP) ? PEAL_WATCH_ERROR : 0);
}

/* It may have been found by the wait of a turn in which an event before this
 * one changed or freed it. */
static void on_ready(peal_polled *item, unsigned events) {
  peal_watch *watch = PEAL_LIST_OF(item, peal_watch, item);
  unsigned now = told(events) & (watch->events | PEAL_WATCH_ERROR);
  if (now && watch->events)
    watch->fn(watch, now, watch->user);
}

static void on_turn_end(peal_polled *item) {
  peal_watch *watch = PEAL_LIST_OF(item, peal_watch, item);
  peal_mem_free(watch->worker->mem, watch);
}

peal_watch *peal_watch_new(peal_worker *worker, int fd, peal_watch_fn fn,
                           void *user) {
  static const peal_polled_kind kind = {on_ready, on_turn_end};
  PEAL_ON_WORKER(worker, "peal_worker_post");
  if (!worker || !fn || fd < 0)
    return NULL;
  peal_watch *watch = peal_mem_alloc(worker->mem, sizeof(*watch));
  if (!watch)
    return NULL;
  *watch = (peal_watch){.item = {.kind = &kind},
                        .worker = worker,
                        .fd = fd,
                        .fn = fn,
                        .user = user};
  return watch;
}

static void forget(peal_watch *watch) {
  if (watch->events && watch->worker->poller)
    peal_poller_forget(watch->worker->poller, watch->fd);
  watch->events = 0;
}

peal_err peal_watch_set(peal_watch *watch, unsigned events) {
  PEAL_ON_WORKER(watch ? watch->worker : NULL, "peal_worker_post");
  if (!watch || watch->freed ||
      events & ~(unsigned)(PEAL_WATCH_READ | PEAL_WATCH_WRITE))
    return PEAL_ERR_USAGE;
  if (events == 0) {
    forget(watch);
    return PEAL_OK;
  }
  if (!watch->worker->poller)
    return PEAL_ERR_CLOSED;
  unsigned asked = (events & PEAL_WATCH_READ ? PEAL_POLL_IN : 0) |
                   (events & PEAL_WATCH_WRITE ? PEAL_POLL_OUT : 0);
  if (!peal_poller_watch(watch->worker->poller, watch->fd, asked, &watch->item,
                         watch->events != 0))
    return PEAL_ERR_SYSTEM;
  watch->events = events;
  return PEAL_OK;
}

void peal_watch_free(peal_watch *watch) {
  PEAL_ON_WORKER(watch ? watch->worker : NULL, "peal_worker_post");
  if (!watch || watch->freed)
    return;
  forget(watch);
  /* The last wait may have found it; outside of the run there are no turns. */
  if (peal_worker_self() == watch->worker) {
    watch->freed = true;
    peal_turn_end_later(watch->worker, &watch->item);
  } else {
    peal_mem_free(watch->worker->mem, watch);
  }
}
