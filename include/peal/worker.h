/* SPDX-License-Identifier: MIT */
#pragma once
/* worker: threads with one event loop each, and what runs on them besides
 * sockets: posted functions, timers, descriptors, background tasks.
 *
 * A worker's callbacks never run at the same time, so what belongs to one
 * worker needs no lock. Handlers must not block: what blocks (files,
 * databases, calls to other services) goes to peal_task_run. Between workers
 * nothing is shared but what Peal hands over itself; to touch something of
 * another worker, post a function to it (peal_worker_post).
 *
 * The life of a group of workers; it runs once:
 *
 *   peal_workers_new
 *       |          set up: on_start, on_stop, timers, posts (they wait)
 *   peal_workers_run       or peal_workers_begin, or peal_workers_attach: in a
 *       |                  loop of the program's own
 *       |          on each worker the on_start functions, then turns
 *    running
 *       |          peal_workers_stop, SIGTERM or SIGINT
 *    stopping      on each worker the on_stop functions; connections finish,
 *       |          tasks that have begun too; timers and posts still run
 *       |          all idle, or the grace is over, or a second stop
 *     ending       connections are closed with PEAL_ERR_CANCELLED, tasks that
 *       |          have not begun are cancelled, the last posts are called
 *      ended       peal_workers_run returns (peal_workers_step says so);
 *       |          posting is PEAL_ERR_CLOSED
 *       |          timers and what else lives on them is freed
 *   peal_workers_free
 *
 * A group that was never run ends the same way inside peal_workers_free.
 *
 * Without an object (NULL) the functions below do nothing and return 0, NULL or
 * PEAL_ERR_USAGE; peal_workers_run and peal_workers_end return 1,
 * peal_workers_fd and peal_workers_timeout_ms -1. */
#include <peal/base.h>
#include <peal/val.h>

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

/* Options of a group; {0} is one worker that logs to stderr. */
typedef struct peal_workers_opts {
  /* How many; 0 means 1 (all handlers on one thread, as in Node).
   * PEAL_WORKERS_AUTO: one per core that the process may use. More than 256
   * are cut to 256. */
  unsigned count;
  /* A turn that keeps a worker longer than this is logged (warn, at most one
   * line a second); default 100, UINT32_MAX: never. Time in which the thread
   * had no processor does not count. */
  uint32_t lag_warn_ms;
  peal_poller_kind poller; /* default: epoll, or what the environment says */
  /* Borrowed for life; NULL: libc. All workers call it, and threads that post:
   * it must be safe for that. */
  const peal_mem *mem;
  peal_log_opts log; /* of the workers and of all that lives on them */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_workers_opts;

#define PEAL_WORKERS_AUTO UINT32_MAX /* as `count`: one per core */

/* Make the group with its loops. No thread runs before peal_workers_run, but
 * functions may be posted and timers made. Copies `opts`; NULL is {0}.
 * Returns NULL if memory or descriptors are out (a handful per worker), or
 * there is no such poller. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_workers *peal_workers_new(
    const peal_workers_opts *opts);
/* Run worker 0 on the calling thread and start threads for the others;
 * returns after peal_workers_stop when all of them have ended and every
 * object on them has been told. Once in the life of a group: a second call
 * returns 1 at once.
 * Returns 0, or 1 if threads or signals could not be had (the log says which;
 * what had begun has been stopped). Thread: that becomes worker 0. */
PEAL_API int peal_workers_run(peal_workers *workers);
/* End the run, orderly: every `on_stop` function is called on every worker
 * (an HTTP server then takes no new connections, and closes each as soon as its
 * request is answered), then the workers wait up to `grace_ms` for connections
 * and tasks to come to an end. `grace_ms` 0, or calling it again: at once, by
 * closing what is open. A task whose work is running is waited for in any case.
 * Returns before any of it has happened. Before the run: the run ends as soon
 * as it has begun. Not safe in a signal handler (use
 * peal_workers_stop_on_signals). Thread: any. */
PEAL_API void peal_workers_stop(peal_workers *workers, uint32_t grace_ms);
/* From the beginning of the run on, SIGTERM and SIGINT call peal_workers_stop
 * with this grace; a second signal ends at once. SIGPIPE is ignored, in the
 * whole process. To be called before peal_workers_run; later it changes only
 * the grace. Thread: the one that sets up. */
PEAL_API void peal_workers_stop_on_signals(peal_workers *workers,
                                           uint32_t grace_ms);
/* Free the group, after the run and after all that lives on it: servers,
 * stores, timers. What was posted and never ran is called now, on this
 * thread. Thread: the one that made it. */
PEAL_API void peal_workers_free(peal_workers *workers);

/* -- in a loop of the program's own ---------------------------------------- */

/* Instead of peal_workers_run a program that has a loop already makes worker
 * 0's turns itself, one by one; other workers have their threads as ever:
 *
 *   peal_workers_begin
 *       |
 *    +--+---> wait until peal_workers_fd is readable, but no longer than
 *    |  |     peal_workers_timeout_ms says, which is asked right before
 *    |  v
 *    |  peal_workers_step(workers, 0) --PEAL_ERR_CLOSED--> peal_workers_end
 *    |  | PEAL_OK
 *    +--+
 *
 * A step that was not needed costs a system call, one that comes late makes
 * clients wait; while nothing happens the descriptor is not readable. A program
 * with no descriptor of its own to wait for lets the step wait.
 *
 * All callbacks of worker 0 run inside steps. Between two steps the thread is
 * one like any other, on which peal_worker_self is NULL: what it has to say it
 * says by functions for any thread (peal_worker_post, peal_nsp_emit, …); the
 * descriptor is readable then. Signals are the program's, unless
 * peal_workers_stop_on_signals was called.
 *
 * Unless it says otherwise these five are called on one thread, that of
 * peal_workers_begin; elsewhere nothing happens. */

/* Begin the run: threads for the other workers, and the on_start functions of
 * worker 0, inside this call.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (it has run, or runs); PEAL_ERR_SYSTEM:
 * threads or signals could not be had, and the run is over (no
 * peal_workers_end). Thread: the one that becomes worker 0. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_begin(peal_workers *workers);
/* A descriptor that is readable (POLLIN) while worker 0 has something to do;
 * for poll, select, epoll, GLib and others. It is the same from begin to end,
 * and borrowed: to be watched and for nothing else.
 * Returns -1 before the begin, behind the end, and with PEAL_POLLER_POLL, which
 * has none: there the step has to wait. Thread: that of the begin. */
PEAL_API int peal_workers_fd(const peal_workers *workers);
/* How long to wait at most if the descriptor does not become readable, in the
 * form of poll(2): milliseconds until the next timer is due; 0: do not wait;
 * -1: for ever. It changes with each step, and with what is called in between.
 * Thread: that of the begin. */
PEAL_API int peal_workers_timeout_ms(peal_workers *workers);
/* One turn of worker 0: connections, timers, posts. Before it, wait for at most
 * `timeout_ms` until there is something to do: 0 (after a wait of the program's
 * own): not at all, -1: as long as it takes.
 * Returns: PEAL_OK: go on; PEAL_ERR_CLOSED: the run is over, again and again;
 * PEAL_ERR_USAGE: not begun, ended, on another thread, inside a step (a
 * callback of worker 0), or the group is attached: nothing happened.
 * Thread: that of the begin. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_step(peal_workers *workers,
                                                    int timeout_ms);
/* End what peal_workers_begin began: wait for the other workers' threads. If
 * the run is not over it ends now, without grace, in turns inside this call.
 * Forget the descriptor before. peal_workers_free does it for those who left in
 * the middle.
 * Returns: as peal_workers_run; 1 also where a step would be PEAL_ERR_USAGE.
 * Thread: that of the begin. */
PEAL_API int peal_workers_end(peal_workers *workers);

/* A libuv loop. */
struct uv_loop_s;
/* The run is over; all workers have ended, `code` is as peal_workers_run
 * returns it. The group may be freed here. */
typedef void (*peal_attached_fn)(peal_workers *workers, int code, void *user);
/* The same by libuv: worker 0 is a guest of `loop` (borrowed until `fn` has
 * been called), its turns are made by uv_run, on the thread that calls that and
 * this. Begins the run as peal_workers_begin. The guest keeps the loop alive
 * until the run is over, which comes by peal_workers_stop; then `fn` (may be
 * NULL) is called once, by the loop. peal_workers_step and _end are not to be
 * called.
 * Returns: as peal_workers_begin; PEAL_ERR_NOMEM; PEAL_ERR_OPTION: the poller
 * has no descriptor (PEAL_POLLER_POLL). On errors `fn` is not called.
 * Thread: the one that becomes worker 0, which is the loop's. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_attach(peal_workers *workers,
                                                      struct uv_loop_s *loop,
                                                      peal_attached_fn fn,
                                                      void *user);

/* -- workers --------------------------------------------------------------- */

/* How many workers there are, 1 to 256. Thread: any. */
PEAL_API unsigned peal_workers_count(const peal_workers *workers);
/* Worker `index` (0 is that of the thread that calls peal_workers_run), or
 * NULL if there are not so many. Valid as long as the group. Thread: any. */
PEAL_API peal_worker *peal_workers_get(peal_workers *workers, unsigned index);
/* The group that a worker belongs to. Thread: any. */
PEAL_API peal_workers *peal_worker_group(peal_worker *worker);
/* Which one of its group, from 0: for tables with a row per worker, which need
 * no lock. Thread: any. */
PEAL_API unsigned peal_worker_index(const peal_worker *worker);
/* The worker whose callbacks this thread is running, or NULL: on a thread of
 * the program's own, on the pool, before and after the run. Thread: any. */
PEAL_API peal_worker *peal_worker_self(void);
/* Monotonic milliseconds as of the worker's last look at the clock: when it was
 * woken, when a posted function or a task's end began, when a timer was
 * started. Costs nothing; within one callback it stands still. For measuring
 * spans, not for dates. */
PEAL_API uint64_t peal_worker_now_ms(const peal_worker *worker);
/* Milliseconds since 1970, from the system's clock, which may be set back:
 * for dates, not for spans. Thread: any. */
PEAL_API int64_t peal_wall_ms(void);

/* Values in the memory of the worker's turn, valid until the callback in which
 * this is called has returned. On another thread, or without a worker, it is
 * one whose error is PEAL_ERR_USAGE. Thread: any. */
PEAL_API peal_build *peal_worker_build(peal_worker *worker);

/* A function that was posted or registered; `user` is what came with it. */
typedef void (*peal_post_fn)(peal_worker *worker, void *user);

/* Call `fn` once on the worker's thread, never inside this call. Functions of
 * one sender come in the order of posting; a worker may post to itself, and it
 * comes in a later step of the same or in the next turn. If the worker ends
 * before, `fn` is called while it ends: whatever happens, PEAL_OK means that
 * it is called once, so it may free `user`.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED (the worker
 * has ended); on errors `fn` is not called. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_worker_post(peal_worker *worker,
                                                   peal_post_fn fn, void *user);
/* Call `fn` on every worker once it runs, before its first event, in order of
 * registration: the place to make timers and what each worker has of its own.
 * During the run it is posted to all of them instead.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, and as peal_worker_post
 * during the run. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_on_start(peal_workers *workers,
                                                        peal_post_fn fn,
                                                        void *user);
/* Call `fn` on every worker when the stop begins, in order of registration,
 * exactly once: the place to stop timers and to say goodbye, for connections
 * are still open. One that is registered later may come too late.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_on_stop(peal_workers *workers,
                                                       peal_post_fn fn,
                                                       void *user);

/* Call `fn` on worker 0 when SIGHUP comes, in order of registration: to read
 * configuration or certificates again. Only where signals are watched
 * (peal_workers_stop_on_signals, which the servers' run functions call);
 * without any such function SIGHUP ends the program, as the system does it.
 * Before the run. Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. Thread:
 * any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_workers_on_hangup(peal_workers *workers,
                                                         peal_post_fn fn,
                                                         void *user);

/* -- timers --------------------------------------------------------------- */

/*   stopped --start--> waiting --due--> fn --once-------> stopped
 *      ^                | ^             | |
 *      +------stop------+ +--repeats----+ +--free in fn-> gone behind fn
 *
 * Ticks are 1 ms. A timer never fires early and never inside a call; how late,
 * the callbacks before it decide. Any number of them costs nothing while they
 * wait, and none keeps a worker from ending. */

/* A timer of one worker. */
typedef struct peal_timer peal_timer;
/* The time has come. `timer` may be started, stopped or freed here. */
typedef void (*peal_timer_fn)(peal_timer *timer, void *user);

/* A stopped timer on this worker. May be made and started before the run, and
 * has to be freed before the group is.
 * Returns NULL if memory is out, or `worker` or `fn` is NULL. */
PEAL_API PEAL_MUST_CHECK peal_timer *peal_timer_new(peal_worker *worker,
                                                    peal_timer_fn fn,
                                                    void *user);
/* Call the function `delay_ms` after this call (0: as soon as this callback has
 * returned), then every `repeat_ms` (0: once). Starting again replaces both
 * times. A repetition is counted from when the last one fired: one that was
 * late is not made up for. NULL is a no-op, here and below. */
PEAL_API void peal_timer_start(peal_timer *timer, uint64_t delay_ms,
                               uint64_t repeat_ms);
/* The function is not called any more, until it is started again; also from
 * another callback of the turn in which it is due. */
PEAL_API void peal_timer_stop(peal_timer *timer);
/* Stops it, too. Allowed inside its own callback: it is gone when that has
 * returned. `user` stays the caller's. */
PEAL_API void peal_timer_free(peal_timer *timer);

/* -- descriptors ---------------------------------------------------------- */

/* Other libraries (HTTP clients, databases, devices) have descriptors of their
 * own and want to be told when these can be read or written:
 *
 *   idle --set(READ)--> watched --ready--> fn, in every turn in which it is
 *     ^                   |                ready: read until there is no more,
 *     +------set(0)-------+                or set 0
 *
 * A descriptor has one watch at a time, and stays the program's: free the watch
 * before closing it. A watch keeps no worker from ending. */

/* What a descriptor is ready for. */
enum {
  PEAL_WATCH_READ = 1,  /* bytes can be read, or the peer sends no more */
  PEAL_WATCH_WRITE = 2, /* bytes can be written */
  PEAL_WATCH_ERROR = 4  /* an error, or both directions are over: told whether
                           asked for or not */
};

/* A descriptor that one worker waits for. */
typedef struct peal_watch peal_watch;
/* It is ready for `events`, several of PEAL_WATCH_READ, _WRITE and _ERROR. The
 * watch may be set or freed here. */
typedef void (*peal_watch_fn)(peal_watch *watch, unsigned events, void *user);

/* A watch for `fd`, which waits for nothing yet. Has to be freed before the
 * group is.
 * Returns NULL if memory is out, `worker` or `fn` is NULL, or `fd` is
 * negative. */
PEAL_API PEAL_MUST_CHECK peal_watch *peal_watch_new(peal_worker *worker, int fd,
                                                    peal_watch_fn fn,
                                                    void *user);
/* From now on wait for `events`: PEAL_WATCH_READ, PEAL_WATCH_WRITE, both, or 0
 * for nothing, not even errors.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (no watch, other events), PEAL_ERR_SYSTEM
 * (the kernel does not wait for such a file, or memory is out; what was waited
 * for stays), PEAL_ERR_CLOSED (the worker has ended). */
PEAL_API PEAL_MUST_CHECK peal_err peal_watch_set(peal_watch *watch,
                                                 unsigned events);
/* The function is not called any more. Allowed inside its own callback and in
 * any other of the turn in which it is ready. NULL is a no-op. */
PEAL_API void peal_watch_free(peal_watch *watch);

/* -- background tasks ------------------------------------------------------ */

/* worker:  peal_task_run            done(worker, err, user): answer
 *               \                      /
 * pool:          work(user): may block
 *
 * Both get the same `user`: a struct of the caller's with what goes in and what
 * comes out; only one of the two sides has it at a time, so it needs no
 * lock. */

/* Runs on a pool thread: may block, must not touch the worker's objects. */
typedef void (*peal_task_work_fn)(void *user);
/* Runs on the worker afterwards, exactly once. `err` is PEAL_OK, or
 * PEAL_ERR_CANCELLED if the work never ran because the worker ended. */
typedef void (*peal_task_done_fn)(peal_worker *worker, peal_err err,
                                  void *user);

/* Run `work` on the thread pool and `done` (may be NULL) on `worker` after
 * it, never inside this call. The pool has 4 threads for the whole program
 * (environment UV_THREADPOOL_SIZE: up to 1024), which files and compression
 * use, too; the rest waits in a queue without a ceiling: who starts tasks for
 * peers has to bound them. A stop waits for work that has begun.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM (neither is called). From
 * another thread it begins with the worker's next turn. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_task_run(peal_worker *worker,
                                                peal_task_work_fn work,
                                                peal_task_done_fn done,
                                                void *user);

/* -- figures ------------------------------------------------------------- */

/* What a worker has done since it was made, but for what is said to be of
 * now. */
typedef struct peal_worker_stats {
  uint64_t turns;         /* wake-ups; an idle worker has none */
  uint64_t posts;         /* posted functions that ran */
  uint64_t tasks_running; /* tasks begun and not done */
  uint64_t connections;   /* open TCP connections */
  uint64_t bytes_in;      /* read from connections, since the beginning */
  uint64_t bytes_out;     /* written to them */
  uint64_t lag_max_ms;    /* longest turn since the last call */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_worker_stats;

/* Its figures as of now. Each call begins `lag_max_ms` anew, so only one reader
 * should ask. Thread: any. */
PEAL_API void peal_worker_stats_get(peal_worker *worker,
                                    peal_worker_stats *out);

#ifdef __cplusplus
}
#endif
