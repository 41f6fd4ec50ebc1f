/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <peal/kit.h>

#include "shift.h"

enum { HOUR_MS = 3600000, MINUTE_MS = 60000 };

/* 2026-01-31T00:00 in Asia/Kolkata. */
#define MIDNIGHT INT64_C(1769797800000)

static void every_hour_has_its_shift(void **state) {
  (void)state;
  assert_true(peal_kit_zone_set("Asia/Kolkata"));
  for (int64_t hour = 0; hour < 24; hour++) {
    shift wanted = hour >= 6 && hour < 14    ? SHIFT_MORNING
                   : hour >= 14 && hour < 22 ? SHIFT_AFTERNOON
                                             : SHIFT_EVENING;
    int64_t at = MIDNIGHT + hour * HOUR_MS;
    assert_int_equal(shift_of_time(at), wanted);
    assert_int_equal(shift_of_time(at + HOUR_MS - 1), wanted);
  }
}

static void an_offset_is_a_zone_too(void **state) {
  (void)state;
  char clock[8];
  assert_true(peal_kit_zone_set("+05:30"));
  shift_clock(clock, MIDNIGHT + 13 * HOUR_MS + 59 * MINUTE_MS);
  assert_string_equal(clock, "13:59");
  assert_true(peal_kit_zone_set("-03:00"));
  shift_clock(clock, MIDNIGHT);
  assert_string_equal(clock, "15:30");
  assert_true(peal_kit_zone_set("UTC"));
  shift_clock(clock, MIDNIGHT);
  assert_string_equal(clock, "18:30");
}

static void types_are_words_or_letters(void **state) {
  (void)state;
  assert_int_equal(shift_of_type(PEAL_S("morning")), SHIFT_MORNING);
  assert_int_equal(shift_of_type(PEAL_S("Afternoon")), SHIFT_AFTERNOON);
  assert_int_equal(shift_of_type(PEAL_S("E")), SHIFT_EVENING);
  assert_int_equal(shift_of_type(PEAL_S("m")), SHIFT_MORNING);
  assert_int_equal(shift_of_type(PEAL_S("")), SHIFT_UNKNOWN);
  assert_int_equal(shift_of_type(PEAL_S("mornings")), SHIFT_UNKNOWN);
  assert_int_equal(shift_of_id(PEAL_S("SV30-2026-01-31-001-A")),
                   SHIFT_AFTERNOON);
  assert_int_equal(shift_of_id(PEAL_S("SIM-1")), SHIFT_UNKNOWN);
  assert_int_equal(shift_of_id(PEAL_S("A")), SHIFT_UNKNOWN);
}

static bool warns(const char *id, const char *type, int64_t at, int64_t t_min,
                  int64_t now) {
  char out[160];
  return shift_warning(out, sizeof out, peal_slice_of(id), peal_slice_of(type),
                       at, t_min, now, "Asia/Kolkata");
}

static void a_type_that_fits_is_no_warning(void **state) {
  (void)state;
  assert_true(peal_kit_zone_set("Asia/Kolkata"));
  int64_t nine = MIDNIGHT + 9 * HOUR_MS, later = nine + 99 * HOUR_MS;
  assert_false(warns("SV30-2026-01-31-001-M", "morning", nine, 0, later));
  assert_false(warns("anything", "special", nine, 0, later));
  // it began at 13:45, and is one of the morning at its end, too
  int64_t end = MIDNIGHT + 14 * HOUR_MS + 15 * MINUTE_MS;
  assert_false(warns("SV30-2026-01-31-001-M", "morning", end, 30, later));
  assert_true(warns("SV30-2026-01-31-001-M", "morning", end, 0, later));
}

static void a_wrong_clock_is_one(void **state) {
  (void)state;
  assert_true(peal_kit_zone_set("Asia/Kolkata"));
  int64_t nine = MIDNIGHT + 9 * HOUR_MS, later = nine + 99 * HOUR_MS;
  assert_true(warns("SV30-2026-01-31-001-E", "evening", nine, 0, later));
  assert_true(warns("SV30-2026-01-31-001-A", "morning", nine, 0, later));
  assert_true(warns("X", "morning", nine, 0, nine - 6 * MINUTE_MS));
  assert_false(warns("X", "morning", nine, 0, nine - 4 * MINUTE_MS));
  assert_false(warns("SIM-1", "morning", nine, 0, nine - 6 * MINUTE_MS));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_hour_has_its_shift),
      cmocka_unit_test(an_offset_is_a_zone_too),
      cmocka_unit_test(types_are_words_or_letters),
      cmocka_unit_test(a_type_that_fits_is_no_warning),
      cmocka_unit_test(a_wrong_clock_is_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
