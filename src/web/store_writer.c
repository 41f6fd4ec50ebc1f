/* SPDX-License-Identifier: MIT */
/* store_writer: the one thread that writes, several jobs in one transaction. */
#include <pthread.h>

#include "net/system.h"
#include "web/store_impl.h"

/* Several jobs share one transaction (group commit). */
typedef struct batch {
  peal_store_job *first, *last;
  size_t count;
  uint64_t began_us;
} batch;

static uint64_t now_us(void) {
  return uv_hrtime() / 1000;
}

static bool may_wait(const peal_store *store) {
  const peal_store_queue *queue = &store->writes;
  return !store->closing && !store->hurry && !queue->last->urgent &&
         queue->count < store->opts.batch_max;
}

/* Under the lock: the first job is there, others may come. */
static void wait_for_company(peal_store *store) {
  uint64_t until = now_us() + (uint64_t)store->opts.batch_ms * 1000;
  while (may_wait(store)) {
    uint64_t now = now_us();
    if (now >= until)
      return;
    uv_cond_timedwait(&store->writes.more, &store->lock, (until - now) * 1000);
  }
}

static bool take(peal_store *store, batch *out) {
  *out = (batch){0};
  uv_mutex_lock(&store->lock);
  while (!store->writes.count && !store->closing)
    uv_cond_wait(&store->writes.more, &store->lock);
  if (store->writes.count)
    wait_for_company(store);
  while (out->count < store->opts.batch_max && store->writes.count) {
    peal_store_job *job = peal_store_job_shift(&store->writes);
    if (out->last)
      out->last->next = job;
    else
      out->first = job;
    out->last = job;
    out->count++;
  }
  uv_mutex_unlock(&store->lock);
  out->began_us = now_us();
  return out->count > 0;
}

/* All statements or none. Returns false if the transaction itself is gone. */
static bool run_job(peal_store_conn *conn, peal_store_job *job) {
  bool several = job->count > 1;
  if (several && peal_store_conn_exec(conn, "SAVEPOINT job") != SQLITE_OK)
    return false;
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < job->count && !err; i++)
    err = peal_store_conn_run(conn, job, &job->stmts[i]);
  /* Full disk, input or output errors and lack of memory roll back all. */
  if (sqlite3_get_autocommit(conn->db))
    return false;
  if (!several)
    return true;
  if (err && peal_store_conn_exec(conn, "ROLLBACK TO job") != SQLITE_OK)
    return false;
  return peal_store_conn_exec(conn, "RELEASE job") == SQLITE_OK;
}

static void roll_back(peal_store_conn *conn) {
  if (!sqlite3_get_autocommit(conn->db))
    (void)peal_store_conn_exec(conn, "ROLLBACK");
}

/* A job in a transaction of its own: nobody else is concerned. */
static void run_alone(peal_store_conn *conn, peal_store_job *job) {
  int code = peal_store_conn_exec(conn, "BEGIN IMMEDIATE");
  if (code != SQLITE_OK) {
    peal_store_conn_tell(conn, job, code);
    return;
  }
  bool whole = run_job(conn, job);
  if (!whole && !job->result.err)
    peal_store_conn_tell(conn, job, sqlite3_extended_errcode(conn->db));
  if (whole && !job->result.err) {
    code = peal_store_conn_exec(conn, "COMMIT");
    if (code != SQLITE_OK)
      peal_store_conn_tell(conn, job, code);
  }
  roll_back(conn);
}

/* Returns false if nothing of it is in the database and each job must be
 * tried alone. */
static bool run_together(peal_store_conn *conn, batch *jobs) {
  int code = peal_store_conn_exec(conn, "BEGIN IMMEDIATE");
  if (code != SQLITE_OK) {
    /* Locked: it is the same for all. */
    for (peal_store_job *job = jobs->first; job; job = job->next)
      peal_store_conn_tell(conn, job, code);
    return true;
  }
  for (peal_store_job *job = jobs->first; job; job = job->next) {
    if (!run_job(conn, job)) {
      roll_back(conn);
      return false;
    }
  }
  if (peal_store_conn_exec(conn, "COMMIT") == SQLITE_OK)
    return true;
  roll_back(conn);
  return false;
}

static void count_batch(peal_store *store, const batch *jobs) {
  uint64_t took = now_us() - jobs->began_us;
  uv_mutex_lock(&store->lock);
  store->stats.commits++;
  store->stats.writes += jobs->count;
  if (took > store->stats.commit_max_us)
    store->stats.commit_max_us = took;
  uv_mutex_unlock(&store->lock);
}

static void finish_all(peal_store_job *job) {
  while (job) {
    peal_store_job *next = job->next;
    peal_store_job_finish(job);
    job = next;
  }
}

void peal_store_writer_main(void *arg) {
  peal_store *store = arg;
  batch jobs;
  peal_system_name_thread("peal-store");
  while (take(store, &jobs)) {
    if (jobs.count == 1 || !run_together(&store->writer, &jobs)) {
      for (peal_store_job *job = jobs.first; job; job = job->next)
        run_alone(&store->writer, job);
    }
    count_batch(store, &jobs);
    finish_all(jobs.first);
  }
}
