/* SPDX-License-Identifier: MIT */
#pragma once
/* tally: how long somebody has sat well and badly, for each day of the zone of
 * the process. It does no I/O: what is to be stored is taken from it, and given
 * back if it could not be. */
#include <stddef.h>
#include <stdint.h>

#include "alerts.h"

enum {
  TALLY_DATE_BYTES = 11, /* "2026-11-28" */
  TALLY_DAYS = 8,        /* that may wait to be stored */
  TALLY_MAX_GAP_MS =
      10000, /* a sight holds until the next, and so long at most */
};

typedef struct tally_day {
  char date[TALLY_DATE_BYTES]; /* empty: none */
  int64_t good_ms, bad_ms;
} tally_day;

/* {0} is an empty one; `today` may be read. */
typedef struct tally {
  tally_day today;            /* all of the day that it is */
  tally_day owed[TALLY_DAYS]; /* of it and others: not stored yet */
  size_t owed_count;
  alerts_seen last;
  uint64_t last_ms;
  bool has_last;
} tally;

/* It is this moment. True: a new day has begun, of which `today` has nothing yet
 * (tally_base). Thread: any. */
bool tally_turn(tally *t, int64_t wall_ms);
/* This is seen from now on: the time until now was that of the sight before.
 * `now_ms` is monotonic, `wall_ms` since 1970. True: as tally_turn, and `today`
 * has only what was seen now. Thread: any. */
bool tally_see(tally *t, alerts_seen seen, uint64_t now_ms, int64_t wall_ms);
/* Nothing is seen any more: the time until the next sight is nobody's. Thread:
 * pure. */
void tally_stop(tally *t);
/* What the store has of a day is added, if it is still today. Thread: pure. */
void tally_base(tally *t, const tally_day *stored);
/* Take what is to be added to the store. Returns how many days. Thread:
 * pure. */
size_t tally_take(tally *t, tally_day out[TALLY_DAYS]);
/* It was not stored. Thread: pure. */
void tally_give(tally *t, const tally_day *days, size_t count);
/* The share of good time in percent, with one decimal; 0 if there was none.
 * Thread: pure. */
double tally_score(const tally_day *day);
/* Minutes, to a thousandth. Thread: pure. */
double tally_minutes(int64_t ms);
/* The date of a moment, and of `days` before it. Thread: any. */
void tally_date(char out[TALLY_DATE_BYTES], int64_t wall_ms, int days);
