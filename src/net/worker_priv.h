/* SPDX-License-Identifier: MIT */
#pragma once
/* worker_priv: what the files that make up a worker share and nobody else
 * sees: the group, the phases of an end, the handles.
 *
 * How a run ends, on every worker:
 *   RUNNING -> STOPPING  the on_stop functions have run; connections finish
 *           -> ENDING    all workers are idle, the grace time is over, or
 *                        stop was called again: connections are closed
 *           -> CLOSED    no worker has a connection or task: the mailbox is
 *                        closed and the loop runs out
 * Steps two and three are taken by all workers together, so that whoever
 * still runs finds the others' mailboxes open. */
#include <stdatomic.h>

#include "net/mailbox.h"
#include "net/worker_impl.h"

typedef enum peal_worker_phase {
  PEAL_WORKER_RUNNING,
  PEAL_WORKER_STOPPING,
  PEAL_WORKER_ENDING,
  PEAL_WORKER_CLOSED
} peal_worker_phase;

struct peal_worker_private {
  peal_mailbox mailbox;
  /* Threads between putting a mail and waking us: the async handle may be
   * closed only when there are none. */
  atomic_uint senders;
  uv_async_t async;
  uint64_t lag_log_ms; /* last line about lag */
  peal_worker_phase phase;
  bool hooks_stopped; /* on_stop functions have run */
  bool idle, quiet;   /* told to the group */
  bool loop_open;     /* the loop and the handles exist */
  peal_list tasks;    /* begun and not done */
  peal_mail stop_mail, end_mail, close_mail;
  peal_wheel_timer grace;
  uv_thread_t thread;
  bool has_thread;
};

typedef struct peal_worker_hooks {
  struct peal_worker_hook {
    peal_post_fn fn;
    void *user;
  } * items;

  size_t count;
} peal_worker_hooks;

struct peal_workers {
  peal_worker **items;
  unsigned count;
  const peal_mem *mem;
  peal_logger *log;
  uint32_t lag_warn_ms; /* UINT32_MAX: never */
  uv_mutex_t lock;      /* hooks */
  uv_mutex_t late_lock; /* mail to a worker that has ended; recursive */
  peal_worker_hooks on_start, on_stop;
  atomic_bool running, ended;
  atomic_uint stops; /* calls of peal_workers_stop */
  atomic_uint grace_ms;
  atomic_uint busy;    /* workers that are not idle */
  atomic_uint unquiet; /* workers that are not quiet */
  atomic_bool end_sent, close_sent;
  bool on_signals;
  uint32_t signal_grace_ms;
  uv_signal_t signals[2]; /* on worker 0 */
  bool signals_open;
};

/* Make one worker with its loop and handles; NULL if memory or descriptors
 * are out. */
peal_worker *peal_worker_priv_new(peal_workers *group, unsigned index);
/* End it on the calling thread if it never ran: the mailbox is emptied and
 * the loop closed. */
void peal_worker_priv_end(peal_worker *worker);
void peal_worker_priv_free(peal_worker *worker);
/* The life of a worker's thread. */
void peal_worker_priv_run(peal_worker *worker);

/* At the beginning of every callback from the loop. */
static inline void peal_worker_priv_wake(peal_worker *worker) {
  worker->now_ms = uv_now(&worker->loop);
}

/* Send a mail; false if the worker has ended (the mail is the caller's). */
bool peal_worker_priv_put(peal_worker *worker, peal_mail *mail);

/* worker.c */
void peal_worker_set_self(peal_worker *worker);

/* task.c: those that wait for a pool thread come back at once, those that run
 * when they are done. */
void peal_task_cancel_all(peal_worker *worker);

/* workers.c */
void peal_workers_run_hooks(peal_worker *worker, peal_worker_hooks *hooks);
/* End now, on all workers (once). */
void peal_workers_end(peal_workers *group);
/* Close the mailboxes of all workers (once). */
void peal_workers_close(peal_workers *group);
void peal_workers_close_signals(peal_worker *worker);
