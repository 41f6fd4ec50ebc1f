/* SPDX-License-Identifier: MIT */
#include "client/outbox_thread.h"

#include <errno.h>

#include <pthread.h>

#include "base/mem.h"
#include "client/outbox_send.h"
#include "client/outbox_tell.h"
#include "client/outbox_write.h"

enum { STUCK_LOSSES = 3 };

/* -- sending ----------------------------------------------------------------------------- */

/* Is that an answer about the event, or about this moment (no descriptors, no
 * memory, no permission)? */
static bool is_lost(int failed) {
  return failed == ENOENT || failed == EIO;
}

/* The event that stands there; *failed is an errno. Returns: PEAL_OK;
 * PEAL_ERR_IO: it is gone; others: not now. */
static peal_err read_event(peal_outbox *outbox,
                           const peal_outbox_queue_entry *entry,
                           peal_outbox_event *event, int *failed) {
  peal_outbox_record record;
  size_t used;
  peal_buf_reset(&outbox->out);
  *failed = peal_outbox_file_read(&outbox->file, entry->number, entry->offset,
                                  entry->len, &outbox->out);
  if (*failed)
    return is_lost(*failed) ? PEAL_ERR_IO : PEAL_ERR_SYSTEM;
  peal_err err = peal_outbox_record_decode(
      &record, peal_buf_slice(&outbox->out),
      peal_outbox_write_place(outbox, entry->number, entry->offset), &used);
  if (err || record.seq != entry->seq)
    return PEAL_ERR_IO;
  return peal_outbox_record_get_event(event, record.body, &outbox->arena);
}

static void end_damaged(peal_outbox *outbox, uint64_t seq) {
  outbox->stats.damaged++;
  (void)peal_outbox_queue_done(&outbox->queue, seq);
  peal_outbox_tell_problem(outbox, PEAL_ERR_IO,
                           "an event cannot be read any more", "");
}

static void send_entry(peal_outbox *outbox,
                       const peal_outbox_queue_entry *entry) {
  peal_outbox_link *link = outbox->link;
  peal_outbox_event event;
  outbox->is_sending = true;
  peal_outbox_send_ref(link);
  uv_mutex_unlock(&outbox->lock);
  int failed = 0;
  peal_err read = read_event(outbox, entry, &event, &failed);
  peal_err err =
      read ? read : peal_outbox_send(link, &outbox->opts, entry->seq, &event);
  peal_outbox_send_unref(link);
  peal_arena_reset(&outbox->arena);
  uv_mutex_lock(&outbox->lock);
  outbox->is_sending = false;
  uv_cond_broadcast(&outbox->finished);
  if (read == PEAL_ERR_IO) {
    end_damaged(outbox, entry->seq);
    return;
  }
  if (err)
    peal_outbox_queue_again(&outbox->queue, entry->seq, true,
                            peal_outbox_write_now_ms());
  peal_outbox_tell_reading(outbox, failed);
}

static void note_taken(peal_outbox *outbox) {
  outbox->lost_in_row = 0;
  peal_outbox_tell_stuck(outbox, false);
}

static bool end_event(peal_outbox *outbox, uint64_t seq, uint64_t *count) {
  if (!peal_outbox_queue_done(&outbox->queue, seq))
    return false;
  ++*count;
  peal_outbox_write_mark(outbox, seq);
  peal_outbox_write_expired(outbox);
  return true;
}

static void end_flight(peal_outbox *outbox, const peal_outbox_flight *flight) {
  note_taken(outbox);
  if (end_event(outbox, flight->seq, &outbox->stats.delivered))
    peal_outbox_tell_event(outbox, outbox->opts.on_delivered,
                           (peal_slice){flight->id, flight->id_len});
}

/* Handed over before it is marked as over: who is killed between has it in two
 * places, not in none. */
static void give_up(peal_outbox *outbox, const peal_outbox_flight *flight) {
  peal_outbox_queue_entry entry;
  peal_outbox_event event;
  int failed = 0;
  note_taken(outbox);
  if (!peal_outbox_queue_sent(&outbox->queue, flight->seq, &entry))
    return;
  uv_mutex_unlock(&outbox->lock);
  peal_err err = read_event(outbox, &entry, &event, &failed);
  uv_mutex_lock(&outbox->lock);
  bool is_over = !err && peal_outbox_tell_given_up(outbox, &event);
  peal_arena_reset(&outbox->arena);
  if (err == PEAL_ERR_IO) {
    end_damaged(outbox, flight->seq);
    return;
  }
  if (is_over)
    (void)end_event(outbox, flight->seq, &outbox->stats.given_up);
  else
    peal_outbox_queue_again(&outbox->queue, flight->seq, true,
                            peal_outbox_write_now_ms());
  peal_outbox_tell_reading(outbox, failed);
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
  else if (flight->kind == PEAL_OUTBOX_ANSWER_GIVEN_UP)
    give_up(outbox, flight);
  else
    peal_outbox_queue_again(&outbox->queue, flight->seq, waits,
                            peal_outbox_write_now_ms());
  if (outbox->lost_in_row > outbox->opts.window + STUCK_LOSSES)
    peal_outbox_tell_stuck(outbox, true);
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
  if (may_write(outbox, peal_outbox_write_now_ms()) &&
      !outbox->is_freed_inside) {
    peal_outbox_write_jobs(outbox);
    did = true;
  }
  if (outbox->sync_at_ms && peal_outbox_write_now_ms() >= outbox->sync_at_ms) {
    peal_outbox_write_sync(outbox);
    did = true;
  }
  peal_outbox_tell_dropped(outbox);
  if (!outbox->is_closing && outbox->link &&
      peal_outbox_queue_next(&outbox->queue, peal_outbox_write_now_ms(),
                             &entry)) {
    send_entry(outbox, &entry);
    did = true;
  }
  return did && !outbox->is_freed_inside;
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static void wait_for_more(peal_outbox *outbox) {
  uint64_t now = peal_outbox_write_now_ms();
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
  peal_outbox_write_fail(outbox, PEAL_ERR_CLOSED);
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
