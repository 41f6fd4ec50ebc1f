/* SPDX-License-Identifier: MIT */
#include "source_watch.h"

#include <stdio.h>
#include <string.h>

static void become(source_watch *w, source_state state, const char *reason,
                   uint32_t retry_ms) {
  if (w->state == state && strcmp(w->reason, reason) == 0 &&
      w->retry_ms == retry_ms)
    return;
  w->state = state;
  w->retry_ms = retry_ms;
  snprintf(w->reason, sizeof w->reason, "%s", reason);
  w->changed = true;
}

void source_watch_init(source_watch *w, const source_opts *opts) {
  *w = (source_watch){
      .stall_ms = opts->stall_ms,
      .first_ms = opts->retry_first_ms,
      .next_ms = opts->retry_next_ms,
      .reopens = opts->kind == SOURCE_V4L2 || opts->kind == SOURCE_JSON,
      .state = SOURCE_DISCONNECTED,
      .reason = "starting",
      .changed = true,
  };
}

void source_watch_opened(source_watch *w, uint64_t now_ms) {
  w->open = true;
  w->any = false;
  w->frame_ms = now_ms;
  become(w, SOURCE_DISCONNECTED, "waiting for the first frame", 0);
}

void source_watch_lost(source_watch *w, const char *reason, uint64_t now_ms) {
  uint32_t wait_ms = w->failures++ == 0 ? w->first_ms : w->next_ms;
  w->open = false;
  w->retry_at_ms = now_ms + wait_ms;
  become(w, SOURCE_DISCONNECTED, reason, wait_ms);
  // each try is told, also if it failed as the one before
  w->changed = true;
}

void source_watch_frame(source_watch *w, uint64_t now_ms) {
  w->failures = 0;
  w->any = true;
  w->frame_ms = now_ms;
  become(w, SOURCE_CONNECTED, "", 0);
}

/* How long an open driver may bring nothing. An estimator takes its time until
 * its first frame: it loads a model. */
static uint64_t patience_ms(const source_watch *w) {
  return (w->any ? 3 : 10) * (uint64_t)w->stall_ms;
}

void source_watch_broken(source_watch *w, const char *reason, uint64_t now_ms) {
  uint64_t silent_ms = now_ms - w->frame_ms;
  if (w->open && silent_ms >= w->stall_ms && silent_ms < patience_ms(w))
    become(w, SOURCE_DEGRADED, reason, 0);
}

void source_watch_paused(source_watch *w) {
  w->open = false;
  become(w, SOURCE_PAUSED, "paused", 0);
}

void source_watch_resumed(source_watch *w) {
  w->failures = 0;
  w->retry_at_ms = 0;
  become(w, SOURCE_DISCONNECTED, "starting", 0);
}

static void say_stalled(source_watch *w, source_state state, uint64_t for_ms) {
  char words[SOURCE_REASON];
  // the words stand still, so that they are told once and not each second
  snprintf(words, sizeof words, "no frame for %.1f s", (double)for_ms / 1000);
  become(w, state, words, 0);
}

bool source_watch_tick(source_watch *w, uint64_t now_ms) {
  if (!w->open)
    return false;
  uint64_t silent_ms = now_ms - w->frame_ms, stall_ms = w->stall_ms;
  if (silent_ms >= patience_ms(w)) {
    if (w->reopens)
      return true;
    if (w->state != SOURCE_DISCONNECTED)
      say_stalled(w, SOURCE_DISCONNECTED, patience_ms(w));
    return false;
  }
  if (silent_ms >= stall_ms && w->state == SOURCE_CONNECTED)
    say_stalled(w, SOURCE_DEGRADED, stall_ms);
  return false;
}

bool source_watch_wants_open(const source_watch *w, uint64_t now_ms) {
  return !w->open && w->state != SOURCE_PAUSED && now_ms >= w->retry_at_ms;
}

uint64_t source_watch_deadline(const source_watch *w) {
  if (w->state == SOURCE_PAUSED)
    return UINT64_MAX;
  if (!w->open)
    return w->retry_at_ms;
  if (w->state == SOURCE_CONNECTED)
    return w->frame_ms + w->stall_ms;
  // it says disconnected already: only who reopens has something to do
  if (w->state == SOURCE_DISCONNECTED && !w->reopens)
    return UINT64_MAX;
  return w->frame_ms + patience_ms(w);
}

bool source_watch_take(source_watch *w) {
  bool changed = w->changed;
  w->changed = false;
  return changed;
}
