/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "course.h"
#include "measure.h"

enum { MINUTE = 60000 };

static void what_says_its_minute_is_believed(void **state) {
  (void)state;
  course test = {.is_running = false};
  assert_int_equal(course_next(&test, 0, 0), COURSE_BEGIN);
  assert_int_equal(course_next(&test, 0, 30), COURSE_END_ONLY);
  test = (course){.id = "T", .is_running = true, .started_ms = 0};
  assert_int_equal(course_next(&test, 5 * MINUTE, 0), COURSE_BEGIN);
  assert_int_equal(course_next(&test, MINUTE, 30), COURSE_END);
  assert_int_equal(course_next(&test, 50 * MINUTE, 30), COURSE_END_ONLY);
}

static void what_is_measured_anew_corrects_and_begins_no_test(void **state) {
  (void)state;
  course test = {.id = "T", .is_running = true, .started_ms = 0};
  assert_int_equal(course_next(&test, MINUTE, 0), COURSE_CORRECT);
  test.is_running = false; // it has ended
  assert_int_equal(course_next(&test, 31 * MINUTE, 30), COURSE_END);
  assert_int_equal(course_next(&test, MINUTE, 0), COURSE_BEGIN);
}

static void otherwise_the_time_decides(void **state) {
  (void)state;
  course test = {.is_running = false};
  assert_int_equal(course_next(&test, 5, MEASURE_NONE), COURSE_BEGIN);
  test = (course){.id = "T", .is_running = true, .started_ms = 1000};
  for (int minute = 0; minute < 29; minute++)
    assert_int_equal(
        course_next(&test, 1000 + minute * (int64_t)MINUTE, MEASURE_NONE),
        COURSE_NOTHING);
  for (int minute = 29; minute < 45; minute++)
    assert_int_equal(
        course_next(&test, 1000 + minute * (int64_t)MINUTE, MEASURE_NONE),
        COURSE_END);
  assert_int_equal(
      course_next(&test, 1000 + 45 * (int64_t)MINUTE, MEASURE_NONE),
      COURSE_BEGIN);
  // the clock was set back
  assert_int_equal(course_next(&test, 0, MEASURE_NONE), COURSE_BEGIN);
}

static void seconds_count_while_a_test_runs(void **state) {
  (void)state;
  course test = {.is_running = true, .started_ms = 1000};
  assert_int_equal(course_second(&test, 1000), 0);
  assert_int_equal(course_second(&test, 62500), 61);
  assert_int_equal(course_second(&test, 0), -1);
  test.is_running = false;
  assert_int_equal(course_second(&test, 62500), -1);
}

static void a_clock_that_is_set_ends_no_test_and_begins_none(void **state) {
  (void)state;
  course_clock clock = {0};
  course test = {.id = "T", .is_running = true, .started_ms = 1000};
  int64_t day = 24 * 60 * (int64_t)MINUTE;
  assert_int_equal(course_clock_step(&clock, 1000, 50), 0);
  assert_int_equal(course_clock_step(&clock, 2500, 200), 0); // it is pulled
  assert_int_equal(course_clock_step(&clock, 3000, 700), 0);
  int64_t by = course_clock_step(&clock, 3000 + day, 700);
  assert_int_equal(by, day);
  course_shift(&test, by);
  assert_int_equal(course_clock_step(&clock, 3100 + day, 800), 0);
  assert_int_equal(course_next(&test, 1000 + day + 5 * MINUTE, MEASURE_NONE),
                   COURSE_NOTHING);
  assert_int_equal(course_next(&test, 1000 + day + 30 * MINUTE, 30),
                   COURSE_END);
  by = course_clock_step(&clock, 3200, 900);
  assert_int_equal(by, -day);
  course_shift(&test, by);
  assert_int_equal(course_second(&test, 61000), 60);
  course none = {0};
  course_shift(&none, by);
  assert_int_equal(none.started_ms, 0);
}

static void it_is_kept_and_read_again(void **state) {
  (void)state;
  course test = {"SV30-2026-01-31-001-M", "morning", 123456789, true}, again;
  peal_build *build = peal_build_new();
  assert_true(course_read(&again, course_val(build, &test)));
  assert_memory_equal(again.id, test.id, sizeof "SV30-2026-01-31-001-M");
  assert_string_equal(again.type, "morning");
  assert_int_equal(again.started_ms, 123456789);
  assert_true(again.is_running);
  assert_false(course_read(&again, peal_null()));
  assert_false(course_read(&again, PEAL_OBJECT({"id", peal_str("a b")})));
  assert_false(again.is_running);
  peal_build_free(build);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_says_its_minute_is_believed),
      cmocka_unit_test(what_is_measured_anew_corrects_and_begins_no_test),
      cmocka_unit_test(otherwise_the_time_decides),
      cmocka_unit_test(seconds_count_while_a_test_runs),
      cmocka_unit_test(a_clock_that_is_set_ends_no_test_and_begins_none),
      cmocka_unit_test(it_is_kept_and_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
