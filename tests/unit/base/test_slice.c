/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/base.h>

static void slices_compare_by_length_and_bytes(void **state) {
  (void)state;
  assert_true(peal_slice_eq(PEAL_S("ab"), peal_slice_of("ab")));
  assert_false(peal_slice_eq(PEAL_S("ab"), PEAL_S("abc")));
  assert_false(peal_slice_eq(PEAL_S("ab"), PEAL_S("ac")));
  assert_true(peal_slice_eq((peal_slice){NULL, 0}, PEAL_S("")));
  assert_true(peal_slice_is(PEAL_S("x"), "x"));
  assert_int_equal(peal_slice_of(NULL).len, 0);
}

static void header_names_match_in_either_case(void **state) {
  (void)state;
  assert_true(peal_slice_is_nocase(PEAL_S("Content-TYPE"), "content-type"));
  assert_false(peal_slice_is_nocase(PEAL_S("Content-Typ"), "content-type"));
  /* Only letters: '[' and '{' differ in the same bit. */
  assert_false(peal_slice_is_nocase(PEAL_S("["), "{"));
}

static void a_prefix_may_be_empty_and_not_longer_than_the_text(void **state) {
  (void)state;
  assert_true(peal_slice_starts(PEAL_S("/api/x"), "/api/"));
  assert_true(peal_slice_starts((peal_slice){NULL, 0}, ""));
  assert_true(peal_slice_starts(PEAL_S("/ap"), NULL));
  assert_false(peal_slice_starts(PEAL_S("/ap"), "/api"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slices_compare_by_length_and_bytes),
      cmocka_unit_test(header_names_match_in_either_case),
      cmocka_unit_test(a_prefix_may_be_empty_and_not_longer_than_the_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
