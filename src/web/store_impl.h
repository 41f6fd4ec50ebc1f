/* SPDX-License-Identifier: MIT */
#pragma once
/* store_impl: what the files of the store share: jobs, queues, connections.
 *
 *   worker -> job -> queue -> writer thread: BEGIN, jobs, COMMIT -> worker
 *                         \-> reader threads: one job each       -> worker */
#include <sqlite3.h>
#include <uv.h>

#include <peal/store.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/logger.h"
#include "net/worker_impl.h"

/* Prepared statements that a connection keeps. */
#define PEAL_STORE_CACHED 64u
/* Nesting that is looked at when a parameter's bytes are counted. */
#define PEAL_STORE_DEPTH 128u

typedef struct peal_store_job_stmt {
  char *sql;      /* owned by the job's block */
  peal_doc *args; /* an array */
} peal_store_job_stmt;

typedef struct peal_store_job {
  peal_mail mail;
  struct peal_store_job *next;
  peal_store *store;
  const peal_mem *mem; /* the store's: what is told late outlives it */
  peal_worker *worker; /* NULL: somebody waits for `finished` */
  peal_store_fn fn;
  void *user;
  size_t bytes; /* of parameters, as counted against the ceiling */
  bool finished;
  bool urgent; /* do not wait for company */

  /* What came of it. */
  peal_store_result result;
  char message[256];
  peal_arena arena; /* of the rows */
  peal_buf rows;    /* peal_val each */

  size_t count;
  peal_store_job_stmt stmts[];
} peal_store_job;

typedef struct peal_store_queue {
  peal_store_job *first, *last;
  size_t count, bytes;
  uv_cond_t more;
} peal_store_queue;

typedef struct peal_store_cached {
  sqlite3_stmt *stmt;
  uint32_t hash;
  uint64_t used; /* for the choice of whom to drop */
} peal_store_cached;

typedef struct peal_store_conn {
  peal_store *store;
  sqlite3 *db;
  bool own; /* our statement is prepared: transactions are allowed */
  uint64_t clock;
  peal_store_cached cached[PEAL_STORE_CACHED];
} peal_store_conn;

typedef struct peal_store_reader {
  peal_store *store;
  peal_store_conn conn;
  uv_thread_t thread;
  bool has_thread;
} peal_store_reader;

struct peal_store {
  peal_store_opts opts; /* defaults filled in; path is `path` */
  char *path;
  const peal_mem *mem;
  peal_logger *log;

  uv_mutex_t lock;    /* all below up to `stats` */
  uv_cond_t finished; /* of a job that is waited for */
  peal_store_queue writes, reads;
  bool closing;
  bool hurry; /* the stop has begun: nothing waits for company */
  peal_store_stats stats;

  peal_store_conn writer; /* the writer thread's */
  uv_thread_t thread;
  bool has_thread;
  peal_store_reader *readers;
  uint32_t reader_count; /* whose connection is open */
};

/* -- jobs ------------------------------------------------------------------ */

/* Copies statements and parameters; the caller says who is told.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_USAGE. */
PEAL_MUST_CHECK peal_err peal_store_job_new(peal_store_job **out,
                                            peal_store *store,
                                            const peal_store_stmt *stmts,
                                            size_t count);
void peal_store_job_free(peal_store_job *job);
/* Forget what came of it, for another try. */
void peal_store_job_reset(peal_store_job *job);
/* The result is there: tell who asked, in a thread of the store. */
void peal_store_job_finish(peal_store_job *job);
/* Failed without a statement being run. */
void peal_store_job_fail(peal_store_job *job, peal_err err,
                         const char *message);

/* -- queues (under the lock) ----------------------------------------------- */

void peal_store_job_push(peal_store_queue *queue, peal_store_job *job);
peal_store_job *peal_store_job_shift(peal_store_queue *queue);

/* -- connections ----------------------------------------------------------- */

/* Returns: PEAL_OK, PEAL_ERR_STORE (logged). */
PEAL_MUST_CHECK peal_err peal_store_conn_open(peal_store_conn *conn,
                                              peal_store *store,
                                              bool for_writes);
void peal_store_conn_close(peal_store_conn *conn);
/* One of our own statements or scripts, without result. An sqlite code. */
int peal_store_conn_exec(peal_store_conn *conn, const char *sql);
/* Run one statement of a job; the result is in the job. */
peal_err peal_store_conn_run(peal_store_conn *conn, peal_store_job *job,
                             const peal_store_job_stmt *stmt);
/* Put the error of the connection into the job's result. */
void peal_store_conn_tell(peal_store_conn *conn, peal_store_job *job, int code);

/* -- threads --------------------------------------------------------------- */

void peal_store_writer_main(void *store);
void peal_store_reader_main(void *reader);
/* Bring the schema up to date, on the calling thread. Logs why not. */
PEAL_MUST_CHECK peal_err peal_store_migrate(peal_store *store);
