/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox: events that must not be lost. They are written into files and stay
 * there until the server has acknowledged them: through outages, restarts and
 * crashes, in order.
 *
 *   peal_outbox *outbox;
 *   peal_outbox_new(&outbox, &(peal_outbox_opts){.dir = "spool",
 *                                                .id_name = "id"}, NULL);
 *   peal_outbox_attach(outbox, peal_client_of(client, "/"));
 *   peal_outbox_emit(outbox, "result", PEAL_ARGS(PEAL_OBJECT({"sv30", x})),
 *                    NULL);
 *
 *   peal_outbox_emit --> file --> peal_client_emit_ack --> server
 *                         ^                                  |
 *                         +--- over <--- acknowledgement <---+
 *
 * What is promised: an event that is stored is sent until it is acknowledged,
 * and never before one that was stored earlier (with `window` 1). An event may
 * be sent more than once, when an acknowledgement was lost: its id is the same
 * each time, also behind a restart, so that the server can tell.
 *
 * An outbox is a folder; one process has it at a time. It has a thread of its
 * own, which writes and sends; no function but peal_outbox_new and _free waits
 * for a disk where a worker would. All functions are for any thread. Callbacks
 * are called on the outbox's thread, one at a time, unless it says otherwise;
 * all functions may be called in them, peal_outbox_free included. Without an
 * object (NULL) nothing happens: PEAL_ERR_USAGE or 0.
 *
 * Example: examples/client_outbox/main.c */
#include <peal/base.h>
#include <peal/client.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A folder of events. */
typedef struct peal_outbox peal_outbox;

/* What happens to an event for which there is no room. */
typedef enum peal_outbox_full {
  PEAL_OUTBOX_REFUSE,     /* peal_outbox_emit returns PEAL_ERR_QUEUE_FULL */
  PEAL_OUTBOX_DROP_OLDEST /* the oldest file goes with all that it holds */
} peal_outbox_full;

/* When files are forced to the disk (fdatasync). A program may be killed at any
 * moment with either; this is about the machine and its power. */
typedef enum peal_outbox_sync {
  PEAL_OUTBOX_SYNC_ALWAYS,   /* before an event counts as stored */
  PEAL_OUTBOX_SYNC_INTERVAL, /* `sync_interval_ms` behind a write at latest */
  PEAL_OUTBOX_SYNC_NEVER     /* when the system likes to */
} peal_outbox_sync;

/* What an acknowledgement means. */
typedef enum peal_outbox_verdict {
  PEAL_OUTBOX_DONE,   /* it has it: the event is over */
  PEAL_OUTBOX_AGAIN,  /* not now: the same event again, later */
  PEAL_OUTBOX_GIVE_UP /* never: `on_given_up` gets the event, then it is over */
} peal_outbox_verdict;

/* Read an acknowledgement; `args` are borrowed. On the client's worker, not to
 * block. */
typedef peal_outbox_verdict (*peal_outbox_accept_fn)(peal_slice id,
                                                     peal_args args,
                                                     void *user);
/* The event with this id (borrowed) is stored, or is over. */
typedef void (*peal_outbox_event_fn)(peal_outbox *outbox, peal_slice id,
                                     void *user);
/* An event that is given up, as it was emitted; all is borrowed. It is still in
 * the file: _DONE ends it, _AGAIN (what is to become of it failed) sends it
 * again later. A program that is killed meanwhile sends it again, too. May
 * block. */
typedef peal_outbox_verdict (*peal_outbox_given_up_fn)(peal_outbox *outbox,
                                                       peal_slice id,
                                                       peal_slice event,
                                                       peal_args args,
                                                       void *user);

/* Something is wrong, in words: `err` is PEAL_ERR_IO (the disk: `text` says
 * what), PEAL_ERR_QUEUE_FULL (events were dropped for new ones), PEAL_ERR_CLOSED
 * (the connection ends behind the same event again and again: the server may
 * not take it, for its size perhaps; those behind it wait) or PEAL_OK (that is
 * over). Told when it changes, not for each event. */
typedef struct peal_outbox_problem {
  peal_err err;
  char text[256];
} peal_outbox_problem;

typedef void (*peal_outbox_problem_fn)(peal_outbox *outbox,
                                       const peal_outbox_problem *problem,
                                       void *user);

/* Options; only `dir` is needed. */
typedef struct peal_outbox_opts {
  const char *dir;    /* made if it is not there; its parent has to be */
  uint64_t max_bytes; /* of all its files; 4 KiB or more; default 64 MiB */
  peal_outbox_full full;
  peal_outbox_sync sync;
  uint32_t sync_interval_ms; /* default 1000 */
  /* The first argument, if it is an object, gets the id as this member; NULL:
   * it does not. */
  const char *id_name;
  /* peal_outbox_emit never waits for the file: it returns when the event is in
   * memory, `on_stored` tells of the file. On a worker it is always so. */
  bool behind;
  uint32_t window;         /* events sent and not acknowledged, at most; default
                              1, which keeps the order; up to 1024 */
  uint32_t ack_timeout_ms; /* then the event is sent again; default 10000 */
  uint32_t retry_ms;     /* behind PEAL_OUTBOX_AGAIN, doubling; default 1000 */
  uint32_t retry_max_ms; /* at most; default 30000 */
  peal_outbox_accept_fn accept; /* NULL: every acknowledgement is _DONE */
  peal_outbox_event_fn on_stored, on_delivered;
  peal_outbox_problem_fn on_problem;
  void *user;          /* last argument of all of these */
  const peal_mem *mem; /* borrowed for life; NULL: libc; for several threads */
  peal_outbox_given_up_fn on_given_up; /* NULL: it is over */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[15];
} peal_outbox_opts;

/* What an outbox holds and has seen. */
typedef struct peal_outbox_stats {
  uint64_t pending;   /* events that are stored and not over */
  uint64_t queued;    /* events on their way to the file */
  uint64_t bytes;     /* of its files */
  uint64_t delivered; /* since it was made */
  uint64_t dropped;   /* for want of room, since it was made */
  uint64_t damaged;   /* places in its files that could not be read */
  uint64_t torn;      /* files whose end was not written whole */
  uint64_t given_up;  /* since it was made */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[7];
} peal_outbox_stats;

/* Open the folder and read what it holds; ends of files that were not written
 * whole are cut, damage is skipped and counted; files of two outboxes in it are
 * an error (PEAL_ERR_IO). Copies `opts`; `why` may be NULL. Blocks.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (no folder, a number out of range);
 * PEAL_ERR_OPTION; PEAL_ERR_EXISTS (another one has it); PEAL_ERR_IO;
 * PEAL_ERR_NOMEM; PEAL_ERR_SYSTEM (no thread); *out is NULL on errors.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_outbox_new(peal_outbox **out,
                                                  const peal_outbox_opts *opts,
                                                  peal_outbox_problem *why);
/* Write what is queued, end the thread, close the folder; what is not over is
 * there for the next one. When it returns no callback runs and none will come,
 * unless it was called inside of one: then none comes behind that one. NULL is
 * a no-op. Thread: any. */
PEAL_API void peal_outbox_free(peal_outbox *outbox);

/* Send what is stored to this namespace, from the next moment on that it is
 * connected. The outbox is to be freed or detached before the client is freed.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (it is attached already); PEAL_ERR_NOMEM.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_outbox_attach(peal_outbox *outbox,
                                                     peal_client_nsp *nsp);
/* Send nothing any more; when it returns the client may be freed. Events whose
 * acknowledgement is on its way are sent again later. Thread: any. */
PEAL_API void peal_outbox_detach(peal_outbox *outbox);

/* Store an event. Name and arguments are encoded before the call returns.
 * `id` is what the server tells repeats by; NULL: one that is unique for ever.
 * Returns: PEAL_OK: it is in the file (on a worker, in a callback of the
 * outbox, or with `behind`: it will be, as soon as the disk takes it);
 * PEAL_ERR_QUEUE_FULL (max_bytes; or 8 MiB wait for the disk); PEAL_ERR_IO (the
 * disk did not take it: it is not stored, but a program that ends before the
 * disk is well again may find it there later); PEAL_ERR_LIMIT (larger than a
 * quarter of max_bytes, or than 64 MiB; more than 65535 binaries; an id longer
 * than 255); PEAL_ERR_RESERVED; PEAL_ERR_DEPTH; PEAL_ERR_NOMEM;
 * PEAL_ERR_CLOSED (it is being freed). Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_outbox_emit(peal_outbox *outbox,
                                                   const char *event,
                                                   peal_args args,
                                                   const char *id);
/* How many events are not over, those on their way to the file with them.
 * Thread: any. */
PEAL_API uint64_t peal_outbox_pending(const peal_outbox *outbox);
/* Its figures as of now. Thread: any. */
PEAL_API void peal_outbox_stats_get(const peal_outbox *outbox,
                                    peal_outbox_stats *out);

#ifdef __cplusplus
}
#endif
