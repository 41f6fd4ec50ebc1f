/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "seats.h"

static void each_has_so_many_and_no_more(void **state) {
  seats *all = seats_new();
  (void)state;
  assert_true(seats_take(all, PEAL_S("a"), 2));
  assert_true(seats_take(all, PEAL_S("a"), 2));
  assert_false(seats_take(all, PEAL_S("a"), 2));
  assert_true(seats_take(all, PEAL_S("b"), 2));
  assert_int_equal(seats_count(all, PEAL_S("a")), 2);
  seats_give(all, PEAL_S("a"));
  assert_true(seats_take(all, PEAL_S("a"), 2));
  seats_free(all);
}

static void what_was_never_taken_is_not_given(void **state) {
  seats *all = seats_new();
  (void)state;
  seats_give(all, PEAL_S("a"));
  assert_true(seats_take(all, PEAL_S("a"), 1));
  seats_give(all, PEAL_S("a"));
  seats_give(all, PEAL_S("a"));
  assert_int_equal(seats_count(all, PEAL_S("a")), 0);
  assert_true(seats_take(all, PEAL_S("a"), 1));
  assert_false(seats_take(all, PEAL_S("a"), 1));
  seats_free(all);
}

static void many_keys_are_kept_apart(void **state) {
  seats *all = seats_new();
  char key[32];
  (void)state;
  for (int round = 0; round < 3; round++)
    for (int i = 999; i >= 0; i--) {
      snprintf(key, sizeof key, "user %d", i * 7919 % 1000);
      assert_true(seats_take(all, peal_slice_of(key), 0));
    }
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "user %d", i);
    assert_int_equal(seats_count(all, peal_slice_of(key)), 3);
    for (int round = 0; round < 3; round++)
      seats_give(all, peal_slice_of(key));
    assert_int_equal(seats_count(all, peal_slice_of(key)), 0);
  }
  seats_free(all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_has_so_many_and_no_more),
      cmocka_unit_test(what_was_never_taken_is_not_given),
      cmocka_unit_test(many_keys_are_kept_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
