/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <peal/kit.h>

/* 2026-06-22T12:00:00Z */
#define NOON ((time_t)1782129600)

static void assert_clock(const char *zone, time_t at, int day, int hour,
                         int minute) {
  struct tm tm;
  assert_true(peal_kit_zone_set(zone));
  assert_non_null(localtime_r(&at, &tm));
  assert_int_equal(tm.tm_mday, day);
  assert_int_equal(tm.tm_hour, hour);
  assert_int_equal(tm.tm_min, minute);
}

static void an_offset_is_a_zone(void **state) {
  (void)state;
  assert_clock("UTC", NOON, 22, 12, 0);
  assert_clock("+05:30", NOON, 22, 17, 30);
  assert_clock("-03:00", NOON, 22, 9, 0);
  assert_clock("-09:30", NOON, 22, 2, 30);
  assert_clock("+14:00", NOON, 23, 2, 0);
}

static void a_name_of_the_database_is_one(void **state) {
  (void)state;
  if (!peal_kit_zone_set("Asia/Kolkata")) {
    print_message("there is no time zone database\n");
    return;
  }
  assert_clock("Asia/Kolkata", NOON, 22, 17, 30);
  assert_clock("Europe/Berlin", NOON, 22, 14, 0);      // summer
  assert_clock("Europe/Berlin", 1767268800, 1, 13, 0); // winter
  assert_clock("America/New_York", NOON, 22, 8, 0);
}

static void all_else_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      "Nowhere/Else",
                                      "../etc",
                                      "/etc",
                                      "+",
                                      "+5",
                                      "+05",
                                      "+5:30",
                                      "+05:3",
                                      "+05:30x",
                                      "+15:00",
                                      "+05:60",
                                      "+ 5:30",
                                      "++5:30",
                                      "+-5:30",
                                      "+05: 3",
                                      "+05:+3",
                                      "+005:30",
                                      "05:30",
                                      "Asia/../Asia/Kolkata",
                                      "Asia",
                                      "tzdata.zi",
                                      "zone.tab",
                                      "Asia/Kolkat",
                                      "/etc/passwd",
                                      "+05.30"};
  assert_true(peal_kit_zone_set("+01:00"));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(peal_kit_zone_set(wrong[i]));
  assert_clock("+01:00", NOON, 22, 13, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_offset_is_a_zone),
      cmocka_unit_test(a_name_of_the_database_is_one),
      cmocka_unit_test(all_else_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
