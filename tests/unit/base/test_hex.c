/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

static void every_digit_has_its_value_and_nothing_else_has_one(void **state) {
  (void)state;
  for (int c = 0; c < 256; c++) {
    const char *lower = "0123456789abcdef", *upper = "0123456789ABCDEF";
    const char *at = c ? strchr(lower, c) : NULL;
    int expected = at ? (int)(at - lower) : -1;
    if (c && !at && strchr(upper, c))
      expected = (int)(strchr(upper, c) - upper);
    assert_int_equal(peal_hex_value((char)c), expected);
  }
}

static void bytes_are_two_digits_each(void **state) {
  (void)state;
  char text[8] = "........";
  peal_hex_put(text, "\x00\x0f\xa5", 3);
  assert_memory_equal(text, "000fa5..", 8);
  peal_hex_put(text, "", 0);
  assert_memory_equal(text, "000fa5..", 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_digit_has_its_value_and_nothing_else_has_one),
      cmocka_unit_test(bytes_are_two_digits_each),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
