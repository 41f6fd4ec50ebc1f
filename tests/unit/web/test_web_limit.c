/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <peal/web.h>

/* Time is an argument: no test waits. */

static unsigned taken(peal_web_limit *limit, const char *key, uint64_t now_ms,
                      unsigned tries) {
  unsigned count = 0;
  while (tries--)
    count += peal_web_limit_take(limit, peal_slice_of(key), now_ms, NULL);
  return count;
}

static void lets_a_burst_through_and_then_the_rate(void **state) {
  (void)state;
  peal_web_limit *limit = peal_web_limit_new(
      &(peal_web_limit_opts){.count = 10, .per_ms = 1000, .burst = 5});
  assert_int_equal(taken(limit, "a", 1000, 20), 5);
  assert_int_equal(taken(limit, "a", 1099, 20), 0);
  assert_int_equal(taken(limit, "a", 1100, 20), 1);
  assert_int_equal(taken(limit, "a", 1350, 20), 2);
  assert_int_equal(taken(limit, "a", 1400, 20), 1);
  assert_int_equal(taken(limit, "a", 99999, 20), 5);
  peal_web_limit_free(limit);
}

static void counts_each_key_alone(void **state) {
  (void)state;
  peal_web_limit *limit =
      peal_web_limit_new(&(peal_web_limit_opts){.count = 2, .per_ms = 1000});
  assert_int_equal(taken(limit, "a", 1, 9), 2);
  assert_int_equal(taken(limit, "b", 1, 9), 2);
  assert_int_equal(taken(limit, "", 1, 9), 2);
  assert_int_equal(taken(limit, "a", 1, 9), 0);
  peal_web_limit_free(limit);
}

static void says_when_to_come_again(void **state) {
  uint64_t retry_ms = 7;
  (void)state;
  peal_web_limit *limit =
      peal_web_limit_new(&(peal_web_limit_opts){.count = 1, .per_ms = 60000});
  assert_true(peal_web_limit_take(limit, PEAL_S("a"), 5000, &retry_ms));
  assert_int_equal(retry_ms, 0);
  assert_false(peal_web_limit_take(limit, PEAL_S("a"), 5000, &retry_ms));
  assert_int_equal(retry_ms, 60000);
  assert_false(peal_web_limit_take(limit, PEAL_S("a"), 64000, &retry_ms));
  assert_int_equal(retry_ms, 1000);
  assert_true(peal_web_limit_take(limit, PEAL_S("a"), 65000, &retry_ms));
  peal_web_limit_free(limit);
}

static void forgets_the_idlest_key_first(void **state) {
  char key[16];
  (void)state;
  peal_web_limit *limit = peal_web_limit_new(
      &(peal_web_limit_opts){.count = 1, .per_ms = 60000, .max_keys = 100});
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof(key), "key %d", i);
    assert_int_equal(taken(limit, key, 10, 1), 1);
  }
  assert_int_equal(taken(limit, "key 0", 10, 1), 0); /* used again */
  assert_int_equal(taken(limit, "new", 10, 1), 1);   /* key 1 goes */
  assert_int_equal(taken(limit, "key 0", 10, 1), 0);
  assert_int_equal(taken(limit, "key 1", 10, 1), 1);
  peal_web_limit_free(limit);
}

static void what_is_given_back_can_be_taken_again(void **state) {
  (void)state;
  peal_web_limit *limit =
      peal_web_limit_new(&(peal_web_limit_opts){.count = 2, .per_ms = 60000});
  for (int i = 0; i < 50; i++) {
    assert_int_equal(taken(limit, "right", 10, 1), 1);
    peal_web_limit_give(limit, PEAL_S("right"), 10);
  }
  assert_int_equal(taken(limit, "right", 10, 5), 2);
  /* Never more than all of them. */
  for (int i = 0; i < 9; i++) {
    peal_web_limit_give(limit, PEAL_S("right"), 10);
    peal_web_limit_give(limit, PEAL_S("unknown"), 10);
  }
  assert_int_equal(taken(limit, "right", 10, 5), 2);
  assert_int_equal(taken(limit, "unknown", 10, 5), 2);
  peal_web_limit_give(NULL, PEAL_S("right"), 10);
  peal_web_limit_free(limit);
}

static void needs_a_count(void **state) {
  (void)state;
  assert_null(peal_web_limit_new(NULL));
  assert_null(peal_web_limit_new(&(peal_web_limit_opts){0}));
  peal_web_limit_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lets_a_burst_through_and_then_the_rate),
      cmocka_unit_test(counts_each_key_alone),
      cmocka_unit_test(says_when_to_come_again),
      cmocka_unit_test(forgets_the_idlest_key_first),
      cmocka_unit_test(what_is_given_back_can_be_taken_again),
      cmocka_unit_test(needs_a_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
