/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"

static void whole_texts_of_digits_are_numbers(void **state) {
  (void)state;
  uint64_t value = 7;
  assert_true(peal_decimal_parse(PEAL_S("0"), UINT64_MAX, &value));
  assert_true(value == 0);
  assert_true(peal_decimal_parse(PEAL_S("007"), UINT64_MAX, &value));
  assert_true(value == 7);
  assert_true(
      peal_decimal_parse(PEAL_S("18446744073709551615"), UINT64_MAX, &value));
  assert_true(value == UINT64_MAX);
}

static void what_is_no_number_changes_nothing(void **state) {
  (void)state;
  static const char *const bad[] = {"",   "-1", "+1",  " 1", "1 ",
                                    "0x", "1a", "1.0", ":",  "/"};
  uint64_t value = 7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(peal_decimal_parse(peal_slice_of(bad[i]), UINT64_MAX, &value));
  assert_false(
      peal_decimal_parse(PEAL_S("18446744073709551616"), UINT64_MAX, &value));
  assert_false(
      peal_decimal_parse(PEAL_S("99999999999999999999"), UINT64_MAX, &value));
  assert_true(value == 7);
}

static void the_ceiling_is_the_last_number_taken(void **state) {
  (void)state;
  uint64_t value;
  assert_true(peal_decimal_parse(PEAL_S("255"), 255, &value));
  assert_false(peal_decimal_parse(PEAL_S("256"), 255, &value));
  assert_true(peal_decimal_parse(PEAL_S("5"), 5, &value));
  assert_false(peal_decimal_parse(PEAL_S("6"), 5, &value));
  assert_false(peal_decimal_parse(PEAL_S("10"), 5, &value));
  assert_true(peal_decimal_parse(PEAL_S("00"), 0, &value));
}

static void signed_numbers_reach_both_ends(void **state) {
  (void)state;
  int64_t value = 7;
  assert_true(peal_decimal_parse_signed(PEAL_S("9223372036854775807"), &value));
  assert_true(value == INT64_MAX);
  assert_true(
      peal_decimal_parse_signed(PEAL_S("-9223372036854775808"), &value));
  assert_true(value == INT64_MIN);
  assert_true(peal_decimal_parse_signed(PEAL_S("-0"), &value));
  assert_true(value == 0);
  value = 7;
  assert_false(
      peal_decimal_parse_signed(PEAL_S("9223372036854775808"), &value));
  assert_false(
      peal_decimal_parse_signed(PEAL_S("-9223372036854775809"), &value));
  assert_false(peal_decimal_parse_signed(PEAL_S("-"), &value));
  assert_false(peal_decimal_parse_signed(PEAL_S("--1"), &value));
  assert_true(value == 7);
}

static void digits_in_front_are_taken_and_saturate(void **state) {
  (void)state;
  uint64_t value;
  assert_int_equal(peal_decimal_take(PEAL_S("12-34"), &value), 2);
  assert_true(value == 12);
  assert_int_equal(peal_decimal_take(PEAL_S("x"), &value), 0);
  assert_true(value == 0);
  assert_int_equal(peal_decimal_take(PEAL_S("18446744073709551616,"), &value),
                   20);
  assert_true(value == UINT64_MAX);
  assert_int_equal(
      peal_decimal_take(PEAL_S("1844674407370955161500000"), &value), 25);
  assert_true(value == UINT64_MAX);
}

static void numbers_are_written_as_printf_writes_them(void **state) {
  (void)state;
  uint64_t value = 1;
  for (int i = 0; i < 2000; i++) {
    char expected[32], found[PEAL_DECIMAL_MAX];
    uint64_t shown = value >> (i % 64);
    int len = snprintf(expected, sizeof expected, "%" PRIu64, shown);
    assert_int_equal(peal_decimal_put(found, shown), len);
    assert_memory_equal(found, expected, (size_t)len);
    value = value * 6364136223846793005u + 1442695040888963407u;
  }
  char found[PEAL_DECIMAL_MAX];
  assert_int_equal(peal_decimal_put(found, UINT64_MAX), 20);
  assert_memory_equal(found, "18446744073709551615", 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_texts_of_digits_are_numbers),
      cmocka_unit_test(what_is_no_number_changes_nothing),
      cmocka_unit_test(the_ceiling_is_the_last_number_taken),
      cmocka_unit_test(signed_numbers_reach_both_ends),
      cmocka_unit_test(digits_in_front_are_taken_and_saturate),
      cmocka_unit_test(numbers_are_written_as_printf_writes_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
