/* SPDX-License-Identifier: MIT */
#include "client/outbox_thread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>

#include "base/mem.h"
#include "client/outbox_send.h"

enum {
  WRITE_AGAIN_MS = 1000,
  BATCH_BYTES = 1 << 20, /* of one write */
  BATCH_JOBS = 256
};

static uint64_t now_ms(void) {
  return uv_hrtime() / 1000000;
}

/* -- telling, without the lock ---------------------------------------------------- */

static void tell_problem(peal_outbox *outbox, peal_err err, const char *what,
                         const char *why) {
  peal_outbox_problem problem = {.err = err};
  if (!outbox->opts.on_problem || outbox->is_freed_inside)
    return;
  snprintf(problem.text, sizeof problem.text, "%s%s%s", what, *why ? ": " : "",
           why);
  uv_mutex_unlock(&outbox->lock);
  outbox->opts.on_problem(outbox, &problem, outbox->opts.user);
  uv_mutex_lock(&outbox->lock);
}

/* `failed` is an errno. */
static void tell_disk(peal_outbox *outbox, int failed, const char *what) {
  bool was_ill = outbox->is_ill;
  outbox->is_ill = failed != 0;
  if (failed && !was_ill)
    tell_problem(outbox, PEAL_ERR_IO, what, strerror(failed));
  else if (!failed && was_ill)
    tell_problem(outbox, PEAL_OK, "the disk takes events again", "");
}

static void tell_event(peal_outbox *outbox, peal_outbox_event_fn fn,
                       peal_slice id) {
  if (!fn || outbox->is_freed_inside)
    return;
  uv_mutex_unlock(&outbox->lock);
  fn(outbox, id, outbox->opts.user);
  uv_mutex_lock(&outbox->lock);
}

static void tell_dropped(peal_outbox *outbox) {
  char text[32];
  uint64_t count = outbox->queue.dropped - outbox->told_dropped;
  if (!count)
    return;
  outbox->told_dropped = outbox->queue.dropped;
  snprintf(text, sizeof text, "%llu", (unsigned long long)count);
  tell_problem(outbox, PEAL_ERR_QUEUE_FULL, "events dropped for new ones",
               text);
}

/* -- jobs; the lock is held ---------------------------------------------------------- */

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

/* They are not stored: who waits is told, the others are tried again. */
static void fail_jobs(peal_outbox *outbox, peal_err err) {
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
  outbox->write_at_ms = now_ms() + WRITE_AGAIN_MS;
}

/* -- files ---------------------------------------------------------------------------- */

/* The lock is held, and given up meanwhile. */
static void remove_expired(peal_outbox *outbox) {
  uint64_t number;
  while (peal_outbox_queue_expired(&outbox->queue, &number)) {
    uv_mutex_unlock(&outbox->lock);
    int failed = peal_outbox_file_remove(&outbox->file, number);
    uv_mutex_lock(&outbox->lock);
    if (failed)
      tell_problem(outbox, PEAL_ERR_IO, "a file cannot be removed",
                   strerror(failed));
  }
}

static peal_outbox_place place_of(const peal_outbox *outbox, uint64_t number,
                                  uint64_t offset) {
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
    peal_outbox_record_encode(&outbox->out, &record,
                              place_of(outbox, entry.number, entry.offset));
    uv_mutex_lock(&outbox->lock);
  }
  return count;
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
    failed = peal_outbox_file_use(file, first->number, true);
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
    outbox->sync_at_ms = now_ms() + outbox->opts.sync_interval_ms;
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
    tell_event(outbox, outbox->opts.on_stored, (peal_slice){id, stored.len});
  }
}

static void write_jobs(peal_outbox *outbox) {
  peal_outbox_queue_entry first = {0};
  size_t count = place_jobs(outbox, &first);
  bool is_broken = false;
  const char *what = "out of memory";
  int failed = count ? 0 : ENOMEM;
  remove_expired(outbox);
  if (count) {
    uv_mutex_unlock(&outbox->lock);
    failed = write_out(outbox, &first, &what, &is_broken);
    uv_mutex_lock(&outbox->lock);
  }
  if (failed) {
    peal_outbox_queue_unplace(&outbox->queue, is_broken);
    fail_jobs(outbox, failed == ENOMEM ? PEAL_ERR_NOMEM : PEAL_ERR_IO);
  } else {
    peal_outbox_queue_stored(&outbox->queue);
    outbox->write_at_ms = 0;
    note_write(outbox);
    end_jobs(outbox, count);
  }
  tell_disk(outbox, failed, what);
}

/* An event is over: that is written behind what there is. If it cannot be, the
 * event is sent once more after a restart, and its id tells. */
static void write_mark(peal_outbox *outbox, uint64_t seq) {
  peal_outbox_file *file = &outbox->file;
  uint64_t number, offset;
  if (!peal_outbox_queue_mark(&outbox->queue, &number, &offset) ||
      file->fd < 0 || file->number != number)
    return;
  peal_outbox_record record = {.type = PEAL_OUTBOX_RECORD_DONE, .seq = seq};
  uv_mutex_unlock(&outbox->lock);
  peal_buf_reset(&outbox->out);
  peal_outbox_record_encode(&outbox->out, &record,
                            place_of(outbox, number, offset));
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
  tell_disk(outbox, failed, "writing failed");
}

static void sync_files(peal_outbox *outbox) {
  outbox->sync_at_ms = 0;
  uv_mutex_unlock(&outbox->lock);
  int failed = peal_outbox_file_sync(&outbox->file);
  uv_mutex_lock(&outbox->lock);
  if (failed)
    peal_outbox_queue_unplace(&outbox->queue, true);
  tell_disk(outbox, failed, "writing failed");
}

/* -- sending ----------------------------------------------------------------------------- */

/* The event that stands there. Returns: PEAL_OK, PEAL_ERR_IO, PEAL_ERR_NOMEM. */
static peal_err read_event(peal_outbox *outbox,
                           const peal_outbox_queue_entry *entry,
                           peal_outbox_event *event) {
  peal_outbox_record record;
  size_t used;
  peal_buf_reset(&outbox->out);
  int failed = peal_outbox_file_read(&outbox->file, entry->number,
                                     entry->offset, entry->len, &outbox->out);
  if (failed)
    return failed == ENOMEM ? PEAL_ERR_NOMEM : PEAL_ERR_IO;
  peal_err err = peal_outbox_record_decode(
      &record, peal_buf_slice(&outbox->out),
      place_of(outbox, entry->number, entry->offset), &used);
  if (err || record.seq != entry->seq)
    return PEAL_ERR_IO;
  return peal_outbox_record_get_event(event, record.body, &outbox->arena);
}

static void send_entry(peal_outbox *outbox,
                       const peal_outbox_queue_entry *entry) {
  peal_outbox_link *link = outbox->link;
  peal_outbox_event event;
  outbox->is_sending = true;
  uv_mutex_unlock(&outbox->lock);
  peal_err read = read_event(outbox, entry, &event);
  peal_err err =
      read ? read : peal_outbox_send(link, &outbox->opts, entry->seq, &event);
  peal_arena_reset(&outbox->arena);
  uv_mutex_lock(&outbox->lock);
  outbox->is_sending = false;
  uv_cond_broadcast(&outbox->finished);
  if (read == PEAL_ERR_IO) {
    outbox->stats.damaged++;
    (void)peal_outbox_queue_done(&outbox->queue, entry->seq);
    tell_problem(outbox, PEAL_ERR_IO, "an event cannot be read any more", "");
  } else if (err) {
    peal_outbox_queue_again(&outbox->queue, entry->seq, true, now_ms());
  }
}

static void end_flight(peal_outbox *outbox, const peal_outbox_flight *flight) {
  outbox->lost_in_row = 0;
  if (!peal_outbox_queue_done(&outbox->queue, flight->seq))
    return;
  outbox->stats.delivered++;
  write_mark(outbox, flight->seq);
  remove_expired(outbox);
  tell_event(outbox, outbox->opts.on_delivered,
             (peal_slice){flight->id, flight->id_len});
}

static void take_answer(peal_outbox *outbox) {
  peal_outbox_flight *flight = outbox->first_answer;
  outbox->first_answer = flight->next;
  if (!outbox->first_answer)
    outbox->last_answer = NULL;
  // lost again and again, with nothing done between: not in a circle
  bool waits = flight->kind == PEAL_OUTBOX_ANSWER_REFUSED ||
               (flight->kind == PEAL_OUTBOX_ANSWER_LOST &&
                outbox->lost_in_row++ > outbox->opts.window);
  if (flight->kind == PEAL_OUTBOX_ANSWER_DONE)
    end_flight(outbox, flight);
  else
    peal_outbox_queue_again(&outbox->queue, flight->seq, waits, now_ms());
  peal_mem_free(flight->mem, flight);
}

/* -- the loop ------------------------------------------------------------------------------ */

static bool may_write(const peal_outbox *outbox, uint64_t now) {
  return outbox->first_job && (now >= outbox->write_at_ms ||
                               outbox->waited_for || outbox->is_closing);
}

/* One thing of each kind, so that none waits for all of another. False: there
 * was nothing to be done. */
static bool step(peal_outbox *outbox) {
  peal_outbox_queue_entry entry;
  bool did = outbox->first_answer != NULL;
  if (did)
    take_answer(outbox);
  if (may_write(outbox, now_ms()) && !outbox->is_freed_inside) {
    write_jobs(outbox);
    did = true;
  }
  if (outbox->sync_at_ms && now_ms() >= outbox->sync_at_ms) {
    sync_files(outbox);
    did = true;
  }
  tell_dropped(outbox);
  if (!outbox->is_closing && outbox->link &&
      peal_outbox_queue_next(&outbox->queue, now_ms(), &entry)) {
    send_entry(outbox, &entry);
    did = true;
  }
  return did && !outbox->is_freed_inside;
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static void wait_for_more(peal_outbox *outbox) {
  uint64_t now = now_ms();
  uint64_t at = peal_outbox_queue_deadline(&outbox->queue);
  if (outbox->first_job)
    at = least(at, outbox->write_at_ms);
  if (outbox->sync_at_ms)
    at = least(at, outbox->sync_at_ms);
  if (at == UINT64_MAX)
    uv_cond_wait(&outbox->more, &outbox->lock);
  else if (at > now)
    (void)uv_cond_timedwait(&outbox->more, &outbox->lock, (at - now) * 1000000);
}

void peal_outbox_thread_run(void *user) {
  peal_outbox *outbox = user;
  uv_mutex_lock(&outbox->lock);
  for (;;) {
    if (step(outbox))
      continue;
    if (outbox->is_closing)
      break;
    wait_for_more(outbox);
  }
  fail_jobs(outbox, PEAL_ERR_CLOSED);
  bool is_freed_inside = outbox->is_freed_inside;
  uv_mutex_unlock(&outbox->lock);
  bool syncs = outbox->opts.sync != PEAL_OUTBOX_SYNC_NEVER;
  if (syncs && peal_outbox_file_sync(&outbox->file))
    outbox->is_ill = true; // nobody is there to be told
  if (!is_freed_inside)
    return;
  pthread_detach(pthread_self());
  peal_outbox_thread_free(outbox);
}

static void free_answers(peal_outbox *outbox) {
  while (outbox->first_answer) {
    peal_outbox_flight *flight = outbox->first_answer;
    outbox->first_answer = flight->next;
    peal_mem_free(flight->mem, flight);
  }
}

void peal_outbox_thread_free(peal_outbox *outbox) {
  uv_mutex_lock(&outbox->lock);
  while (outbox->waiters)
    uv_cond_wait(&outbox->finished, &outbox->lock);
  uv_mutex_unlock(&outbox->lock);
  free_answers(outbox);
  peal_outbox_file_close(&outbox->file);
  peal_outbox_queue_deinit(&outbox->queue);
  peal_buf_deinit(&outbox->out);
  peal_arena_deinit(&outbox->arena);
  uv_cond_destroy(&outbox->finished);
  uv_cond_destroy(&outbox->more);
  uv_mutex_destroy(&outbox->lock);
  peal_mem_free(outbox->mem, (void *)(uintptr_t)outbox->opts.dir);
  peal_mem_free(outbox->mem, (void *)(uintptr_t)outbox->opts.id_name);
  peal_mem_free(outbox->mem, outbox);
}
