/* SPDX-License-Identifier: MIT */
#pragma once
/* worker_impl: the inside of a worker, for the I/O layers: its loop, its one
 * receive buffer, the scratch, the turn arena, the flush list, the mailbox. */
#include <uv.h>

#include <peal/worker.h>

#include "base/arena.h"
#include "base/iovs.h"
#include "base/list.h"
#include "base/mem_cache.h"
#include "net/logger.h"
#include "net/poller.h"
#include "net/wheel.h"

/* Something that wants to write at the end of the turn; embed and initialise
 * `node` with peal_list_init. */
typedef struct peal_flush {
  peal_list node;
  void (*fn)(struct peal_flush *flush);
} peal_flush;

/* A message between threads, embedded in what it carries. */
typedef struct peal_mail {
  struct peal_mail *next;
  /* Runs on the receiving worker, exactly once; frees what it carries. When
   * the worker is ending it is called all the same (peal_worker_is_ending). */
  void (*fn)(peal_worker *worker, struct peal_mail *mail);
} peal_mail;

struct peal_worker {
  uv_loop_t loop;
  peal_workers *group;
  unsigned index;
  int poller;          /* net/poller; the loop is in it */
  const peal_mem *mem; /* &cache.mem: this worker's thread only */
  peal_mem_cache cache;
  peal_arena turn;   /* reset at the end of every turn */
  char *read_buf;    /* PEAL_LIMIT_READ_BYTES */
  char *scratch;     /* PEAL_LIMIT_SCRATCH_BYTES, for peal_iovs */
  peal_wheel wheel;  /* timers of this worker */
  peal_list flushes; /* peal_flush.node */
  peal_list conns;   /* all peal_stream of this worker */
  peal_logger *log;  /* the group's; thread safe */
  uint64_t now_ms;   /* refreshed at every wake-up */
  peal_worker_stats stats;
  bool ending;
  struct peal_worker_private *priv; /* mailbox, async handle, the end */
};

/* Thread: any. Never fails: the mail is the caller's memory. If the worker
 * has ended already, fn is called on the calling thread. */
void peal_worker_impl_send(peal_worker *worker, peal_mail *mail);
/* Run flush->fn at the end of this turn (once, however often asked). */
void peal_worker_impl_flush_later(peal_worker *worker, peal_flush *flush);
/* End of a turn: run the flushes and reset the turn arena. Called by net/
 * when everything that came has been told; nobody else needs it. */
void peal_worker_impl_end_turn(peal_worker *worker);
/* Forget the on_start and on_stop functions registered with this `user`. */
void peal_worker_impl_forget(peal_workers *group, const void *user);
/* True from the moment on which all connections are closed. */
bool peal_worker_impl_is_ending(const peal_worker *worker);

/* Figures are written by one thread and read by any. */
static inline void peal_worker_impl_count(uint64_t *figure, uint64_t more) {
  __atomic_store_n(figure, *figure + more, __ATOMIC_RELAXED);
}

static inline uint64_t peal_worker_impl_figure(const uint64_t *figure) {
  return __atomic_load_n(figure, __ATOMIC_RELAXED);
}
