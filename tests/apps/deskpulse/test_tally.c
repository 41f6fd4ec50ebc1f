/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <peal/kit.h>

#include "tally.h"

enum { HOUR_MS = 3600000, MINUTE_MS = 60000 };

/* A moment of the zone that is set. */
static int64_t wall(int year, int month, int day, int hour, int minute) {
  struct tm tm = {.tm_year = year - 1900,
                  .tm_mon = month - 1,
                  .tm_mday = day,
                  .tm_hour = hour,
                  .tm_min = minute,
                  .tm_isdst = -1};
  return (int64_t)mktime(&tm) * 1000;
}

/* Ten sights a second for `ms`, both clocks at once. */
static void sit(tally *t, alerts_seen seen, int64_t *wall_ms, int64_t ms) {
  for (int64_t end = *wall_ms + ms; *wall_ms < end; *wall_ms += 100)
    (void)tally_see(t, seen, (uint64_t)*wall_ms, *wall_ms);
}

static const tally_day *owed(const tally *t, const char *date) {
  for (size_t i = 0; i < t->owed_count; i++)
    if (strcmp(t->owed[i].date, date) == 0)
      return &t->owed[i];
  return NULL;
}

static void good_and_bad_are_counted_and_nothing_else(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  int64_t at = wall(2026, 11, 28, 12, 0);
  sit(&t, ALERTS_GOOD, &at, 10 * MINUTE_MS);
  sit(&t, ALERTS_BAD, &at, 5 * MINUTE_MS);
  sit(&t, ALERTS_ABSENT, &at, 20 * MINUTE_MS);
  sit(&t, ALERTS_UNSURE, &at, 20 * MINUTE_MS);
  sit(&t, ALERTS_GOOD, &at, 100);
  assert_string_equal(t.today.date, "2026-11-28");
  assert_int_equal(t.today.good_ms, 10 * MINUTE_MS);
  assert_int_equal(t.today.bad_ms, 5 * MINUTE_MS);
  assert_true(tally_minutes(t.today.good_ms) == 10.0);
  assert_true(fabs(tally_score(&t.today) - 66.7) < 1e-9);
}

static void nothing_has_a_score_of_zero(void **state) {
  (void)state;
  assert_true(tally_score(&(tally_day){.date = ""}) == 0.0);
  assert_true(tally_score(&(tally_day){.bad_ms = 100}) == 0.0);
  assert_true(tally_score(&(tally_day){.good_ms = 100}) == 100.0);
}

static void a_gap_counts_ten_seconds_at_most(void **state) {
  tally t = {0};
  (void)state;
  int64_t at = wall(2026, 11, 28, 12, 0);
  (void)tally_see(&t, ALERTS_BAD, (uint64_t)at, at);
  at += HOUR_MS;
  (void)tally_see(&t, ALERTS_BAD, (uint64_t)at, at);
  assert_int_equal(t.today.bad_ms, TALLY_MAX_GAP_MS);
}

static void what_was_not_watched_is_not_counted(void **state) {
  tally t = {0};
  (void)state;
  int64_t at = wall(2026, 11, 28, 12, 0);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at, at);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 1000, at + 1000);
  tally_stop(&t);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 6000, at + 6000);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 8000, at + 8000);
  assert_int_equal(t.today.good_ms, 3000);
}

static void a_day_begins_that_nobody_sees(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  int64_t at = wall(2026, 11, 28, 18, 0);
  sit(&t, ALERTS_GOOD, &at, 10 * MINUTE_MS);
  tally_stop(&t);
  assert_false(tally_turn(&t, wall(2026, 11, 28, 23, 59)));
  assert_string_equal(t.today.date, "2026-11-28");
  assert_true(tally_turn(&t, wall(2026, 11, 29, 0, 0)));
  assert_string_equal(t.today.date, "2026-11-29");
  assert_int_equal(t.today.good_ms, 0);
  assert_false(tally_turn(&t, wall(2026, 11, 29, 0, 0)));
  assert_int_equal(owed(&t, "2026-11-28")->good_ms, 10 * MINUTE_MS - 100);
  assert_null(owed(&t, "2026-11-29"));
}

static void a_gap_over_midnight_is_of_the_day_on_which_it_began(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  int64_t midnight = wall(2026, 11, 29, 0, 0), at = midnight - MINUTE_MS;
  (void)tally_see(&t, ALERTS_BAD, (uint64_t)at, at);
  at = midnight + MINUTE_MS;
  assert_true(tally_see(&t, ALERTS_BAD, (uint64_t)at, at));
  assert_int_equal(owed(&t, "2026-11-28")->bad_ms, TALLY_MAX_GAP_MS);
  assert_int_equal(t.today.bad_ms, 0);
}

static void the_clock_turns_before_the_sight_does(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  int64_t midnight = wall(2026, 11, 29, 0, 0), at = midnight - MINUTE_MS;
  sit(&t, ALERTS_BAD, &at, MINUTE_MS);
  assert_true(tally_turn(&t, midnight + 20));
  sit(&t, ALERTS_BAD, &at, MINUTE_MS);
  assert_int_equal(owed(&t, "2026-11-28")->bad_ms, MINUTE_MS);
  assert_int_equal(t.today.bad_ms, MINUTE_MS - 100);
}

static void midnight_divides(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  int64_t midnight = wall(2026, 11, 29, 0, 0), at = midnight - 3000;
  assert_true(tally_see(&t, ALERTS_GOOD, (uint64_t)at, at));
  assert_string_equal(t.today.date, "2026-11-28");
  at = midnight + 2000;
  assert_true(tally_see(&t, ALERTS_GOOD, (uint64_t)at, at));
  assert_string_equal(t.today.date, "2026-11-29");
  assert_int_equal(t.today.good_ms, 2000);
  assert_int_equal(owed(&t, "2026-11-28")->good_ms, 3000);
  assert_int_equal(owed(&t, "2026-11-29")->good_ms, 2000);
  assert_false(tally_see(&t, ALERTS_GOOD, (uint64_t)at + 100, at + 100));
}

/* The night in which an hour is there twice, and the one in which it is
 * missing: a day is what has its date. */
static void days_of_23_and_of_25_hours(void **state) {
  static const struct {
    int month, day, hours;
  } days[] = {{3, 29, 23}, {10, 25, 25}, {6, 1, 24}};

  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  for (size_t i = 0; i < 3; i++) {
    tally t = {0};
    char date[TALLY_DATE_BYTES * 3];
    snprintf(date, sizeof date, "2026-%02d-%02d", days[i].month, days[i].day);
    int64_t at = wall(2026, days[i].month, days[i].day, 0, 0) - 60000;
    int64_t end = wall(2026, days[i].month, days[i].day + 1, 0, 0) + 60000;
    for (; at <= end; at += 1000)
      (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at, at);
    assert_int_equal(owed(&t, date)->good_ms, days[i].hours * HOUR_MS);
    assert_int_equal(t.owed_count, 3);
  }
}

/* Where the clock goes from 23:59 to 01:00. */
static void a_day_that_begins_at_one(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("Africa/Cairo"));
  int64_t begin = wall(2026, 4, 24, 1, 0), at = begin - 2000;
  char date[TALLY_DATE_BYTES];
  tally_date(date, begin - 1, 0);
  assert_string_equal(date, "2026-04-23");
  (void)tally_see(&t, ALERTS_BAD, (uint64_t)at, at);
  at = begin + 3000;
  (void)tally_see(&t, ALERTS_BAD, (uint64_t)at, at);
  assert_int_equal(owed(&t, "2026-04-23")->bad_ms, 2000);
  assert_int_equal(owed(&t, "2026-04-24")->bad_ms, 3000);
}

static void dates_go_back_by_the_calendar(void **state) {
  char date[TALLY_DATE_BYTES];
  (void)state;
  assert_true(peal_kit_zone_set("Europe/Berlin"));
  // half past midnight behind a day of 25 hours
  int64_t at = wall(2026, 10, 26, 0, 30);
  tally_date(date, at, 0);
  assert_string_equal(date, "2026-10-26");
  tally_date(date, at, 1);
  assert_string_equal(date, "2026-10-25");
  tally_date(date, at, 2);
  assert_string_equal(date, "2026-10-24");
  // and half an hour before it, behind one of 23
  at = wall(2026, 3, 29, 23, 30);
  tally_date(date, at, 1);
  assert_string_equal(date, "2026-03-28");
  tally_date(date, wall(2026, 1, 1, 0, 0), 1);
  assert_string_equal(date, "2025-12-31");
}

static void what_the_store_has_is_added_to_today(void **state) {
  tally t = {0};
  (void)state;
  int64_t at = wall(2026, 11, 28, 12, 0);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at, at);
  tally_base(&t, &(tally_day){.date = "2026-11-28", .good_ms = 500});
  tally_base(&t, &(tally_day){.date = "2026-11-27", .good_ms = 700});
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 100, at + 100);
  assert_int_equal(t.today.good_ms, 600);
  assert_int_equal(t.owed[0].good_ms, 100);
}

static void what_is_not_stored_is_owed_again(void **state) {
  tally t = {0};
  tally_day days[TALLY_DAYS], none[TALLY_DAYS];
  (void)state;
  int64_t at = wall(2026, 11, 28, 12, 0);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at, at);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 100, at + 100);
  assert_int_equal(tally_take(&t, days), 1);
  assert_int_equal(tally_take(&t, none), 0);
  (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 200, at + 200);
  tally_give(&t, days, 1);
  assert_int_equal(tally_take(&t, days), 1);
  assert_int_equal(days[0].good_ms, 200);
  assert_int_equal(t.today.good_ms, 200);
}

static void a_store_that_is_locked_for_weeks_loses_nothing(void **state) {
  tally t = {0};
  int64_t good_ms = 0;
  (void)state;
  assert_true(peal_kit_zone_set("UTC"));
  for (int day = 1; day <= 2 * TALLY_DAYS; day++) {
    int64_t at = wall(2026, 5, day, 12, 0);
    tally_stop(&t);
    (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at, at);
    (void)tally_see(&t, ALERTS_GOOD, (uint64_t)at + 1000, at + 1000);
  }
  assert_int_equal(t.owed_count, TALLY_DAYS);
  for (size_t i = 0; i < TALLY_DAYS; i++)
    good_ms += t.owed[i].good_ms;
  assert_int_equal(good_ms, 2 * TALLY_DAYS * 1000);
}

/* A clock that is set back neither counts backwards nor twice. */
static void a_clock_that_is_set_back(void **state) {
  tally t = {0};
  (void)state;
  assert_true(peal_kit_zone_set("UTC"));
  int64_t at = wall(2026, 5, 1, 12, 0);
  (void)tally_see(&t, ALERTS_GOOD, 1000, at);
  (void)tally_see(&t, ALERTS_GOOD, 2000, at - HOUR_MS);
  assert_int_equal(t.today.good_ms, 1000);
  (void)tally_see(&t, ALERTS_GOOD, 1500, at);
  assert_int_equal(t.today.good_ms, 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_and_bad_are_counted_and_nothing_else),
      cmocka_unit_test(nothing_has_a_score_of_zero),
      cmocka_unit_test(a_gap_counts_ten_seconds_at_most),
      cmocka_unit_test(what_was_not_watched_is_not_counted),
      cmocka_unit_test(a_day_begins_that_nobody_sees),
      cmocka_unit_test(a_gap_over_midnight_is_of_the_day_on_which_it_began),
      cmocka_unit_test(the_clock_turns_before_the_sight_does),
      cmocka_unit_test(midnight_divides),
      cmocka_unit_test(days_of_23_and_of_25_hours),
      cmocka_unit_test(a_day_that_begins_at_one),
      cmocka_unit_test(dates_go_back_by_the_calendar),
      cmocka_unit_test(what_the_store_has_is_added_to_today),
      cmocka_unit_test(what_is_not_stored_is_owed_again),
      cmocka_unit_test(a_store_that_is_locked_for_weeks_loses_nothing),
      cmocka_unit_test(a_clock_that_is_set_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
