/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "alarm.h"

static void assert_feed(alarm_state *state, double value, alarm_change wanted) {
  assert_int_equal(alarm_feed(state, BANDS_HEART_RATE, value), wanted);
}

static void usual_values_raise_nothing(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  for (int i = 0; i < 100; i++)
    assert_feed(&s, 55 + i % 30, ALARM_NONE);
  assert_int_equal(s.level, BANDS_NORMAL);
}

static void the_first_value_outside_raises(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_feed(&s, 100, ALARM_RAISED);
  assert_int_equal(s.level, BANDS_WARNING);
  assert_feed(&s, 101, ALARM_NONE);
}

static void what_gets_worse_is_raised_again(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_feed(&s, 100, ALARM_RAISED);
  assert_feed(&s, 150, ALARM_RAISED);
  assert_int_equal(s.level, BANDS_CRITICAL);
  assert_feed(&s, 151, ALARM_NONE);
}

static void to_and_fro_over_a_limit_is_one_alert(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_feed(&s, 91, ALARM_RAISED);
  for (int i = 0; i < 50; i++)
    assert_feed(&s, i % 2 == 0 ? 90 : 91, ALARM_NONE);
  // back by the margin, but once only
  assert_feed(&s, 80, ALARM_NONE);
  assert_feed(&s, 91, ALARM_NONE);
  assert_feed(&s, 80, ALARM_NONE);
  assert_feed(&s, 89, ALARM_NONE);
  assert_int_equal(s.level, BANDS_WARNING);
}

static void two_values_well_inside_end_it(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_feed(&s, 45, ALARM_RAISED);
  assert_feed(&s, 53, ALARM_NONE);
  assert_feed(&s, 53, ALARM_ENDED);
  assert_int_equal(s.level, BANDS_NORMAL);
  assert_feed(&s, 45, ALARM_RAISED);
}

static void critical_eases_to_a_warning_and_may_come_back(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_feed(&s, 140, ALARM_RAISED);
  assert_feed(&s, 130, ALARM_NONE); // inside, but not by the margin
  assert_feed(&s, 120, ALARM_NONE);
  assert_feed(&s, 120, ALARM_EASED);
  assert_int_equal(s.level, BANDS_WARNING);
  assert_feed(&s, 131, ALARM_RAISED);
  assert_int_equal(s.level, BANDS_CRITICAL);
}

static void critical_ends_at_once_where_all_is_well(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_feed(&s, 140, ALARM_RAISED);
  assert_feed(&s, 70, ALARM_NONE);
  assert_feed(&s, 70, ALARM_ENDED);
}

static void a_side_without_a_limit_has_no_margin(void **state) {
  alarm_state s = {.calm = 0};
  (void)state;
  assert_int_equal(alarm_feed(&s, BANDS_SPO2, 85), ALARM_RAISED);
  assert_int_equal(alarm_feed(&s, BANDS_SPO2, 100), ALARM_NONE);
  assert_int_equal(alarm_feed(&s, BANDS_SPO2, 100), ALARM_ENDED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(usual_values_raise_nothing),
      cmocka_unit_test(the_first_value_outside_raises),
      cmocka_unit_test(what_gets_worse_is_raised_again),
      cmocka_unit_test(to_and_fro_over_a_limit_is_one_alert),
      cmocka_unit_test(two_values_well_inside_end_it),
      cmocka_unit_test(critical_eases_to_a_warning_and_may_come_back),
      cmocka_unit_test(critical_ends_at_once_where_all_is_well),
      cmocka_unit_test(a_side_without_a_limit_has_no_margin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
