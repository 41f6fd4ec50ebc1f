/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- days ------------------------------------------------------------------- */

/* By the calendar: a day has 23 to 25 hours. */
void tally_date(char out[TALLY_DATE_BYTES], int64_t wall_ms, int days) {
  time_t at = (time_t)(wall_ms / 1000);
  struct tm tm;
  localtime_r(&at, &tm);
  if (days != 0) {
    tm.tm_mday -= days;
    tm.tm_hour = 12; // which every day has
    tm.tm_isdst = -1;
    (void)mktime(&tm);
  }
  if (strftime(out, TALLY_DATE_BYTES, "%Y-%m-%d", &tm) == 0)
    out[0] = '\0';
}

/* When the day of this moment began: where midnight is left out, at one. */
static int64_t day_begin_ms(int64_t wall_ms) {
  time_t at = (time_t)(wall_ms / 1000);
  struct tm tm;
  localtime_r(&at, &tm);
  tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
  tm.tm_isdst = -1;
  return (int64_t)mktime(&tm) * 1000;
}

static void add(tally_day *day, alerts_seen seen, int64_t ms) {
  if (seen == ALERTS_GOOD)
    day->good_ms += ms;
  else if (seen == ALERTS_BAD)
    day->bad_ms += ms;
}

/* ---- counting ---------------------------------------------------------------- */

/* Where the time of this date waits. More days than there is room for (a store
 * that was locked for a week) are counted with the last. */
static tally_day *owed_of(tally *t, const char *date) {
  for (size_t i = 0; i < t->owed_count; i++)
    if (strcmp(t->owed[i].date, date) == 0)
      return &t->owed[i];
  if (t->owed_count == TALLY_DAYS)
    return &t->owed[TALLY_DAYS - 1];
  tally_day *day = &t->owed[t->owed_count++];
  *day = (tally_day){.date = ""};
  memcpy(day->date, date, TALLY_DATE_BYTES);
  return day;
}

static void count(tally *t, const char *date, int64_t ms) {
  if (ms <= 0 || (t->last != ALERTS_GOOD && t->last != ALERTS_BAD))
    return;
  add(owed_of(t, date), t->last, ms);
  if (strcmp(t->today.date, date) == 0)
    add(&t->today, t->last, ms);
}

/* What is before midnight is of the day before; of a long gap its beginning
 * counts. */
static void count_span(tally *t, uint64_t now_ms, int64_t wall_ms) {
  char date[TALLY_DATE_BYTES], before[TALLY_DATE_BYTES];
  uint64_t gap = now_ms - t->last_ms;
  uint64_t held = gap < TALLY_MAX_GAP_MS ? gap : TALLY_MAX_GAP_MS;
  int64_t ms = (int64_t)held, end_ms = wall_ms - (int64_t)(gap - held);
  int64_t today_ms = end_ms - day_begin_ms(end_ms);
  tally_date(date, end_ms, 0);
  if (today_ms >= ms) {
    count(t, date, ms);
    return;
  }
  tally_date(before, end_ms - ms, 0);
  count(t, before, ms - today_ms);
  count(t, date, today_ms);
}

bool tally_turn(tally *t, int64_t wall_ms) {
  tally_day now = {.date = ""};
  tally_date(now.date, wall_ms, 0);
  if (strcmp(t->today.date, now.date) == 0)
    return false;
  t->today = now;
  return true;
}

bool tally_see(tally *t, alerts_seen seen, uint64_t now_ms, int64_t wall_ms) {
  bool is_new = tally_turn(t, wall_ms);
  if (t->has_last && now_ms > t->last_ms)
    count_span(t, now_ms, wall_ms);
  t->last = seen;
  t->last_ms = now_ms;
  t->has_last = true;
  return is_new;
}

void tally_stop(tally *t) {
  t->has_last = false;
}

/* ---- the store ----------------------------------------------------------------- */

void tally_base(tally *t, const tally_day *stored) {
  if (strcmp(t->today.date, stored->date) != 0)
    return;
  t->today.good_ms += stored->good_ms;
  t->today.bad_ms += stored->bad_ms;
}

size_t tally_take(tally *t, tally_day out[TALLY_DAYS]) {
  size_t taken = t->owed_count;
  memcpy(out, t->owed, taken * sizeof *out);
  t->owed_count = 0;
  return taken;
}

void tally_give(tally *t, const tally_day *days, size_t given) {
  for (size_t i = 0; i < given; i++) {
    tally_day *day = owed_of(t, days[i].date);
    day->good_ms += days[i].good_ms;
    day->bad_ms += days[i].bad_ms;
  }
}

/* ---- telling --------------------------------------------------------------------- */

double tally_score(const tally_day *day) {
  int64_t all = day->good_ms + day->bad_ms;
  return all > 0 ? round((double)day->good_ms * 1000 / (double)all) / 10 : 0;
}

double tally_minutes(int64_t ms) {
  return round((double)ms / 60) / 1000;
}
