/* SPDX-License-Identifier: MIT */
#pragma once
/* store: SQLite for a server that must not block: one writer thread with a
 * queue, readers beside it, results on the worker that asked.
 *
 *   worker: peal_store_write            peal_store_read            fn(result)
 *                 |                           |                       ^  ^
 *                 v                           v                       |  |
 *            queue of writes             queue of reads               |  |
 *                 |                           |                       |  |
 *            writer thread:              reader threads:              |  |
 *            BEGIN, many of them,        one statement each ----------+  |
 *            COMMIT, on disk --------------------------------------------+
 *
 * Acknowledged means committed: a write's callback comes after the COMMIT
 * that holds it is on disk (write-ahead log, synchronous FULL: it survives a
 * power cut, too). Small writes that come within a few milliseconds share one
 * commit; each has its own result, and one that fails does not spoil the
 * others. Writes are done in the order in which they were asked for, reads
 * beside them. After "disk full" or an I/O error the store stays usable.
 *
 * Parameters are values, one for each `?`: null, bool, int, double, string and
 * binary as themselves, arrays and objects as JSON text. Rows come back as an
 * array of objects, {"column": value}. Never put what a client sent into the
 * text of a statement: that is what parameters are for.
 *
 * Order: peal_store_open, the run, peal_store_close, peal_workers_free. Without
 * a store (NULL) the functions below return PEAL_ERR_USAGE, or do nothing. */
#include <peal/base.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One database file, open for the life of the server. */
typedef struct peal_store peal_store;

/* Options of a store; only `path` is needed. */
typedef struct peal_store_opts {
  const char *path; /* of the database file; made with mode 0600 if missing;
                       not ":memory:". Copied */
  /* SQL scripts, NULL-terminated: entry i takes the schema (user_version) from
   * i to i + 1. What is missing runs in one transaction: all of it, or none.
   * Never change an entry, append. Used while it opens only. */
  const char *const *migrations;
  /* Where callbacks run if the caller is no worker (worker 0), and whose stop
   * ends the waiting for more to batch. NULL: only the _sync functions and
   * calls from workers. */
  peal_workers *workers;
  uint32_t batch_ms;       /* a commit waits so long for company; default 3;
                             PEAL_STORE_NO_WAIT: takes what is queued */
  uint32_t batch_max;      /* statements of one commit; default 512 */
  uint32_t max_queue;      /* writes waiting; default 4096; more:
                             PEAL_ERR_QUEUE_FULL. The same for reads */
  size_t max_queue_bytes;  /* of their parameters; default 64 MiB */
  uint32_t readers;        /* read connections, a thread each; default 2, at
                             most 64 */
  uint32_t busy_ms;        /* another process locks the file: retry so long,
                             then PEAL_ERR_STORE; default 2000 */
  uint32_t max_rows;       /* of one result; default 10000; more:
                             PEAL_ERR_TOO_LONG */
  size_t max_result_bytes; /* default 64 MiB */
  peal_log_opts log;       /* of the store: a logger of its own */
  const peal_mem *mem;     /* borrowed for life, used from several threads;
                          NULL: libc */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_store_opts;

#define PEAL_STORE_NO_WAIT UINT32_MAX /* as `batch_ms`: no wait for company */

/* Open (made if missing), migrate, start the threads. Blocks, while another
 * process holds the file up to `busy_ms`: for the time before the run. Copies
 * `opts`. On failure *out is NULL, and the log has a line that says what is
 * wrong with the file.
 * Returns: PEAL_OK, PEAL_ERR_STORE, PEAL_ERR_USAGE (no path, or more than 64
 * readers; the file's schema is newer than the migrations), PEAL_ERR_SYSTEM (no
 * thread), PEAL_ERR_NOMEM. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_open(peal_store **out,
                                                  const peal_store_opts *opts);
/* Finish what is queued, checkpoint, close. After the run, before the workers
 * are freed. Blocks. Callbacks that are still due are called meanwhile, on a
 * thread of the store, one at a time: their workers have ended. If these never
 * ran, the callbacks are called by peal_workers_free. */
PEAL_API void peal_store_close(peal_store *store);

/* What came of a statement. Everything is borrowed until the callback returns;
 * rows that are to be kept are copied by peal_doc_new. */
typedef struct peal_store_result {
  peal_err err;        /* PEAL_OK; PEAL_ERR_STORE, PEAL_ERR_EXISTS (a UNIQUE or
                          PRIMARY KEY constraint), PEAL_ERR_USAGE (wrong SQL or
                          parameters), PEAL_ERR_TOO_LONG, PEAL_ERR_NOMEM */
  const char *message; /* in words, for the log; never for a client */
  bool is_full;        /* the disk is full */
  bool is_locked;      /* another process holds the lock */
  peal_val rows;       /* an array, empty if the statement returns none */
  int64_t last_id;     /* rowid of the last INSERT of this statement */
  int64_t changes;     /* rows changed */
} peal_store_result;

/* The result is there; `result` is borrowed. `err` first: on errors there are
 * no rows.
 *
 *   if (result->err == PEAL_ERR_EXISTS)
 *     answer 409
 *   else if (result->err)
 *     log result->message, answer 503
 *   else
 *     peal_val_get(peal_val_at(result->rows, 0), "id")
 */
typedef void (*peal_store_fn)(const peal_store_result *result, void *user);

/* Change something: exactly one statement (RETURNING is allowed; BEGIN, COMMIT
 * and the like are not: see peal_store_write_all). `sql` should be a constant
 * text: it is copied, and each connection keeps the last 64 of them prepared.
 * `args` are copied, too; nested deeper than 128 is PEAL_ERR_NOMEM. `fn` (may
 * be NULL: nobody is told) comes exactly once, never inside this call, on the
 * calling worker; on worker 0 of `workers` if the caller is none.
 * Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL (max_queue, max_queue_bytes: try later,
 * or tell the client), PEAL_ERR_CLOSED, PEAL_ERR_USAGE (no text, no worker),
 * PEAL_ERR_NOMEM; on error `fn` is not called. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_write(peal_store *store,
                                                   const char *sql,
                                                   peal_args args,
                                                   peal_store_fn fn,
                                                   void *user);

/* One statement of several, borrowed for the call. */
typedef struct peal_store_stmt {
  const char *sql; /* one statement, terminated */
  peal_args args;  /* for its `?`, in order */
} peal_store_stmt;

/* Several statements, 1 to 10000, all or none, and nobody sees a part of them.
 * The result is that of the last one, or of the first that failed. Otherwise as
 * peal_store_write. They share a commit as single ones do:
 *
 *   BEGIN  other writes  | SAVEPOINT  stmts[0]  stmts[1] ... |  other writes
 *   COMMIT               | RELEASE, or ROLLBACK TO on errors |
 *
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_store_write_all(peal_store *store, const peal_store_stmt *stmts,
                     size_t count, peal_store_fn fn, void *user);
/* Ask: one statement that changes nothing (another is PEAL_ERR_USAGE in its
 * result), on a read connection; it sees every write whose callback has been
 * called. A long one keeps one of the `readers`, and nobody else. Otherwise as
 * peal_store_write. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_read(peal_store *store,
                                                  const char *sql,
                                                  peal_args args,
                                                  peal_store_fn fn, void *user);
/* Is it well: writes a row of its own table (peal_probe) and reads it back.
 * `fn` gets PEAL_OK or why not, as of a write: behind what is queued. For
 * health pages: peal_web_health asks it. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_probe(peal_store *store,
                                                   peal_store_fn fn,
                                                   void *user);
/* A write or read that waits for its result, for the time before and after
 * the run and for threads of the program's own: on a worker it is
 * PEAL_ERR_USAGE. *rows (may be NULL) is the caller's: an array; free with
 * peal_doc_free. An error is logged with its words.
 * Returns: as peal_store_write, or as the result's `err`. Thread: any but a
 * worker's. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_exec_sync(peal_store *store,
                                                       const char *sql,
                                                       peal_args args,
                                                       peal_doc **rows);

/* Figures since it was opened, but for what is of now. Many `writes` for few
 * `commits` is the sharing at work; `refused` that grows asks for a larger
 * queue or for fewer writes; `commit_max_us` that grows, for another disk. */
typedef struct peal_store_stats {
  uint64_t writes, reads, commits, errors, refused; /* so far */
  uint64_t queued;                                  /* writes now waiting */
  uint64_t commit_max_us; /* longest commit since the last call */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_store_stats;

/* Each call begins `commit_max_us` anew, so only one reader should ask (the
 * metrics page of the web layer does). Thread: any. */
PEAL_API void peal_store_stats_get(peal_store *store, peal_store_stats *out);

#ifdef __cplusplus
}
#endif
