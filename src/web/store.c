/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <peal/store.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "web/store_impl.h"

#define OR(value, otherwise)                                                   \
  if (!(value))                                                                \
  (value) = (otherwise)

static void fill_defaults(peal_store_opts *opts) {
  OR(opts->batch_ms, 3);
  if (opts->batch_ms == PEAL_STORE_NO_WAIT)
    opts->batch_ms = 0;
  OR(opts->batch_max, 512);
  OR(opts->max_queue, 4096);
  OR(opts->max_queue_bytes, (size_t)64 << 20);
  OR(opts->readers, 2);
  OR(opts->busy_ms, 2000);
  OR(opts->max_rows, 10000);
  OR(opts->max_result_bytes, (size_t)64 << 20);
}

/* Nothing that comes now waits for company. */
static void on_stop(peal_worker *worker, void *user) {
  (void)worker;
  peal_store *store = user;
  uv_mutex_lock(&store->lock);
  store->hurry = true;
  uv_cond_broadcast(&store->writes.more);
  uv_mutex_unlock(&store->lock);
}

static peal_store *make(const peal_store_opts *opts) {
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_store *store = peal_mem_zalloc(mem, sizeof(*store));
  if (!store)
    return NULL;
  store->mem = mem;
  store->opts = *opts;
  fill_defaults(&store->opts);
  store->path = peal_mem_str(mem, peal_slice_of(opts->path));
  store->log = peal_logger_new(&opts->log);
  store->readers =
      peal_mem_zalloc(mem, store->opts.readers * sizeof(*store->readers));
  if (!store->path || !store->log || !store->readers) {
    peal_mem_free(mem, store->readers);
    peal_logger_free(store->log);
    peal_mem_free(mem, store->path);
    peal_mem_free(mem, store);
    return NULL;
  }
  uv_mutex_init(&store->lock);
  uv_cond_init(&store->finished);
  uv_cond_init(&store->writes.more);
  uv_cond_init(&store->reads.more);
  return store;
}

static peal_err start_readers(peal_store *store) {
  for (uint32_t i = 0; i < store->opts.readers; i++) {
    peal_store_reader *reader = &store->readers[i];
    reader->store = store;
    peal_err err = peal_store_conn_open(&reader->conn, store, false);
    if (err)
      return err;
    store->reader_count++;
    if (uv_thread_create(&reader->thread, peal_store_reader_main, reader))
      return PEAL_ERR_SYSTEM;
    reader->has_thread = true;
  }
  return PEAL_OK;
}

static peal_err start(peal_store *store) {
  peal_err err = peal_store_conn_open(&store->writer, store, true);
  if (!err)
    err = peal_store_migrate(store);
  if (!err)
    err = start_readers(store);
  if (!err && uv_thread_create(&store->thread, peal_store_writer_main, store))
    err = PEAL_ERR_SYSTEM;
  if (err)
    return err;
  store->has_thread = true;
  if (!store->opts.workers)
    return PEAL_OK;
  return peal_workers_on_stop(store->opts.workers, on_stop, store);
}

peal_err peal_store_open(peal_store **out, const peal_store_opts *opts) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  if (!opts || !opts->path || strcmp(opts->path, ":memory:") == 0 ||
      opts->readers > 64)
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->log))
    return PEAL_ERR_OPTION;
  peal_store *store = make(opts);
  if (!store)
    return PEAL_ERR_NOMEM;
  peal_err err = start(store);
  if (err) {
    peal_store_close(store);
    return err;
  }
  peal_logger_start(store->log);
  *out = store;
  return PEAL_OK;
}

void peal_store_close(peal_store *store) {
  if (!store)
    return;
  uv_mutex_lock(&store->lock);
  store->closing = true;
  uv_cond_broadcast(&store->writes.more);
  uv_cond_broadcast(&store->reads.more);
  uv_mutex_unlock(&store->lock);
  for (uint32_t i = 0; i < store->reader_count; i++) {
    if (store->readers[i].has_thread)
      uv_thread_join(&store->readers[i].thread);
    peal_store_conn_close(&store->readers[i].conn);
  }
  if (store->has_thread)
    uv_thread_join(&store->thread);
  if (store->opts.workers)
    peal_worker_impl_forget(store->opts.workers, store);
  /* The last connection that closes checkpoints the WAL. */
  peal_store_conn_close(&store->writer);
  uv_cond_destroy(&store->reads.more);
  uv_cond_destroy(&store->writes.more);
  uv_cond_destroy(&store->finished);
  uv_mutex_destroy(&store->lock);
  peal_mem_free(store->mem, store->readers);
  peal_logger_free(store->log);
  peal_mem_free(store->mem, store->path);
  peal_mem_free(store->mem, store);
}

/* Takes `job`, also on failure. */
static peal_err enqueue(peal_store *store, peal_store_queue *queue,
                        peal_store_job *job) {
  peal_err err = PEAL_OK;
  uv_mutex_lock(&store->lock);
  if (store->closing)
    err = PEAL_ERR_CLOSED;
  else if (queue->count >= store->opts.max_queue ||
           queue->bytes + job->bytes > store->opts.max_queue_bytes)
    err = PEAL_ERR_QUEUE_FULL;
  if (err) {
    store->stats.refused++;
  } else {
    if (job->worker && job->fn)
      peal_worker_impl_ask(job->worker);
    peal_store_job_push(queue, job);
    uv_cond_signal(&queue->more);
  }
  uv_mutex_unlock(&store->lock);
  if (err)
    peal_store_job_free(job);
  return err;
}

static peal_err ask(peal_store *store, peal_store_queue *queue,
                    const peal_store_stmt *stmts, size_t count,
                    peal_store_fn fn, void *user) {
  peal_worker *worker = peal_worker_self();
  if (!worker && store->opts.workers)
    worker = peal_workers_get(store->opts.workers, 0);
  if (!worker)
    return PEAL_ERR_USAGE;
  peal_store_job *job = NULL;
  peal_err err = peal_store_job_new(&job, store, stmts, count);
  if (err)
    return err;
  job->worker = worker;
  job->fn = fn;
  job->user = user;
  return enqueue(store, queue, job);
}

peal_err peal_store_write(peal_store *store, const char *sql, peal_args args,
                          peal_store_fn fn, void *user) {
  if (!store)
    return PEAL_ERR_USAGE;
  return ask(store, &store->writes, &(peal_store_stmt){sql, args}, 1, fn, user);
}

peal_err peal_store_write_all(peal_store *store, const peal_store_stmt *stmts,
                              size_t count, peal_store_fn fn, void *user) {
  if (!store)
    return PEAL_ERR_USAGE;
  return ask(store, &store->writes, stmts, count, fn, user);
}

peal_err peal_store_read(peal_store *store, const char *sql, peal_args args,
                         peal_store_fn fn, void *user) {
  if (!store)
    return PEAL_ERR_USAGE;
  return ask(store, &store->reads, &(peal_store_stmt){sql, args}, 1, fn, user);
}

peal_err peal_store_probe(peal_store *store, peal_store_fn fn, void *user) {
  /* Read back inside the transaction, acknowledged when it is on disk. */
  static const char *const sql =
      "INSERT INTO peal_probe(id, at) VALUES(1, ?) ON CONFLICT(id) DO UPDATE "
      "SET at = excluded.at RETURNING at";
  return peal_store_write(store, sql, PEAL_ARGS(peal_int(peal_wall_ms())), fn,
                          user);
}

peal_err peal_store_exec_sync(peal_store *store, const char *sql,
                              peal_args args, peal_doc **rows) {
  if (rows)
    *rows = NULL;
  if (!store || peal_worker_self())
    return PEAL_ERR_USAGE;
  peal_store_job *job = NULL;
  peal_err err =
      peal_store_job_new(&job, store, &(peal_store_stmt){sql, args}, 1);
  if (err)
    return err;
  job->urgent = true;
  err = enqueue(store, &store->writes, job);
  if (err)
    return err;
  uv_mutex_lock(&store->lock);
  while (!job->finished)
    uv_cond_wait(&store->finished, &store->lock);
  uv_mutex_unlock(&store->lock);
  err = job->result.err;
  if (err)
    peal_logger_write(store->log, PEAL_LOG_WARN, "store", (peal_slice){0},
                      (peal_slice){0}, "%.100s: %s", sql, job->message);
  if (!err && rows) {
    *rows = peal_doc_new(job->result.rows);
    err = *rows ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  peal_store_job_free(job);
  return err;
}

void peal_store_stats_get(peal_store *store, peal_store_stats *out) {
  if (!out)
    return;
  *out = (peal_store_stats){0};
  if (!store)
    return;
  uv_mutex_lock(&store->lock);
  *out = store->stats;
  out->queued = store->writes.count;
  store->stats.commit_max_us = 0;
  uv_mutex_unlock(&store->lock);
}
