/* SPDX-License-Identifier: MIT */
/* What is known of other nodes, and what becomes of an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replica_vector.h"

static void an_entry_is_next_known_or_behind_a_gap(void **state) {
  (void)state;
  replica_vector v = {0};
  assert_int_equal(replica_vector_judge(&v, 7, 0, 1), REPLICA_NEXT);
  assert_int_equal(replica_vector_judge(&v, 7, 1, 2), REPLICA_GAP);
  assert_true(replica_vector_raise(&v, 7, 5));
  assert_int_equal(replica_vector_judge(&v, 7, 4, 5), REPLICA_KNOWN);
  // 6 was never used
  assert_int_equal(replica_vector_judge(&v, 7, 5, 7), REPLICA_NEXT);
  assert_int_equal(replica_vector_judge(&v, 7, 6, 7), REPLICA_GAP);
  assert_int_equal(replica_vector_judge(&v, 8, 0, 3), REPLICA_NEXT);
}

static void it_goes_back_only_when_told(void **state) {
  (void)state;
  replica_vector v = {0};
  assert_true(replica_vector_raise(&v, 7, 5));
  assert_true(replica_vector_raise(&v, 7, 3));
  assert_int_equal(replica_vector_get(&v, 7), 5);
  replica_vector_lower(&v, 7, 9);
  assert_int_equal(replica_vector_get(&v, 7), 5);
  replica_vector_lower(&v, 7, 3);
  assert_int_equal(replica_vector_get(&v, 7), 3);
  assert_int_equal(replica_vector_get(&v, 8), 0);
}

static void the_lag_is_what_others_have_more(void **state) {
  (void)state;
  replica_vector own = {0}, other = {0};
  assert_int_equal(replica_vector_lag(&own, &other), 0);
  assert_true(replica_vector_raise(&own, 1, 10));
  assert_true(replica_vector_raise(&other, 1, 8));
  assert_int_equal(replica_vector_lag(&own, &other), 0);
  assert_true(replica_vector_raise(&other, 2, 5));
  assert_int_equal(replica_vector_lag(&own, &other), 5);
}

static void nodes_are_bounded(void **state) {
  (void)state;
  static replica_vector v;
  for (int i = 0; i < REPLICA_NODES; i++)
    assert_true(replica_vector_raise(&v, i + 1, 1));
  assert_false(replica_vector_raise(&v, REPLICA_NODES + 1, 1));
  assert_true(replica_vector_raise(&v, 1, 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_entry_is_next_known_or_behind_a_gap),
      cmocka_unit_test(it_goes_back_only_when_told),
      cmocka_unit_test(the_lag_is_what_others_have_more),
      cmocka_unit_test(nodes_are_bounded)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
