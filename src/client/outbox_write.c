/* SPDX-License-Identifier: MIT */
#include "client/outbox_write.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "client/outbox_tell.h"

enum {
  WRITE_AGAIN_MS = 1000,
  BATCH_BYTES = 1 << 20, /* of one write */
  BATCH_JOBS = 256
};

uint64_t peal_outbox_write_now_ms(void) {
  return uv_hrtime() / 1000000;
}

/* -- jobs ---------------------------------------------------------- */

static void finish_job(peal_outbox *outbox, peal_outbox_job *job,
                       peal_err err) {
  job->err = err;
  job->is_finished = true;
  outbox->job_count--;
  outbox->job_bytes -= job->body.len;
  outbox->waited_for -= job->is_waited_for;
  if (job->is_waited_for) {
    uv_cond_broadcast(&outbox->finished);
    return;
  }
  peal_buf_deinit(&job->body);
  peal_mem_free(outbox->mem, job);
}

static size_t record_len(const peal_outbox_job *job) {
  return PEAL_OUTBOX_RECORD_HEAD_BYTES + job->body.len;
}

void peal_outbox_write_fail(peal_outbox *outbox, peal_err err) {
  peal_outbox_job **at = &outbox->first_job;
  peal_outbox_job *last = NULL;
  while (*at) {
    peal_outbox_job *job = *at;
    if (!job->is_waited_for && !outbox->is_closing) {
      last = job;
      at = &job->next;
      continue;
    }
    *at = job->next;
    peal_outbox_queue_withdraw(&outbox->queue, record_len(job));
    finish_job(outbox, job, err);
  }
  outbox->last_job = last;
  outbox->write_at_ms = peal_outbox_write_now_ms() + WRITE_AGAIN_MS;
}

/* -- files ---------------------------------------------------------------------------- */

void peal_outbox_write_expired(peal_outbox *outbox) {
  uint64_t number;
  while (peal_outbox_queue_expired(&outbox->queue, &number)) {
    uv_mutex_unlock(&outbox->lock);
    int failed = peal_outbox_file_remove(&outbox->file, number);
    uv_mutex_lock(&outbox->lock);
    if (failed)
      peal_outbox_tell_problem(outbox, PEAL_ERR_IO, "a file cannot be removed",
                               strerror(failed));
  }
}

peal_outbox_place peal_outbox_write_place(const peal_outbox *outbox,
                                          uint64_t number, uint64_t offset) {
  return (peal_outbox_place){outbox->file.box, number, offset};
}

/* Jobs of one file that are written together: places for them, and their
 * records in `out`. *first is where the first one goes. Returns how many. */
static size_t place_jobs(peal_outbox *outbox, peal_outbox_queue_entry *first) {
  size_t count = 0;
  peal_buf_reset(&outbox->out);
  for (peal_outbox_job *job = outbox->first_job; job && count < BATCH_JOBS;
       job = job->next) {
    size_t len = record_len(job);
    peal_outbox_queue_entry entry;
    bool is_new;
    bool is_enough = outbox->out.len + len > BATCH_BYTES ||
                     peal_outbox_queue_turns(&outbox->queue, len);
    if (count && is_enough)
      break;
    if (peal_outbox_queue_place(&outbox->queue, job->seq, len, &entry, &is_new))
      break;
    if (!count)
      *first = entry;
    count++;
    peal_outbox_record record = {PEAL_OUTBOX_RECORD_EVENT, job->seq,
                                 peal_buf_slice(&job->body)};
    uv_mutex_unlock(&outbox->lock);
    peal_outbox_record_encode(
        &outbox->out, &record,
        peal_outbox_write_place(outbox, entry.number, entry.offset));
    uv_mutex_lock(&outbox->lock);
  }
  return count;
}

/* Nobody syncs a file any more that is not written. */
static int turn(peal_outbox *outbox, uint64_t number) {
  bool syncs = outbox->opts.sync != PEAL_OUTBOX_SYNC_NEVER;
  int failed = syncs ? peal_outbox_file_sync(&outbox->file) : 0;
  return failed ? failed : peal_outbox_file_use(&outbox->file, number, true);
}

/* Without the lock. *is_broken: nothing is to be written into this file any
 * more. Returns an errno. */
static int write_out(peal_outbox *outbox, const peal_outbox_queue_entry *first,
                     const char **what, bool *is_broken) {
  peal_outbox_file *file = &outbox->file;
  int failed = outbox->out.err ? ENOMEM : 0;
  *is_broken = false;
  *what = "a file cannot be made";
  if (!failed && (file->fd < 0 || file->number != first->number))
    failed = turn(outbox, first->number);
  if (failed)
    return failed;
  *what = "writing failed";
  failed = peal_outbox_file_write(file, peal_buf_slice(&outbox->out));
  if (!failed && outbox->opts.sync == PEAL_OUTBOX_SYNC_ALWAYS) {
    failed = peal_outbox_file_sync(file);
    /* What the system could not write it may have forgotten: another try on the
     * same file would say yes and mean nothing. */
    *is_broken = failed != 0;
  }
  if (failed && peal_outbox_file_cut(file, first->offset))
    *is_broken = true;
  return failed;
}

static void note_write(peal_outbox *outbox) {
  if (outbox->opts.sync == PEAL_OUTBOX_SYNC_INTERVAL && !outbox->sync_at_ms)
    outbox->sync_at_ms =
        peal_outbox_write_now_ms() + outbox->opts.sync_interval_ms;
}

static void end_jobs(peal_outbox *outbox, size_t count) {
  while (count--) {
    peal_outbox_job *job = outbox->first_job;
    char id[PEAL_OUTBOX_ID_BYTES];
    peal_slice stored = peal_outbox_record_id(peal_buf_slice(&job->body));
    memcpy(id, stored.ptr, stored.len);
    outbox->first_job = job->next;
    if (!outbox->first_job)
      outbox->last_job = NULL;
    finish_job(outbox, job, PEAL_OK);
    peal_outbox_tell_event(outbox, outbox->opts.on_stored,
                           (peal_slice){id, stored.len});
  }
}

void peal_outbox_write_jobs(peal_outbox *outbox) {
  peal_outbox_queue_entry first = {0};
  size_t count = place_jobs(outbox, &first);
  bool is_broken = false;
  const char *what = "out of memory";
  int failed = count ? 0 : ENOMEM;
  peal_outbox_write_expired(outbox);
  if (count) {
    uv_mutex_unlock(&outbox->lock);
    failed = write_out(outbox, &first, &what, &is_broken);
    uv_mutex_lock(&outbox->lock);
  }
  if (failed) {
    peal_outbox_queue_unplace(&outbox->queue, is_broken);
    peal_outbox_write_fail(outbox,
                           failed == ENOMEM ? PEAL_ERR_NOMEM : PEAL_ERR_IO);
  } else {
    peal_outbox_queue_stored(&outbox->queue);
    outbox->write_at_ms = 0;
    note_write(outbox);
    end_jobs(outbox, count);
  }
  peal_outbox_tell_disk(outbox, failed, what);
}

void peal_outbox_write_mark(peal_outbox *outbox, uint64_t seq) {
  peal_outbox_file *file = &outbox->file;
  uint64_t number, offset;
  if (!peal_outbox_queue_mark(&outbox->queue, &number, &offset) ||
      file->fd < 0 || file->number != number)
    return;
  peal_outbox_record record = {.type = PEAL_OUTBOX_RECORD_DONE, .seq = seq};
  uv_mutex_unlock(&outbox->lock);
  peal_buf_reset(&outbox->out);
  peal_outbox_record_encode(&outbox->out, &record,
                            peal_outbox_write_place(outbox, number, offset));
  int failed = outbox->out.err
                   ? ENOMEM
                   : peal_outbox_file_write(file, peal_buf_slice(&outbox->out));
  bool is_broken = failed && peal_outbox_file_cut(file, offset);
  uv_mutex_lock(&outbox->lock);
  if (!failed)
    peal_outbox_queue_marked(&outbox->queue);
  else if (is_broken)
    peal_outbox_queue_unplace(&outbox->queue, true);
  note_write(outbox);
  peal_outbox_tell_disk(outbox, failed, "writing failed");
}

void peal_outbox_write_sync(peal_outbox *outbox) {
  outbox->sync_at_ms = 0;
  uv_mutex_unlock(&outbox->lock);
  int failed = peal_outbox_file_sync(&outbox->file);
  uv_mutex_lock(&outbox->lock);
  if (failed)
    peal_outbox_queue_unplace(&outbox->queue, true);
  peal_outbox_tell_disk(outbox, failed, "writing failed");
}
