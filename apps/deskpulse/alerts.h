/* SPDX-License-Identifier: MIT */
#pragma once
/* alerts: when somebody has sat badly for too long. A machine without a clock:
 * it is told what is seen and when, and says what is to be told.
 *
 *   quiet --bad for `threshold`--> told --every `repeat`--> told again
 *     ^                             |
 *     +--- good, nobody, paused, camera gone, unsure for 30 s: cleared
 *
 * Acknowledged, it is not told again until it has been cleared. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/base.h>

/* What was seen of whoever sits there. */
typedef enum alerts_seen {
  ALERTS_ABSENT, /* nobody */
  ALERTS_UNSURE, /* somebody, and no telling how */
  ALERTS_GOOD,
  ALERTS_BAD,
} alerts_seen;

/* Why it is over. */
typedef enum alerts_end {
  ALERTS_BY_GOOD,
  ALERTS_BY_ABSENCE,
  ALERTS_BY_UNSURE,
  ALERTS_BY_PAUSE,
  ALERTS_BY_CAMERA,
  ALERTS_BY_THRESHOLD, /* a longer one was set */
  ALERTS_BY_USER,      /* somebody else sits there */
} alerts_end;

/* What is to be told now. */
typedef enum alerts_told {
  ALERTS_NOTHING,
  ALERTS_TRIGGERED,
  ALERTS_CLEARED,
} alerts_told;

/* {.threshold_ms, .repeat_ms}, the rest zero, is one that is quiet. To be read
 * by its owner. */
typedef struct alerts {
  uint64_t threshold_ms, repeat_ms;
  bool is_bad; /* a spell of bad posture is under way */
  uint64_t since_ms;
  bool is_unsure;
  uint64_t unsure_ms; /* since when */
  bool is_active, is_acknowledged;
  unsigned count;      /* times that it was told */
  uint64_t next_ms;    /* when it is told again */
  uint64_t lasted_ms;  /* of the spell that was told or cleared last */
  alerts_end ended_by; /* of the one that was cleared last */
} alerts;

/* This was seen; times are monotonic milliseconds. Thread: pure. */
PEAL_MUST_CHECK alerts_told alerts_see(alerts *a, alerts_seen seen,
                                       uint64_t now_ms);
/* Time has passed. Thread: pure. */
PEAL_MUST_CHECK alerts_told alerts_tick(alerts *a, uint64_t now_ms);
/* Nothing is seen any more. Thread: pure. */
PEAL_MUST_CHECK alerts_told alerts_stop(alerts *a, alerts_end why,
                                        uint64_t now_ms);
/* From now on after this time. Thread: pure. */
PEAL_MUST_CHECK alerts_told alerts_set_threshold(alerts *a, uint64_t ms,
                                                 uint64_t now_ms);
/* False: there is none. Again: nothing. Thread: pure. */
bool alerts_acknowledge(alerts *a);
/* "good", "absent", "undecided", "paused", "camera", "threshold",
 * "user". Thread: pure. */
const char *alerts_word(alerts_end why);
