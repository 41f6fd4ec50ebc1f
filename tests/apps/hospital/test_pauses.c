/* SPDX-License-Identifier: MIT */
/* How long is waited, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pauses.h"

static void what_is_due_is_waited_for_and_never_too_long(void **state) {
  (void)state;
  assert_int_equal(pauses_until(5000, 2000), 3000);
  assert_int_equal(pauses_until(2000, 2000), 5);
  assert_int_equal(pauses_until(1000, 2000), 5);
  // a clock that was set back by a day
  assert_int_equal(pauses_until(86400000, 0), 60000);
}

static void a_day_of_tries_is_bounded(void **state) {
  (void)state;
  assert_int_equal(pauses_before(0), 1000);
  assert_int_equal(pauses_before(1), 2000);
  assert_int_equal(pauses_before(8), 256000);
  assert_int_equal(pauses_before(9), 300000);
  assert_int_equal(pauses_before(INT64_MAX), 300000);
  int64_t all = 0;
  for (int64_t i = 0; i < 290; i++)
    all += pauses_before(i);
  assert_in_range(all, 82800000, 90000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_due_is_waited_for_and_never_too_long),
      cmocka_unit_test(a_day_of_tries_is_bounded)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
