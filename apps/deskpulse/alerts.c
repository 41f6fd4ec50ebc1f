/* SPDX-License-Identifier: MIT */
#include "alerts.h"

enum { UNSURE_MS = 30000 };

static alerts_told clear(alerts *a, alerts_end why, uint64_t now_ms) {
  bool was_active = a->is_active;
  a->lasted_ms = a->is_bad ? now_ms - a->since_ms : 0;
  a->ended_by = why;
  a->is_bad = a->is_unsure = a->is_active = a->is_acknowledged = false;
  a->count = 0;
  return was_active ? ALERTS_CLEARED : ALERTS_NOTHING;
}

/* A machine that slept tells it once, not for every time that it missed. */
alerts_told alerts_tick(alerts *a, uint64_t now_ms) {
  if (a->is_unsure && now_ms - a->unsure_ms >= UNSURE_MS)
    return clear(a, ALERTS_BY_UNSURE, now_ms);
  if (!a->is_bad || a->is_unsure || a->is_acknowledged)
    return ALERTS_NOTHING;
  uint64_t due = a->is_active ? a->next_ms : a->since_ms + a->threshold_ms;
  if (now_ms < due)
    return ALERTS_NOTHING;
  a->is_active = true;
  a->count++;
  a->next_ms = now_ms + a->repeat_ms;
  a->lasted_ms = now_ms - a->since_ms;
  return ALERTS_TRIGGERED;
}

static alerts_told on_bad(alerts *a, uint64_t now_ms) {
  a->is_unsure = false;
  if (!a->is_bad)
    a->since_ms = now_ms;
  a->is_bad = true;
  return alerts_tick(a, now_ms);
}

/* A moment of doubt is no change of posture. */
static alerts_told on_unsure(alerts *a, uint64_t now_ms) {
  if (!a->is_bad)
    return ALERTS_NOTHING;
  if (!a->is_unsure)
    a->unsure_ms = now_ms;
  a->is_unsure = true;
  return alerts_tick(a, now_ms);
}

alerts_told alerts_see(alerts *a, alerts_seen seen, uint64_t now_ms) {
  switch (seen) {
  case ALERTS_BAD:
    return on_bad(a, now_ms);
  case ALERTS_UNSURE:
    return on_unsure(a, now_ms);
  case ALERTS_GOOD:
    return clear(a, ALERTS_BY_GOOD, now_ms);
  case ALERTS_ABSENT:
    break;
  }
  return clear(a, ALERTS_BY_ABSENCE, now_ms);
}

alerts_told alerts_stop(alerts *a, alerts_end why, uint64_t now_ms) {
  return clear(a, why, now_ms);
}

alerts_told alerts_set_threshold(alerts *a, uint64_t ms, uint64_t now_ms) {
  a->threshold_ms = ms;
  if (!a->is_active || now_ms - a->since_ms >= ms)
    return alerts_tick(a, now_ms);
  // the spell goes on, and is told when it has been long enough
  uint64_t since_ms = a->since_ms;
  alerts_told told = clear(a, ALERTS_BY_THRESHOLD, now_ms);
  a->is_bad = true;
  a->since_ms = since_ms;
  return told;
}

bool alerts_acknowledge(alerts *a) {
  a->is_acknowledged = a->is_active;
  return a->is_active;
}

const char *alerts_word(alerts_end why) {
  static const char *const words[] = {
      "good", "absent", "undecided", "paused", "camera", "threshold", "user"};
  return words[why];
}
