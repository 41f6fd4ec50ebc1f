/* SPDX-License-Identifier: MIT */
#pragma once
/* worker: the inside of a worker: what it waits in, its one receive buffer,
 * the scratch, the turn arena, what wants to write, the mailbox, its place on
 * the way to the end.
 *
 * How a run ends, on every worker (net/stop):
 *   RUNNING -> STOPPING  the on_stop functions have run; connections finish
 *           -> ENDING    all workers are idle, the grace time is over, or
 *                        stop was called again: connections are closed
 *           -> CLOSED    no worker has a connection or task: the mailbox is
 *                        closed and the loop runs out
 * Steps two and three are taken by all workers together, so that whoever
 * still runs finds the others' mailboxes open. */
#include <uv.h>

#include <peal/worker.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/mem_cache.h"
#include "net/lag.h"
#include "net/logger.h"
#include "net/mailbox.h"
#include "net/poller.h"
#include "net/wheel.h"

/* Threads that write side by side do not share one of these. */
#define PEAL_CACHE_LINE_BYTES 64

/* A time that somebody else sets (tests), instead of the system's. */
typedef struct peal_worker_clock {
  uint64_t now_ms;
  int64_t wall_ms; /* since 1970 */
} peal_worker_clock;

typedef enum peal_worker_phase {
  PEAL_WORKER_RUNNING,
  PEAL_WORKER_STOPPING,
  PEAL_WORKER_ENDING,
  PEAL_WORKER_CLOSED
} peal_worker_phase;

struct peal_worker {
  uv_loop_t loop;
  peal_workers *group;
  unsigned index;
  peal_poller *poller;
  peal_polled loop_item; /* the loop's descriptor in the poller */
  bool loop_ready;       /* it has something */
  const peal_mem *mem;   /* &cache.mem: this worker's thread only */
  peal_mem_cache cache;
  peal_arena turn;   /* reset at the end of every turn */
  char *read_buf;    /* PEAL_LIMIT_READ_BYTES */
  char *scratch;     /* PEAL_LIMIT_SCRATCH_BYTES, for peal_iovs */
  bool pulling;      /* somebody fills the scratch */
  void *tls_scratch; /* of net/stream_tls; NULL: no connection has needed it */
  struct peal_deflaters *deflaters; /* of net/deflater; NULL: the same */
  peal_mail *mails;     /* taken from the mailbox and not run, oldest first */
  peal_mail *last_mail; /* of them */
  peal_wheel wheel;     /* timers of this worker */
  /* What is to be done at the end of the turn (net/turn). */
  peal_list flushes;                 /* peal_flush.node */
  peal_polled *first, **after;       /* polled items, and where the next goes */
  peal_list conns;                   /* all peal_stream of this worker */
  peal_list tasks;                   /* begun and not done */
  peal_list dials;                   /* all peal_dial of this worker */
  peal_logger *log;                  /* the group's; thread safe */
  uint64_t now_ms;                   /* refreshed at every wake-up */
  const peal_worker_clock *clock;    /* NULL: the system's */
  const struct peal_dial_door *door; /* of net/dial; NULL: there is none */
  peal_worker_stats stats;
  uint64_t shown_lag_ms; /* longest turn since the status page asked */
  peal_lag lag;
  uv_thread_t thread;
  bool has_thread;
  bool loop_open;         /* the loop and the handles exist */
  atomic_bool has_runner; /* some thread is this worker (net/on_worker) */
  /* The end. */
  peal_worker_phase phase;
  bool ending;        /* ENDING or later: all connections are closed */
  bool hooks_stopped; /* on_stop functions have run */
  bool idle, quiet;   /* told to the group */
  peal_mail stop_mail, end_mail, close_mail;
  peal_wheel_timer grace;
  /* Written by other threads, apart from all the above. */
  char before[PEAL_CACHE_LINE_BYTES];
  peal_mailbox mailbox;
  /* Threads between putting a mail and waking us: the async handle may be
   * closed only when there are none. */
  atomic_uint senders;
  uv_async_t async;
  atomic_uint asked; /* what other threads than the pool's will answer by mail;
                        for who wants to know that nothing is under way */
};

/* The group says which worker this thread is. */
void peal_worker_set_self(peal_worker *worker);
/* True from the moment on which all connections are closed. */
bool peal_worker_is_ending(const peal_worker *worker);

/* Go by this clock (borrowed; NULL: the system's again), and this thread with
 * it: the one that makes the worker's turns. */
void peal_worker_set_clock(peal_worker *worker, const peal_worker_clock *clock);
/* Monotonic milliseconds, of now. Thread: any. */
uint64_t peal_worker_clock_ms(void);

/* Another thread has been asked something that it answers by a mail, and the mail
 * is there. Thread: any. */
void peal_worker_ask(peal_worker *worker);
void peal_worker_answered(peal_worker *worker);

/* At the beginning of every callback from the loop, and wherever time may have
 * passed and matters. Returns the new now_ms. */
static inline uint64_t peal_worker_wake(peal_worker *worker) {
  if (__builtin_expect(worker->clock != NULL, 0))
    return worker->now_ms = worker->clock->now_ms;
  uv_update_time(&worker->loop);
  worker->now_ms = uv_now(&worker->loop);
  return worker->now_ms;
}
