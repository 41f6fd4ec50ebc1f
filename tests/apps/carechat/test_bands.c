/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bands.h"

static void assert_status(bands_metric metric, double value,
                          bands_status wanted) {
  assert_int_equal(bands_status_of(metric, value), wanted);
}

static void names_are_those_of_the_contract(void **state) {
  static const char *const names[BANDS_METRICS] = {
      "heart_rate", "spo2",      "temperature",
      "systolic",   "diastolic", "respiration"};
  (void)state;
  for (int m = 0; m < BANDS_METRICS; m++) {
    assert_int_equal(bands_metric_of(peal_slice_of(names[m])), m);
    assert_string_equal(bands_name((bands_metric)m), names[m]);
  }
  assert_int_equal(bands_metric_of(PEAL_S("heart")), BANDS_METRICS);
  assert_int_equal(bands_metric_of(PEAL_S("")), BANDS_METRICS);
  assert_int_equal(bands_metric_of(PEAL_S("heart_rate2")), BANDS_METRICS);
}

static void the_bands_of_news2(void **state) {
  (void)state;
  assert_status(BANDS_HEART_RATE, 40, BANDS_CRITICAL);
  assert_status(BANDS_HEART_RATE, 41, BANDS_WARNING);
  assert_status(BANDS_HEART_RATE, 51, BANDS_NORMAL);
  assert_status(BANDS_HEART_RATE, 90, BANDS_NORMAL);
  assert_status(BANDS_HEART_RATE, 91, BANDS_WARNING);
  assert_status(BANDS_HEART_RATE, 130, BANDS_WARNING);
  assert_status(BANDS_HEART_RATE, 131, BANDS_CRITICAL);
  assert_status(BANDS_SPO2, 91, BANDS_CRITICAL);
  assert_status(BANDS_SPO2, 92, BANDS_WARNING);
  assert_status(BANDS_SPO2, 96, BANDS_NORMAL);
  assert_status(BANDS_SPO2, 100, BANDS_NORMAL);
  assert_status(BANDS_RESPIRATION, 8, BANDS_CRITICAL);
  assert_status(BANDS_RESPIRATION, 9, BANDS_WARNING);
  assert_status(BANDS_RESPIRATION, 16, BANDS_NORMAL);
  assert_status(BANDS_RESPIRATION, 24, BANDS_WARNING);
  assert_status(BANDS_RESPIRATION, 25, BANDS_CRITICAL);
  assert_status(BANDS_TEMPERATURE, 35.0, BANDS_CRITICAL);
  assert_status(BANDS_TEMPERATURE, 36.0, BANDS_WARNING);
  assert_status(BANDS_TEMPERATURE, 36.6, BANDS_NORMAL);
  assert_status(BANDS_TEMPERATURE, 38.1, BANDS_WARNING);
  assert_status(BANDS_TEMPERATURE, 40.1, BANDS_CRITICAL);
  assert_status(BANDS_SYSTOLIC, 90, BANDS_CRITICAL);
  assert_status(BANDS_SYSTOLIC, 120, BANDS_NORMAL);
}

static void the_bands_of_high_pressure(void **state) {
  (void)state;
  assert_status(BANDS_SYSTOLIC, 140, BANDS_WARNING);
  assert_status(BANDS_SYSTOLIC, 181, BANDS_CRITICAL);
  assert_status(BANDS_DIASTOLIC, 80, BANDS_NORMAL);
  assert_status(BANDS_DIASTOLIC, 90, BANDS_WARNING);
  assert_status(BANDS_DIASTOLIC, 121, BANDS_CRITICAL);
  assert_status(BANDS_DIASTOLIC, 40, BANDS_CRITICAL);
}

static void assert_converted(bands_metric metric, const char *unit, double sent,
                             double wanted) {
  double value = sent;
  assert_true(bands_convert(metric, peal_slice_of(unit), &value));
  assert_float_equal(value, wanted, 0.001);
}

static void units_are_converted(void **state) {
  (void)state;
  assert_converted(BANDS_TEMPERATURE,
                   "\xc2\xb0"
                   "C",
                   37, 37);
  assert_converted(BANDS_TEMPERATURE, "c", 37.25, 37.25);
  assert_converted(BANDS_TEMPERATURE, "F", 98.6, 37);
  assert_converted(BANDS_TEMPERATURE,
                   "\xc2\xb0"
                   "F",
                   212, 100);
  assert_converted(BANDS_SYSTOLIC, "mmHg", 120, 120);
  assert_converted(BANDS_SYSTOLIC, "kPa", 16, 120.01);
  assert_converted(BANDS_HEART_RATE, "BPM", 60, 60);
  assert_converted(BANDS_RESPIRATION, "breaths/min", 14, 14);
}

static void another_unit_is_none(void **state) {
  double value = 1;
  (void)state;
  assert_false(bands_convert(BANDS_TEMPERATURE, PEAL_S("K"), &value));
  assert_false(bands_convert(BANDS_HEART_RATE, PEAL_S("%"), &value));
  assert_false(bands_convert(BANDS_SPO2, PEAL_S(""), &value));
  assert_true(value == 1);
}

static void what_cannot_be_is_not_possible(void **state) {
  (void)state;
  assert_true(bands_is_possible(BANDS_HEART_RATE, 0));
  assert_false(bands_is_possible(BANDS_HEART_RATE, -1));
  assert_false(bands_is_possible(BANDS_SPO2, 100.5));
  assert_false(bands_is_possible(BANDS_TEMPERATURE, 98.6));
  assert_false(bands_is_possible(BANDS_SYSTOLIC, NAN));
  assert_false(bands_is_possible(BANDS_SYSTOLIC, INFINITY));
}

static void every_range_is_in_order(void **state) {
  (void)state;
  for (int m = 0; m < BANDS_METRICS; m++) {
    const bands_range *r = bands_range_of((bands_metric)m);
    assert_true(r->min <= r->low && r->low < r->normal_low);
    assert_true(r->normal_low < r->normal_high && r->normal_high <= r->high);
    assert_true(bands_margin((bands_metric)m) > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_those_of_the_contract),
      cmocka_unit_test(the_bands_of_news2),
      cmocka_unit_test(the_bands_of_high_pressure),
      cmocka_unit_test(units_are_converted),
      cmocka_unit_test(another_unit_is_none),
      cmocka_unit_test(what_cannot_be_is_not_possible),
      cmocka_unit_test(every_range_is_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
