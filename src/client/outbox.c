/* SPDX-License-Identifier: MIT */
/* outbox: the public face of the outbox: makes it, takes events, frees it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <peal/outbox.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "client/outbox_impl.h"
#include "client/outbox_open.h"
#include "client/outbox_send.h"
#include "client/outbox_thread.h"
#include "net/crypto.h"

#define MIN_BYTES 4096u
#define FILE_BYTES_MIN 1024u
#define FILE_BYTES_MAX ((uint64_t)4 << 20)
#define QUEUED_BYTES ((size_t)8 << 20)
#define WINDOW_MAX 1024u

/* -- making it ------------------------------------------------------------------- */

static void or_default(uint32_t *value, uint32_t otherwise) {
  *value = *value ? *value : otherwise;
}

static peal_err read_opts(peal_outbox *outbox, const peal_outbox_opts *opts) {
  peal_outbox_opts *own = &outbox->opts;
  *own = *opts;
  own->max_bytes = own->max_bytes ? own->max_bytes : (uint64_t)64 << 20;
  or_default(&own->sync_interval_ms, 1000);
  or_default(&own->window, 1);
  or_default(&own->ack_timeout_ms, 10000);
  or_default(&own->retry_ms, 1000);
  or_default(&own->retry_max_ms, 30000);
  own->dir = peal_mem_str(outbox->mem, peal_slice_of(opts->dir));
  own->id_name = opts->id_name
                     ? peal_mem_str(outbox->mem, peal_slice_of(opts->id_name))
                     : NULL;
  return own->dir && (own->id_name || !opts->id_name) ? PEAL_OK
                                                      : PEAL_ERR_NOMEM;
}

static uint64_t file_bytes(uint64_t max_bytes) {
  uint64_t bytes = max_bytes / 16;
  return bytes < FILE_BYTES_MIN   ? FILE_BYTES_MIN
         : bytes > FILE_BYTES_MAX ? FILE_BYTES_MAX
                                  : bytes;
}

static void init_queue(peal_outbox *outbox) {
  const peal_outbox_opts *opts = &outbox->opts;
  peal_outbox_queue_init(
      &outbox->queue,
      &(peal_outbox_queue_opts){.max_bytes = opts->max_bytes,
                                .file_bytes = file_bytes(opts->max_bytes),
                                .window = opts->window,
                                .retry_ms = opts->retry_ms,
                                .retry_max_ms = opts->retry_max_ms,
                                .drops = opts->full == PEAL_OUTBOX_DROP_OLDEST},
      outbox->mem);
}

static peal_err make_locks(peal_outbox *outbox) {
  if (uv_mutex_init(&outbox->lock))
    return PEAL_ERR_NOMEM;
  if (uv_cond_init(&outbox->more)) {
    uv_mutex_destroy(&outbox->lock);
    return PEAL_ERR_NOMEM;
  }
  if (uv_cond_init(&outbox->finished)) {
    uv_cond_destroy(&outbox->more);
    uv_mutex_destroy(&outbox->lock);
    return PEAL_ERR_NOMEM;
  }
  return PEAL_OK;
}

static peal_err choose_run(peal_outbox *outbox) {
  uint64_t random;
  peal_err err = peal_crypto_random(&random, sizeof random);
  snprintf(outbox->run, sizeof outbox->run, "%016" PRIx64, random);
  return err;
}

static peal_err open_it(peal_outbox *outbox, const peal_outbox_opts *opts,
                        peal_outbox_problem *why) {
  peal_err err = read_opts(outbox, opts);
  init_queue(outbox);
  if (!err)
    err = choose_run(outbox);
  if (err)
    return peal_outbox_open_say(why, err, opts->dir, "cannot be opened",
                                peal_err_message(err));
  err = peal_outbox_open_files(outbox, why);
  if (err)
    return err;
  if (uv_thread_create(&outbox->thread, peal_outbox_thread_run, outbox))
    return peal_outbox_open_say(why, PEAL_ERR_SYSTEM, opts->dir,
                                "has no thread", "");
  return PEAL_OK;
}

static bool are_right(const peal_outbox_opts *opts) {
  return (!opts->max_bytes || opts->max_bytes >= MIN_BYTES) &&
         opts->window <= WINDOW_MAX && (unsigned)opts->full <= 1 &&
         (unsigned)opts->sync <= 2;
}

peal_err peal_outbox_new(peal_outbox **out, const peal_outbox_opts *opts,
                         peal_outbox_problem *why) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  if (!opts || !opts->dir || !*opts->dir)
    return peal_outbox_open_say(why, PEAL_ERR_USAGE, "no folder", "was named",
                                "");
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return peal_outbox_open_say(why, PEAL_ERR_OPTION, opts->dir,
                                "has an unknown option", "");
  if (!are_right(opts))
    return peal_outbox_open_say(why, PEAL_ERR_USAGE, opts->dir,
                                "has a number out of range", "");
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_outbox *outbox = peal_mem_zalloc(mem, sizeof *outbox);
  if (!outbox || make_locks(outbox)) {
    peal_mem_free(mem, outbox);
    return peal_outbox_open_say(why, PEAL_ERR_NOMEM, opts->dir,
                                "cannot be opened",
                                peal_err_message(PEAL_ERR_NOMEM));
  }
  outbox->mem = mem;
  outbox->file =
      (peal_outbox_file){.dir_fd = -1, .lock_fd = -1, .fd = -1, .read_fd = -1};
  peal_buf_init(&outbox->out, mem, 0);
  peal_arena_init(&outbox->arena, mem, 0, 0);
  peal_err err = open_it(outbox, opts, why);
  if (err)
    peal_outbox_thread_free(outbox);
  else
    *out = outbox;
  return err;
}

/* -- the client ---------------------------------------------------------------------- */

static bool is_inside(const peal_outbox *outbox) {
  uv_thread_t self = uv_thread_self();
  return uv_thread_equal(&self, &outbox->thread);
}

peal_err peal_outbox_attach(peal_outbox *outbox, peal_client_nsp *nsp) {
  if (!outbox || !nsp)
    return PEAL_ERR_USAGE;
  peal_outbox_link *link = peal_outbox_send_link(outbox, nsp);
  if (!link)
    return PEAL_ERR_NOMEM;
  uv_mutex_lock(&outbox->lock);
  bool is_free = !outbox->link && !outbox->is_closing;
  if (is_free) {
    outbox->link = link;
    peal_outbox_queue_connect(&outbox->queue, true);
    uv_cond_signal(&outbox->more);
  }
  uv_mutex_unlock(&outbox->lock);
  if (!is_free)
    peal_outbox_send_unlink(link);
  return is_free ? PEAL_OK : PEAL_ERR_USAGE;
}

void peal_outbox_detach(peal_outbox *outbox) {
  if (!outbox)
    return;
  uv_mutex_lock(&outbox->lock);
  peal_outbox_link *link = outbox->link;
  outbox->link = NULL;
  peal_outbox_queue_connect(&outbox->queue, false);
  while (outbox->is_sending && !is_inside(outbox))
    uv_cond_wait(&outbox->finished, &outbox->lock);
  uv_mutex_unlock(&outbox->lock);
  peal_outbox_send_unlink(link);
}

void peal_outbox_free(peal_outbox *outbox) {
  if (!outbox)
    return;
  peal_outbox_detach(outbox);
  bool inside = is_inside(outbox);
  uv_mutex_lock(&outbox->lock);
  outbox->is_closing = true;
  outbox->is_freed_inside = inside;
  uv_cond_signal(&outbox->more);
  uv_mutex_unlock(&outbox->lock);
  if (inside) // the thread frees it behind the callback
    return;
  uv_thread_join(&outbox->thread);
  peal_outbox_thread_free(outbox);
}

/* -- events ----------------------------------------------------------------------------- */

static peal_outbox_job *job_new(const peal_outbox *outbox) {
  peal_outbox_job *job = peal_mem_zalloc(outbox->mem, sizeof *job);
  if (job)
    peal_buf_init(&job->body, outbox->mem,
                  PEAL_OUTBOX_FILE_RECORD_BYTES -
                      PEAL_OUTBOX_RECORD_HEAD_BYTES);
  return job;
}

static void job_free(const peal_outbox *outbox, peal_outbox_job *job) {
  peal_buf_deinit(&job->body);
  peal_mem_free(outbox->mem, job);
}

static uint64_t next_id(peal_outbox *outbox) {
  uv_mutex_lock(&outbox->lock);
  uint64_t id = ++outbox->ids;
  uv_mutex_unlock(&outbox->lock);
  return id;
}

static peal_err encode(peal_outbox *outbox, peal_outbox_job *job,
                       const char *name, peal_args args, const char *id) {
  char own[48];
  if (!id) {
    snprintf(own, sizeof own, "%s-%" PRIu64, outbox->run, next_id(outbox));
    id = own;
  }
  peal_outbox_event event = {peal_slice_of(id), peal_slice_of(name), args};
  if (event.id.len > PEAL_OUTBOX_ID_BYTES)
    return PEAL_ERR_LIMIT;
  return peal_outbox_record_put_event(&job->body, &event, outbox->opts.id_name);
}

static peal_err admit(peal_outbox *outbox, const peal_outbox_job *job) {
  size_t len = PEAL_OUTBOX_RECORD_HEAD_BYTES + job->body.len;
  if (len > outbox->opts.max_bytes / 4)
    return PEAL_ERR_LIMIT;
  if (outbox->is_closing)
    return PEAL_ERR_CLOSED;
  if (!job->is_waited_for && outbox->job_count &&
      outbox->job_bytes + len > QUEUED_BYTES)
    return PEAL_ERR_QUEUE_FULL;
  return peal_outbox_queue_admit(&outbox->queue, len);
}

/* Under the lock. */
static void push(peal_outbox *outbox, peal_outbox_job *job) {
  job->seq = outbox->queue.next_seq++;
  outbox->job_count++;
  outbox->job_bytes += job->body.len;
  outbox->waited_for += job->is_waited_for;
  if (outbox->last_job)
    outbox->last_job->next = job;
  else
    outbox->first_job = job;
  outbox->last_job = job;
  uv_cond_signal(&outbox->more);
}

/* Under the lock. */
static peal_err wait_for(peal_outbox *outbox, peal_outbox_job *job) {
  outbox->waiters++;
  while (!job->is_finished)
    uv_cond_wait(&outbox->finished, &outbox->lock);
  outbox->waiters--;
  uv_cond_broadcast(&outbox->finished);
  return job->err;
}

peal_err peal_outbox_emit(peal_outbox *outbox, const char *event,
                          peal_args args, const char *id) {
  if (!outbox || !event)
    return PEAL_ERR_USAGE;
  peal_outbox_job *job = job_new(outbox);
  if (!job)
    return PEAL_ERR_NOMEM;
  bool waits =
      !outbox->opts.behind && !peal_worker_self() && !is_inside(outbox);
  job->is_waited_for = waits;
  peal_err err = encode(outbox, job, event, args, id);
  if (!err) {
    uv_mutex_lock(&outbox->lock);
    err = admit(outbox, job);
    if (!err) {
      push(outbox, job);
      if (!waits)
        job = NULL;
      else
        err = wait_for(outbox, job);
    }
    uv_mutex_unlock(&outbox->lock);
  }
  if (job)
    job_free(outbox, job);
  return err;
}

/* -- figures ------------------------------------------------------------------------------ */

void peal_outbox_stats_get(const peal_outbox *outbox, peal_outbox_stats *out) {
  if (!out)
    return;
  *out = (peal_outbox_stats){0};
  if (!outbox)
    return;
  peal_outbox *it = (peal_outbox *)(uintptr_t)outbox;
  uv_mutex_lock(&it->lock);
  *out = it->stats;
  out->pending = it->queue.pending;
  out->queued = it->queue.admitted_count;
  out->bytes = it->queue.bytes;
  out->dropped = it->queue.dropped;
  uv_mutex_unlock(&it->lock);
}

uint64_t peal_outbox_pending(const peal_outbox *outbox) {
  peal_outbox_stats stats;
  peal_outbox_stats_get(outbox, &stats);
  return stats.pending + stats.queued;
}
