/* SPDX-License-Identifier: MIT */
#pragma once
/* ledger: what is kept: the sums of days, choices, and how people sit well.
 * Unless it says otherwise on worker 0. */
#include "desk.h"
#include "posture.h"
#include "tally.h"

enum {
  LEDGER_MAX_DAYS = 366,
  LEDGER_PERSON_BYTES = 65, /* a name, with the terminator */
};

typedef struct ledger ledger;

/* Choices of earlier runs. */
typedef struct ledger_choices {
  bool is_paused;
  uint64_t threshold_ms; /* 0: none was made */
  char person[LEDGER_PERSON_BYTES];
  posture_calibration usual; /* of that person; samples 0: none */
} ledger_choices;

/* Blocks: before the run. NULL after logging why. */
ledger *ledger_new(desk *app, ledger_choices *out);
void ledger_free(ledger *l);

/* Every second, whether anything is seen or not. True: a new day has begun. */
bool ledger_tick(ledger *l);
/* Seen from now on; monotonic time. */
void ledger_see(ledger *l, alerts_seen seen, uint64_t now_ms);
/* Nothing is seen any more. */
void ledger_rest(ledger *l);
/* What was counted goes to the store: every few seconds, and at the stop. What
 * could not be stored waits for the next time. */
void ledger_flush(ledger *l);
/* Of today. */
const tally_day *ledger_today(const ledger *l);
/* As pages have it: date, good_minutes, bad_minutes, measured_minutes,
 * score. */
peal_val ledger_day_val(peal_build *build, const tally_day *day);

/* The last `days` days, today last; `fn` comes once, here or later, `rows` is
 * undefined if they could not be read. */
typedef void (*ledger_days_fn)(peal_val rows, void *user);
void ledger_days(ledger *l, int days, ledger_days_fn fn, void *user);

/* It is stored, or is not. */
typedef void (*ledger_done_fn)(bool is_stored, void *user);
/* Keep a choice: "paused", "threshold_ms", "person". `fn` (may be NULL) comes
 * once, here or later. */
void ledger_choose(ledger *l, const char *name, const char *value,
                   ledger_done_fn fn, void *user);
/* Keep how this person sits well. */
void ledger_calibrate(ledger *l, const char *person,
                      const posture_calibration *usual, ledger_done_fn fn,
                      void *user);
/* What was kept of this person; samples 0: nothing. */
typedef void (*ledger_person_fn)(bool is_read, const posture_calibration *usual,
                                 void *user);
void ledger_person(ledger *l, const char *person, ledger_person_fn fn,
                   void *user);
/* Was the store well when it was last written to? Thread: any. */
bool ledger_is_well(const ledger *l);
