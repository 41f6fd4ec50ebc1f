/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "torture.h"
#include "wire/json_number.h"
#include "wire/json_number_big.h"
#include "wire/json_number_table.h"

static uint64_t dice = 0x1234567890abcdef;

static uint64_t throw_dice(void) {
  dice ^= dice << 13;
  dice ^= dice >> 7;
  dice ^= dice << 17;
  return dice;
}

static double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static void assert_decodes(const char *text) {
  double got = peal_json_number_decode(peal_slice_of(text));
  if (bits_of(got) != bits_of(strtod(text, NULL)))
    fail_msg("%s: expected %a, got %a", text, strtod(text, NULL), got);
}

static void encode_into(peal_buf *buf, double value) {
  peal_buf_reset(buf);
  peal_json_number_encode(buf, value);
  peal_buf_add_char(buf, '\0');
  assert_int_equal(buf->err, PEAL_OK);
}

static void assert_encodes(double value, const char *text) {
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  encode_into(&buf, value);
  assert_string_equal(buf.ptr, text);
  peal_buf_deinit(&buf);
}

/* Runs a step again and again for about as long as `ms`. */
static bool time_left(clock_t begin, unsigned ms) {
  return (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC < ms;
}

static void prints_as_javascript_does(void **state) {
  (void)state;

  static const struct {
    double value;
    const char *text;
  } rows[] = {
      {0.0, "0"},
      {-0.0, "0"},
      {1.0, "1"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e21, "1e+21"},
      {1.5e21, "1.5e+21"},
      {1e20, "100000000000000000000"},
      {123456789012345680000.0, "123456789012345680000"},
      {12345678901234567890.0, "12345678901234567000"},
      {1e-6, "0.000001"},
      {1e-7, "1e-7"},
      {1.25e-7, "1.25e-7"},
      {123e-20, "1.23e-18"},
      {5e-324, "5e-324"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {9007199254740992.0, "9007199254740992"},
      {9007199254740991.0, "9007199254740991"},
      {-9007199254740994.0, "-9007199254740994"},
      {4.35, "4.35"},
      {1e23, "1e+23"},
      {9.5367431640625e-7, "9.5367431640625e-7"},
      {1e100, "1e+100"},
      {1234.5678, "1234.5678"},
      {5e-5, "0.00005"},
  };

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_encodes(rows[i].value, rows[i].text);
}

static void what_is_not_finite_is_null(void **state) {
  (void)state;
  assert_encodes((double)INFINITY, "null");
  assert_encodes(-(double)INFINITY, "null");
  assert_encodes((double)NAN, "null");
}

static void hard_decimals_are_rounded_to_the_nearest(void **state) {
  (void)state;
  static const char *const rows[] = {
      "0",
      "-0",
      "1",
      "1.0",
      "9007199254740993",
      "9007199254740992.99999",
      "9007199254740993.00000000000000000000000000000000000001",
      "9007199254740995",
      "1e23",
      "8.5e22",
      "1e22",
      "1e-5",
      "123e-400",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "4.9e-324",
      "2.2250738585072011e-308",
      "2.2250738585072012e-308",
      "1.7976931348623157e308",
      "1.7976931348623158e308",
      "1.7976931348623159e308",
      "179769313486231570e291",
      "1e308",
      "1e309",
      "1e-400",
      "1e400",
      "-1e999999999999999999999",
      "1e-99999999999999999999",
      "0e999999999",
      "0.0e-5",
      "12345678901234567890",
      "6929495644600919.5",
      "3.5844466002796428e298",
      "1.00000000000000011102230246251565404236316680"
      "908203125",
      "1.00000000000000011102230246251565404236316680908203124",
      "1.00000000000000011102230246251565404236316680908203126",
      "7.2057594037927933e16",
      "0.000000000000000000000000000000000000000001",
      "10000000000000000000000000000000000000000",
      "1e0000000000000000000005",
      "5e-20",
      "4503599627370496.5",
      "4503599627370497.5",
      "1e19",
      "9999999999999999999",
      "99999999999999999999",
      "18446744073709551616"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_decodes(rows[i]);
}

/* The middle of two neighbours in full, up to 767 digits, and a little beside
 * it on both sides. */
static void middles_in_full_length_go_to_even(void **state) {
  (void)state;
  static char text[1400];
  for (int i = 0; i < 300; i++) {
    uint64_t bits = throw_dice() >> 1;
    if (i % 3 == 0)
      bits &= (UINT64_C(1) << 54) - 1; /* subnormal or nearly */
    double low = double_of(bits);
    if (!isfinite(low) || !isfinite(double_of(bits + 1)))
      continue;
    /* In long double the middle is exact, apart from the smallest. */
    long double middle = ((long double)low + double_of(bits + 1)) / 2;
    int len = snprintf(text, sizeof text - 40, "%.1100Le", middle);
    assert_decodes(text);
    char *e = strchr(text, 'e');
    assert_true(len > 0 && e);
    assert_non_null(e);
    e[-1] = '1';
    assert_decodes(text);
  }
}

static void a_digit_far_behind_still_decides(void **state) {
  (void)state;
  static char text[3000];
  memset(text, '0', sizeof text);
  memcpy(text, "9007199254740993.", 17);
  text[2990] = '\0';
  assert_decodes(text);
  text[2989] = '1';
  assert_decodes(text);
  memcpy(text, "0.", 2);
  memset(text + 2, '0', 2900);
  memcpy(text + 2902, "123e2905", 9);
  assert_decodes(text);
}

static void random_doubles_come_back(void **state) {
  (void)state;
  clock_t begin = clock();
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  while (time_left(begin, 300)) {
    for (int i = 0; i < 1000; i++) {
      double value = double_of(throw_dice());
      if (!isfinite(value) || value == 0)
        continue;
      encode_into(&buf, value);
      peal_slice text = {buf.ptr, buf.len - 1};
      if (bits_of(peal_json_number_decode(text)) != bits_of(value))
        fail_msg("%a came back otherwise from %s", value, buf.ptr);
    }
  }
  peal_buf_deinit(&buf);
}

/* Shortest: no decimal with fewer digits reads back as the same. */
static void random_doubles_are_printed_as_short_as_possible(void **state) {
  (void)state;
  clock_t begin = clock();
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  while (time_left(begin, 300)) {
    double value = double_of(throw_dice());
    if (!isfinite(value) || value == 0)
      continue;
    encode_into(&buf, value);
    assert_true(strtod(buf.ptr, NULL) == value);
    int digits = 0;
    for (char *p = buf.ptr; *p && *p != 'e'; p++)
      digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
    if (!strchr(buf.ptr, 'e'))
      continue; /* zeros at the end are no digits */
    char shorter[40];
    (void)snprintf(shorter, sizeof shorter, "%.*e",
                   digits >= 2 ? digits - 2 : 0, value);
    if (digits >= 2 && strtod(shorter, NULL) == value)
      fail_msg("%s is shorter than %s", shorter, buf.ptr);
  }
  peal_buf_deinit(&buf);
}

static void random_decimals_read_as_the_c_library_reads_them(void **state) {
  (void)state;
  clock_t begin = clock();
  while (time_left(begin, 300)) {
    char text[64];
    uint64_t a = throw_dice(), b = throw_dice();
    int exponent = (int)(b % 700) - 350;
    if (b & 1024)
      exponent /= 20;
    int digits = (int)(b >> 20 & 15);
    (void)snprintf(text, sizeof text, "%llu.%0*llue%d",
                   (unsigned long long)(a >> (a & 63)), digits + 1,
                   (unsigned long long)(throw_dice() >> (b >> 30 & 63)),
                   exponent);
    assert_decodes(text);
  }
}

/* Each power again by long arithmetic: T is the smallest integer that is not
 * below 10^k * 2^s, that is (T-1) * 2^-s < 10^k <= T * 2^-s. The comparison
 * holds 64 bits, so the upper halves are checked. */
static void the_powers_of_ten_are_right(void **state) {
  (void)state;
  for (int k = PEAL_JSON_NUMBER_TABLE_MIN; k <= PEAL_JSON_NUMBER_TABLE_MAX;
       k++) {
    peal_wide power =
        peal_json_number_table_pow10[k - PEAL_JSON_NUMBER_TABLE_MIN];
    int exponent = ((k * 1741647) >> 19) - 63;
    assert_true(power.hi >> 63 == 1);
    int below =
        peal_json_number_big_compare(PEAL_S("1"), k, power.hi, exponent);
    assert_true(power.lo ? below > 0 : below == 0);
    if (power.hi != UINT64_MAX)
      assert_true(peal_json_number_big_compare(PEAL_S("1"), k, power.hi + 1,
                                               exponent) < 0);
  }
}

static void a_power_made_anew_is_that_of_the_table(void **state) {
  (void)state;
  for (int k = PEAL_JSON_NUMBER_TABLE_MIN; k <= PEAL_JSON_NUMBER_TABLE_MAX;
       k++) {
    peal_wide kept =
        peal_json_number_table_pow10[k - PEAL_JSON_NUMBER_TABLE_MIN];
    peal_wide made = peal_json_number_big_pow10(k);
    assert_true(kept.hi == made.hi && kept.lo == made.lo);
  }
}

static peal_err number_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_buf buf;
  peal_buf_init(&buf, mem, 0);
  peal_json_number_encode(&buf, 1.25e-300);
  peal_err err = buf.err;
  peal_buf_deinit(&buf);
  return err;
}

static void a_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(number_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prints_as_javascript_does),
      cmocka_unit_test(what_is_not_finite_is_null),
      cmocka_unit_test(hard_decimals_are_rounded_to_the_nearest),
      cmocka_unit_test(middles_in_full_length_go_to_even),
      cmocka_unit_test(a_digit_far_behind_still_decides),
      cmocka_unit_test(random_doubles_come_back),
      cmocka_unit_test(random_doubles_are_printed_as_short_as_possible),
      cmocka_unit_test(random_decimals_read_as_the_c_library_reads_them),
      cmocka_unit_test(the_powers_of_ten_are_right),
      cmocka_unit_test(a_power_made_anew_is_that_of_the_table),
      cmocka_unit_test(a_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
