/* SPDX-License-Identifier: MIT */
#pragma once
/* worker: threads with one event loop each, and what runs on them besides
 * sockets: posted functions, timers, background tasks.
 *
 * A worker's callbacks never run at the same time, so what belongs to one
 * worker needs no lock. Handlers must not block: what blocks (files,
 * databases, calls to other services) goes to peal_task_run. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_worker peal_worker;   /* one thread, one loop */
typedef struct peal_workers peal_workers; /* all of a program's workers */

/* What workers wait in. */
typedef enum peal_poller_kind {
  PEAL_POLLER_DEFAULT, /* what the environment says: PEAL_POLLER=epoll or
                          PEAL_POLLER=poll; otherwise epoll */
  PEAL_POLLER_EPOLL,
  PEAL_POLLER_POLL /* poll(2): each wait costs time for each connection */
} peal_poller_kind;

typedef struct peal_workers_opts {
  /* How many; 0 means 1 (all handlers on one thread, as in Node).
   * PEAL_WORKERS_AUTO: one per core. At most PEAL_LIMIT_WORKERS (256). */
  unsigned count;
  /* A callback that keeps a worker longer than this is logged; default 100,
   * UINT32_MAX: never. Time in which the thread had no processor does not
   * count. */
  uint32_t lag_warn_ms;
  peal_poller_kind poller; /* default: epoll, or what the environment says */
  const peal_mem *mem;     /* borrowed for life; NULL: libc */
  peal_log_opts log;
} peal_workers_opts;

#define PEAL_WORKERS_AUTO UINT32_MAX

/* Copies `opts`; NULL is {0}. No thread runs before peal_workers_run.
 * Returns NULL if memory or descriptors are out, or there is no such poller. */
PEAL_API PEAL_MUST_CHECK peal_workers *peal_workers_new(
    const peal_workers_opts *opts);
/* Run worker 0 on the calling thread and start threads for the others;
 * returns after peal_workers_stop when all of them have ended and every
 * object on them has been told. Returns 0, or 1 if it could not start (the
 * log says why). */
PEAL_API int peal_workers_run(peal_workers *workers);
/* End the run: every `on_stop` function is called on every worker, then the
 * workers wait up to `grace_ms` for their connections to finish and return.
 * Calling it again ends at once. Thread: any. Safe in a signal handler: no
 * (use peal_workers_stop_on_signals). */
PEAL_API void peal_workers_stop(peal_workers *workers, uint32_t grace_ms);
/* SIGTERM and SIGINT call peal_workers_stop; a second signal ends at once.
 * SIGPIPE is ignored. Call before peal_workers_run. */
PEAL_API void peal_workers_stop_on_signals(peal_workers *workers,
                                           uint32_t grace_ms);
PEAL_API void peal_workers_free(peal_workers *workers);

/* NULL: 0. Thread: any. */
PEAL_API unsigned peal_workers_count(const peal_workers *workers);
/* Worker `index`, or NULL if there are not so many, or no `workers`.
 * Thread: any. */
PEAL_API peal_worker *peal_workers_get(peal_workers *workers, unsigned index);
PEAL_API peal_workers *peal_worker_group(peal_worker *worker);
PEAL_API unsigned peal_worker_index(const peal_worker *worker);
/* The worker whose thread this is, or NULL. Thread: any. */
PEAL_API peal_worker *peal_worker_self(void);
/* Monotonic milliseconds as of the worker's last look at the clock: when it was
 * woken, when a posted function or a task's end began, when a timer was
 * started. NULL: 0. */
PEAL_API uint64_t peal_worker_now_ms(const peal_worker *worker);
/* Milliseconds since 1970. Thread: any. */
PEAL_API int64_t peal_wall_ms(void);

typedef void (*peal_post_fn)(peal_worker *worker, void *user);

/* Call `fn` once on the worker's thread, in order of posting. If the worker
 * ends before, `fn` is called while it ends.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED (the worker has ended; fn
 * is not called). Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_worker_post(peal_worker *worker,
                                                   peal_post_fn fn, void *user);
/* Call `fn` on every worker once it runs, before its first event. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_on_start(peal_workers *workers,
                                                        peal_post_fn fn,
                                                        void *user);
/* Call `fn` on every worker when the stop begins. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_on_stop(peal_workers *workers,
                                                       peal_post_fn fn,
                                                       void *user);

/* -- timers --------------------------------------------------------------- */

typedef struct peal_timer peal_timer;
typedef void (*peal_timer_fn)(peal_timer *timer, void *user);

/* A stopped timer on this worker; may be made before the run and freed after
 * it. Returns NULL if memory is out. */
PEAL_API PEAL_MUST_CHECK peal_timer *peal_timer_new(peal_worker *worker,
                                                    peal_timer_fn fn,
                                                    void *user);
/* Call `delay_ms` after this call, then every `repeat_ms` (0: once). Starting
 * again replaces. NULL is a no-op, here and below. */
PEAL_API void peal_timer_start(peal_timer *timer, uint64_t delay_ms,
                               uint64_t repeat_ms);
PEAL_API void peal_timer_stop(peal_timer *timer);
/* Allowed inside its own callback. */
PEAL_API void peal_timer_free(peal_timer *timer);

/* -- background tasks ------------------------------------------------------ */

/* Runs on a pool thread: may block, must not touch the worker's objects. */
typedef void (*peal_task_work_fn)(void *user);
/* Runs on the worker afterwards, exactly once. `err` is PEAL_OK, or
 * PEAL_ERR_CANCELLED if the work never ran because the worker ended. */
typedef void (*peal_task_done_fn)(peal_worker *worker, peal_err err,
                                  void *user);

/* Run `work` on the thread pool and `done` (may be NULL) on `worker` after
 * it. The pool has PEAL_POOL_THREADS threads (environment UV_THREADPOOL_SIZE,
 * default 4) for the whole program.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (neither is called). */
PEAL_API PEAL_MUST_CHECK peal_err peal_task_run(peal_worker *worker,
                                                peal_task_work_fn work,
                                                peal_task_done_fn done,
                                                void *user);

/* -- figures ---------------------------------------------------------------- */

typedef struct peal_worker_stats {
  uint64_t turns;         /* wake-ups; an idle worker has none */
  uint64_t posts;         /* posted functions that ran */
  uint64_t tasks_running; /* tasks begun and not done */
  uint64_t connections;   /* open TCP connections */
  uint64_t bytes_in;
  uint64_t bytes_out;
  uint64_t lag_max_ms; /* longest turn since the last call */
} peal_worker_stats;

PEAL_API void peal_worker_stats_get(peal_worker *worker,
                                    peal_worker_stats *out);

#ifdef __cplusplus
}
#endif
