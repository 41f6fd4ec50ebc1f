/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cookie.h"

static void values_are_found_by_name(void **state) {
  (void)state;
  static const char *const rows[][3] = {
      {"a=1", "a", "1"},
      {"a=1; b=2", "b", "2"},
      {"a=1;b=2", "b", "2"},
      {"  a=1 \t; b=2", "a", "1"},
      {"b=\"quo ted\"", "b", "quo ted"},
      {"b=\"", "b", "\""},
      {"a=", "a", ""},
      {"a=x=y", "a", "x=y"},
      {"a; b=1", "b", "1"},
      {"a=first; a=second", "a", "first"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    peal_slice value = {NULL, 0};
    assert_true(
        peal_cookie_find(peal_slice_of(rows[i][0]), rows[i][1], &value));
    assert_true(peal_slice_is(value, rows[i][2]));
  }
}

static void other_names_are_not_taken_for_it(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"", "a"},      {"ab=1", "a"},
                                        {"A=1", "a"},   {"a", "a"},
                                        {"b=a=1", "a"}, {"a =1", "a"}};
  peal_slice value = PEAL_S("kept");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_false(
        peal_cookie_find(peal_slice_of(rows[i][0]), rows[i][1], &value));
  assert_false(peal_cookie_find((peal_slice){NULL, 0}, "a", &value));
  assert_true(peal_slice_is(value, "kept"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_found_by_name),
      cmocka_unit_test(other_names_are_not_taken_for_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
