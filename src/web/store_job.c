/* SPDX-License-Identifier: MIT */
/* store_job: one question to the database on its way there and back. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "web/store_impl.h"

/* How many bytes a parameter stands for. */
static size_t bytes_of(peal_val value, unsigned depth) {
  size_t sum = sizeof(value);
  if (depth >= PEAL_STORE_DEPTH)
    return sum;
  if (peal_val_is(value, PEAL_STRING) || peal_val_is(value, PEAL_BINARY))
    return sum + value.len;
  if (peal_val_is(value, PEAL_ARRAY)) {
    for (uint32_t i = 0; i < value.len; i++)
      sum += bytes_of(value.as.items[i], depth + 1);
  }
  if (peal_val_is(value, PEAL_OBJECT)) {
    for (uint32_t i = 0; i < value.len; i++)
      sum += peal_val_key(value, i).len +
             bytes_of(value.as.pairs[i].value, depth + 1);
  }
  return sum;
}

static bool copy_stmt(peal_store_job_stmt *out, char *sql, size_t sql_len,
                      const peal_store_stmt *stmt) {
  memcpy(sql, stmt->sql, sql_len + 1);
  out->sql = sql;
  out->args = peal_doc_new(peal_array(stmt->args.items, stmt->args.count));
  return out->args != NULL;
}

static void deliver(peal_worker *worker, peal_mail *mail) {
  peal_store_job *job = PEAL_LIST_OF(mail, peal_store_job, mail);
  peal_worker_impl_answered(worker);
  job->fn(&job->result, job->user);
  peal_store_job_free(job);
}

peal_err peal_store_job_new(peal_store_job **out, peal_store *store,
                            const peal_store_stmt *stmts, size_t count) {
  *out = NULL;
  if (!count || !stmts || count > 10000)
    return PEAL_ERR_USAGE;
  size_t size = sizeof(peal_store_job) + count * sizeof(peal_store_job_stmt);
  size_t text = size;
  for (size_t i = 0; i < count; i++) {
    if (!stmts[i].sql || (stmts[i].args.count && !stmts[i].args.items))
      return PEAL_ERR_USAGE;
    size += strlen(stmts[i].sql) + 1;
  }
  peal_store_job *job = peal_mem_zalloc(store->mem, size);
  if (!job)
    return PEAL_ERR_NOMEM;
  job->store = store;
  job->mem = store->mem;
  job->mail.fn = deliver;
  job->count = count;
  peal_arena_init(&job->arena, store->mem, 1024, store->opts.max_result_bytes);
  peal_buf_init(&job->rows, store->mem, 0);
  peal_store_job_reset(job);
  char *sql = (char *)job + text;
  for (size_t i = 0; i < count; i++) {
    size_t len = strlen(stmts[i].sql);
    if (!copy_stmt(&job->stmts[i], sql, len, &stmts[i])) {
      peal_store_job_free(job);
      return PEAL_ERR_NOMEM;
    }
    sql += len + 1;
    job->bytes += bytes_of(peal_doc_val(job->stmts[i].args), 0);
  }
  *out = job;
  return PEAL_OK;
}

void peal_store_job_free(peal_store_job *job) {
  if (!job)
    return;
  for (size_t i = 0; i < job->count; i++)
    peal_doc_free(job->stmts[i].args);
  peal_arena_deinit(&job->arena);
  peal_buf_deinit(&job->rows);
  peal_mem_free(job->mem, job);
}

void peal_store_job_reset(peal_store_job *job) {
  peal_arena_reset(&job->arena);
  peal_buf_reset(&job->rows);
  job->message[0] = 0;
  job->result =
      (peal_store_result){.message = job->message, .rows = peal_array(NULL, 0)};
}

void peal_store_job_fail(peal_store_job *job, peal_err err,
                         const char *message) {
  peal_store_job_reset(job);
  job->result.err = err;
  snprintf(job->message, sizeof(job->message), "%s", message);
}

void peal_store_job_finish(peal_store_job *job) {
  peal_store *store = job->store;
  if (job->result.err) {
    uv_mutex_lock(&store->lock);
    store->stats.errors++;
    uv_mutex_unlock(&store->lock);
  }
  if (job->worker) {
    if (job->fn)
      peal_worker_impl_send(job->worker, &job->mail);
    else
      peal_store_job_free(job);
    return;
  }
  uv_mutex_lock(&store->lock);
  job->finished = true;
  uv_cond_broadcast(&store->finished);
  uv_mutex_unlock(&store->lock);
}

void peal_store_job_push(peal_store_queue *queue, peal_store_job *job) {
  job->next = NULL;
  if (queue->last)
    queue->last->next = job;
  else
    queue->first = job;
  queue->last = job;
  queue->count++;
  queue->bytes += job->bytes;
}

peal_store_job *peal_store_job_shift(peal_store_queue *queue) {
  peal_store_job *job = queue->first;
  if (!job)
    return NULL;
  queue->first = job->next;
  if (!queue->first)
    queue->last = NULL;
  queue->count--;
  queue->bytes -= job->bytes;
  job->next = NULL;
  return job;
}
