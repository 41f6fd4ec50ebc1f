/* SPDX-License-Identifier: MIT */
#pragma once
/* store: SQLite for a server that must not block: one writer thread with a
 * queue, readers beside it, results on the worker that asked.
 *
 * Acknowledged means committed: a write's callback comes after the COMMIT
 * that holds it is on disk. Small writes that come within a few milliseconds
 * share one commit; each has its own result, and one that fails does not
 * spoil the others. After "disk full" or an I/O error the store stays usable.
 *
 * Parameters are values: null, bool, int, double, string and binary as
 * themselves, arrays and objects as JSON text. Rows come back as an array of
 * objects, {"column": value}. */
#include <peal/base.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_store peal_store;

typedef struct peal_store_opts {
  const char *path; /* of the database file; made with mode 0600 if missing */
  /* SQL scripts, NULL-terminated: entry i takes the schema (user_version) from
   * i to i + 1, in one transaction. Never change an entry, append. */
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
  uint32_t readers;        /* read connections, a thread each; default 2 */
  uint32_t busy_ms;        /* another process locks the file: retry so long,
                             then PEAL_ERR_STORE; default 2000 */
  uint32_t max_rows;       /* of one result; default 10000; more:
                             PEAL_ERR_TOO_LONG */
  size_t max_result_bytes; /* default 64 MiB */
  peal_log_opts log;
  const peal_mem *mem; /* borrowed for life, used from several threads;
                          NULL: libc */
} peal_store_opts;

#define PEAL_STORE_NO_WAIT UINT32_MAX

/* Open (made if missing), migrate, start the threads. Copies `opts`. On
 * failure the log has a line that says why, *out is NULL.
 * Returns: PEAL_OK, PEAL_ERR_STORE, PEAL_ERR_USAGE (the file's schema is newer
 * than the migrations), PEAL_ERR_NOMEM. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_open(peal_store **out,
                                                  const peal_store_opts *opts);
/* Finish what is queued (its callbacks are called), checkpoint, close. After
 * the run, before the workers are freed. Blocks. */
PEAL_API void peal_store_close(peal_store *store);

/* What came of a statement. Everything is borrowed until the callback
 * returns. */
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

typedef void (*peal_store_fn)(const peal_store_result *result, void *user);

/* Change something: one statement (RETURNING is allowed). `sql` should be a
 * constant text: it is prepared once and kept (copied). `args` are copied.
 * `fn` (may be NULL) comes exactly once, on the calling worker.
 * Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL, PEAL_ERR_CLOSED, PEAL_ERR_USAGE,
 * PEAL_ERR_NOMEM; on error `fn` is not called. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_write(peal_store *store,
                                                   const char *sql,
                                                   peal_args args,
                                                   peal_store_fn fn,
                                                   void *user);

/* One statement of several. */
typedef struct peal_store_stmt {
  const char *sql;
  peal_args args;
} peal_store_stmt;

/* Several statements, all or none. The result is that of the last one, or of
 * the first that failed. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_store_write_all(peal_store *store, const peal_store_stmt *stmts,
                     size_t count, peal_store_fn fn, void *user);
/* Ask: one statement that changes nothing, on a read connection; it sees every
 * write whose callback has been called. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_read(peal_store *store,
                                                  const char *sql,
                                                  peal_args args,
                                                  peal_store_fn fn, void *user);
/* Is it well: writes a row of its own table and reads it back. `fn` gets
 * PEAL_OK or why not. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_probe(peal_store *store,
                                                   peal_store_fn fn,
                                                   void *user);
/* A write or read that waits for its result, for the time before and after
 * the run: never on a worker. *rows (may be NULL) is the caller's: an array;
 * free with peal_doc_free. Returns: as the result's `err`. */
PEAL_API PEAL_MUST_CHECK peal_err peal_store_exec_sync(peal_store *store,
                                                       const char *sql,
                                                       peal_args args,
                                                       peal_doc **rows);

typedef struct peal_store_stats {
  uint64_t writes, reads, commits, errors, refused; /* so far */
  uint64_t queued;                                  /* writes now waiting */
  uint64_t commit_max_us; /* longest commit since the last call */
} peal_store_stats;

/* Thread: any. */
PEAL_API void peal_store_stats_get(peal_store *store, peal_store_stats *out);

#ifdef __cplusplus
}
#endif
