/* SPDX-License-Identifier: MIT */
/* source_thread: what a source does on its own thread. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include "jpeg.h"
#include "source_impl.h"

/* -- to the worker -------------------------------------------------------- */

/* Under the lock: ask the worker to look, unless it has been asked. */
static void ask(source *s) {
  if (s->slot.posted)
    return;
  atomic_fetch_add(&s->refs, 1);
  if (peal_worker_post(s->opts.worker, source_deliver, s) == PEAL_OK)
    s->slot.posted = true;
  else // the next frame asks again; at the end of the run nobody does
    atomic_fetch_sub(&s->refs, 1);
}

static void tell_status(source *s) {
  if (!source_watch_take(&s->watch))
    return;
  pthread_mutex_lock(&s->lock);
  s->slot.told = false;
  s->slot.state = s->watch.state;
  s->slot.retry_ms = s->watch.retry_ms;
  memcpy(s->slot.reason, s->watch.reason, sizeof s->slot.reason);
  ask(s);
  pthread_mutex_unlock(&s->lock);
}

/* The newest wins. Takes the frame's reference. */
static void put_frame(source *s, const source_frame *frame, uint64_t epoch) {
  peal_bytes *old = NULL;
  pthread_mutex_lock(&s->lock);
  if (s->stop || s->paused || s->epoch != epoch) {
    old = frame->jpeg;
  } else {
    if (s->slot.full) {
      old = s->slot.frame.jpeg;
      atomic_fetch_add(&s->replaced, 1);
    }
    s->slot.frame = *frame;
    s->slot.full = true;
    ask(s);
  }
  pthread_mutex_unlock(&s->lock);
  peal_bytes_unref(old);
}

/* -- one picture ---------------------------------------------------------- */

static uint64_t thread_us(void) {
  struct timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

/* Let the built-in tracker say who is there. */
static void look(source *s, source_frame *frame) {
  frame->seen_by = SOURCE_SEEN_BY_TRACKER;
  if (s->eyesight == NULL)
    return;
  if (atomic_exchange(&s->forget, false))
    tracker_forget(s->eyesight);
  uint64_t before_us = thread_us();
  tracker_sight sight = tracker_see(s->eyesight, peal_bytes_slice(frame->jpeg),
                                    frame->captured_ms);
  atomic_fetch_add(&s->look_us, thread_us() - before_us);
  frame->decided = sight.word == TRACKER_PERSON || sight.word == TRACKER_NOBODY;
  frame->marks = sight.marks;
  if (!frame->decided)
    frame->note = tracker_word_text(sight.word);
}

/* Cameras leave out tables that viewers need. */
static bool complete(source_shot *shot, jpeg_head *head) {
  if (jpeg_head_read(head, peal_bytes_slice(shot->jpeg)) != PEAL_OK)
    return false;
  if (head->tables)
    return true;
  peal_bytes *whole = jpeg_with_tables(peal_bytes_slice(shot->jpeg));
  if (whole == NULL)
    return false;
  peal_bytes_unref(shot->jpeg);
  shot->jpeg = whole;
  return true;
}

/* More than fps from a camera are dropped, as they come; the next is never far.
 * Half of a frame's time is allowed for, so that a camera of just this rate loses
 * none. */
static bool is_too_soon(source *s, uint64_t now_ms) {
  uint64_t step_ms = 1000 / s->opts.fps;
  if (s->opts.kind != SOURCE_V4L2)
    return false;
  if (now_ms + step_ms / 2 < s->due_ms)
    return true;
  s->due_ms =
      s->due_ms + step_ms < now_ms ? now_ms + step_ms : s->due_ms + step_ms;
  return false;
}

/* When it was taken. What an estimator says is believed if it can be. */
static void stamp(source_frame *frame, double said) {
  double now = source_wall();
  double late = said > 0 && said <= now && now - said < 5 ? now - said : 0;
  frame->captured_at = now - late;
  frame->captured_ms = source_now_ms() - (uint64_t)(late * 1000);
}

static void take(source *s, source_shot *shot, uint64_t epoch) {
  source_frame frame = {.simulated = s->opts.kind == SOURCE_SYNTHETIC};
  jpeg_head head;
  stamp(&frame, shot->captured_at);
  atomic_fetch_add(&s->captured, 1);
  if (!complete(shot, &head)) {
    atomic_fetch_add(&s->broken, 1);
    source_watch_broken(&s->watch, "the pictures that come are no JPEG",
                        frame.captured_ms);
    peal_bytes_unref(shot->jpeg);
    return;
  }
  source_watch_frame(&s->watch, source_now_ms());
  if (is_too_soon(s, frame.captured_ms)) {
    peal_bytes_unref(shot->jpeg);
    return;
  }
  frame.jpeg = shot->jpeg;
  frame.width = head.width;
  frame.height = head.height;
  frame.seq = ++s->seq;
  frame.decided = shot->marked;
  frame.marks = shot->marks;
  if (!shot->marked)
    look(s, &frame);
  // before the frame, so that nobody sees one of a source that is not there
  tell_status(s);
  put_frame(s, &frame, epoch);
}

/* -- the life ------------------------------------------------------------- */

static void close_driver(source *s) {
  if (s->is_open)
    s->eyes.driver->close(s->eyes.self);
  s->is_open = false;
}

static void open_driver(source *s, uint64_t now_ms) {
  char reason[SOURCE_REASON] = "";
  atomic_fetch_add(&s->opened, 1);
  s->is_open = s->eyes.driver->open(s->eyes.self, reason);
  if (s->is_open)
    source_watch_opened(&s->watch, now_ms);
  else
    source_watch_lost(&s->watch, reason, source_now_ms());
}

static uint32_t until(const source *s, uint64_t now_ms) {
  uint64_t at_ms = source_watch_deadline(&s->watch);
  uint64_t wait_ms = at_ms <= now_ms ? 0 : at_ms - now_ms;
  return wait_ms > 60000 ? 60000 : (uint32_t)wait_ms;
}

static void drain(int wake) {
  uint64_t count;
  while (read(wake, &count, sizeof count) < 0 && errno == EINTR)
    continue;
}

static void run_open(source *s, uint64_t now_ms, uint64_t epoch) {
  char reason[SOURCE_REASON] = "";
  source_shot shot = {0};
  switch (s->eyes.driver->next(s->eyes.self, &shot, s->wake, until(s, now_ms),
                               reason)) {
  case SOURCE_SHOT:
    take(s, &shot, epoch);
    break;
  case SOURCE_SPOILT:
    atomic_fetch_add(&s->broken, 1);
    source_watch_broken(&s->watch, reason, source_now_ms());
    break;
  case SOURCE_LOST:
    close_driver(s);
    source_watch_lost(&s->watch, reason, source_now_ms());
    break;
  case SOURCE_NOTHING:
    break;
  }
}

/* One step. Returns false at the end. */
static bool step(source *s) {
  pthread_mutex_lock(&s->lock);
  bool stop = s->stop, paused = s->paused;
  uint64_t epoch = s->epoch;
  pthread_mutex_unlock(&s->lock);
  if (stop)
    return false;
  uint64_t now_ms = source_now_ms();
  if (paused && s->watch.state != SOURCE_PAUSED) {
    close_driver(s);
    source_watch_paused(&s->watch);
  } else if (!paused && s->watch.state == SOURCE_PAUSED) {
    source_watch_resumed(&s->watch);
  }
  if (source_watch_tick(&s->watch, now_ms)) {
    close_driver(s);
    source_watch_lost(&s->watch, "no frame comes any more", now_ms);
  }
  if (source_watch_wants_open(&s->watch, now_ms))
    open_driver(s, now_ms);
  tell_status(s);
  if (s->is_open)
    run_open(s, now_ms, epoch);
  else
    source_wait(-1, s->wake, until(s, now_ms));
  tell_status(s);
  return true;
}

void *source_thread_run(void *user) {
  source *s = user;
  do
    drain(s->wake);
  while (step(s));
  close_driver(s);
  return NULL;
}
