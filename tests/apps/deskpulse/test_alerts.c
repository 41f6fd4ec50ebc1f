/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "alerts.h"

enum { THRESHOLD = 600000, REPEAT = 300000, T0 = 5000 };

static alerts quiet(void) {
  return (alerts){.threshold_ms = THRESHOLD, .repeat_ms = REPEAT};
}

/* The same sight ten times a second, from `from` on, to before `to`; how often
 * something was told. */
static unsigned see(alerts *a, alerts_seen seen, uint64_t from, uint64_t to,
                    uint64_t *last_ms) {
  unsigned told = 0;
  for (uint64_t t = from; t < to; t += 100)
    if (alerts_see(a, seen, t) != ALERTS_NOTHING) {
      told++;
      if (last_ms != NULL)
        *last_ms = t;
    }
  return told;
}

static void is_told_at_the_threshold_and_not_before(void **state) {
  alerts a = quiet();
  uint64_t at = 0;
  (void)state;
  assert_int_equal(see(&a, ALERTS_BAD, T0, T0 + THRESHOLD, NULL), 0);
  assert_false(a.is_active);
  assert_int_equal(
      see(&a, ALERTS_BAD, T0 + THRESHOLD, T0 + THRESHOLD + 1000, &at), 1);
  assert_int_equal(at, T0 + THRESHOLD);
  assert_true(a.is_active);
  assert_int_equal(a.count, 1);
  assert_int_equal(a.lasted_ms, THRESHOLD);
}

static void is_told_again_every_repeat(void **state) {
  alerts a = quiet();
  (void)state;
  // at 10, 15, 20, 25 minutes
  assert_int_equal(see(&a, ALERTS_BAD, T0, T0 + 26 * 60000, NULL), 4);
  assert_int_equal(a.count, 4);
  assert_int_equal(a.lasted_ms, 25 * 60000);
}

static void a_good_moment_clears_and_begins_anew(void **state) {
  alerts a = quiet();
  (void)state;
  uint64_t t = T0 + THRESHOLD + 50000;
  (void)see(&a, ALERTS_BAD, T0, t, NULL);
  assert_int_equal(alerts_see(&a, ALERTS_GOOD, t), ALERTS_CLEARED);
  assert_int_equal(a.ended_by, ALERTS_BY_GOOD);
  assert_int_equal(a.lasted_ms, THRESHOLD + 50000);
  assert_int_equal(alerts_see(&a, ALERTS_GOOD, t + 100), ALERTS_NOTHING);
  assert_int_equal(see(&a, ALERTS_BAD, t + 200, t + 200 + THRESHOLD, NULL), 0);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, t + 200 + THRESHOLD),
                   ALERTS_TRIGGERED);
}

static void who_was_never_told_hears_no_end(void **state) {
  alerts a = quiet();
  (void)state;
  (void)see(&a, ALERTS_BAD, T0, T0 + 60000, NULL);
  assert_int_equal(alerts_see(&a, ALERTS_GOOD, T0 + 60000), ALERTS_NOTHING);
  assert_int_equal(alerts_stop(&a, ALERTS_BY_PAUSE, T0 + 61000),
                   ALERTS_NOTHING);
  assert_false(alerts_acknowledge(&a));
}

static void absence_pause_and_camera_clear(void **state) {
  static const alerts_end ends[] = {ALERTS_BY_PAUSE, ALERTS_BY_CAMERA};
  (void)state;
  alerts a = quiet();
  (void)see(&a, ALERTS_BAD, T0, T0 + THRESHOLD + 100, NULL);
  assert_int_equal(alerts_see(&a, ALERTS_ABSENT, T0 + THRESHOLD + 200),
                   ALERTS_CLEARED);
  assert_int_equal(a.ended_by, ALERTS_BY_ABSENCE);
  for (size_t i = 0; i < 2; i++) {
    a = quiet();
    (void)see(&a, ALERTS_BAD, T0, T0 + THRESHOLD + 100, NULL);
    assert_int_equal(alerts_stop(&a, ends[i], T0 + THRESHOLD + 200),
                     ALERTS_CLEARED);
    assert_int_equal(a.ended_by, ends[i]);
    assert_int_equal(alerts_stop(&a, ends[i], T0 + THRESHOLD + 300),
                     ALERTS_NOTHING);
  }
}

static void a_short_doubt_does_not_end_it(void **state) {
  alerts a = quiet();
  uint64_t t = T0 + THRESHOLD - 10000;
  (void)state;
  (void)see(&a, ALERTS_BAD, T0, t, NULL);
  // told only of what is seen
  assert_int_equal(see(&a, ALERTS_UNSURE, t, t + 20000, NULL), 0);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, t + 20000), ALERTS_TRIGGERED);
  assert_int_equal(a.lasted_ms, THRESHOLD + 10000);
}

static void a_long_doubt_does(void **state) {
  alerts a = quiet();
  uint64_t t = T0 + THRESHOLD + 100, at = 0;
  (void)state;
  (void)see(&a, ALERTS_BAD, T0, t, NULL);
  assert_int_equal(see(&a, ALERTS_UNSURE, t, t + 60000, &at), 1);
  assert_int_equal(at, t + 30000);
  assert_int_equal(a.ended_by, ALERTS_BY_UNSURE);
}

static void acknowledged_it_is_quiet_until_it_is_over(void **state) {
  alerts a = quiet();
  uint64_t t = T0 + THRESHOLD + 100;
  (void)state;
  (void)see(&a, ALERTS_BAD, T0, t, NULL);
  assert_true(alerts_acknowledge(&a));
  assert_true(alerts_acknowledge(&a));
  assert_int_equal(see(&a, ALERTS_BAD, t, t + 10 * REPEAT, NULL), 0);
  t += 10 * REPEAT;
  assert_int_equal(alerts_see(&a, ALERTS_GOOD, t), ALERTS_CLEARED);
  assert_false(alerts_acknowledge(&a));
  (void)see(&a, ALERTS_BAD, t, t + THRESHOLD, NULL);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, t + THRESHOLD), ALERTS_TRIGGERED);
}

static void time_alone_tells_where_pictures_are_rare(void **state) {
  alerts a = quiet();
  (void)state;
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0), ALERTS_NOTHING);
  assert_int_equal(alerts_tick(&a, T0 + THRESHOLD - 1), ALERTS_NOTHING);
  assert_int_equal(alerts_tick(&a, T0 + THRESHOLD), ALERTS_TRIGGERED);
}

static void a_machine_that_slept_tells_once(void **state) {
  alerts a = quiet();
  uint64_t t = T0 + 100 * (uint64_t)REPEAT;
  (void)state;
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0), ALERTS_NOTHING);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, t), ALERTS_TRIGGERED);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, t + REPEAT - 1), ALERTS_NOTHING);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, t + REPEAT), ALERTS_TRIGGERED);
}

static void another_threshold_counts_from_the_begin_of_the_spell(void **state) {
  alerts a = quiet();
  (void)state;
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0), ALERTS_NOTHING);
  assert_int_equal(alerts_set_threshold(&a, 60000, T0 + 30000), ALERTS_NOTHING);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0 + 60000), ALERTS_TRIGGERED);
  // shorter than what has been: told at once, if it was not
  a = quiet();
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0), ALERTS_NOTHING);
  assert_int_equal(alerts_set_threshold(&a, 1000, T0 + 30000),
                   ALERTS_TRIGGERED);
  // longer: it is over for now, and told when it is time
  assert_int_equal(alerts_set_threshold(&a, 90000, T0 + 31000), ALERTS_CLEARED);
  assert_int_equal(a.ended_by, ALERTS_BY_THRESHOLD);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0 + 89999), ALERTS_NOTHING);
  assert_int_equal(alerts_see(&a, ALERTS_BAD, T0 + 90000), ALERTS_TRIGGERED);
  assert_int_equal(a.count, 1);
}

static void every_end_has_a_word(void **state) {
  (void)state;
  assert_string_equal(alerts_word(ALERTS_BY_GOOD), "good");
  assert_string_equal(alerts_word(ALERTS_BY_ABSENCE), "absent");
  assert_string_equal(alerts_word(ALERTS_BY_UNSURE), "undecided");
  assert_string_equal(alerts_word(ALERTS_BY_PAUSE), "paused");
  assert_string_equal(alerts_word(ALERTS_BY_CAMERA), "camera");
  assert_string_equal(alerts_word(ALERTS_BY_THRESHOLD), "threshold");
  assert_string_equal(alerts_word(ALERTS_BY_USER), "user");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_told_at_the_threshold_and_not_before),
      cmocka_unit_test(is_told_again_every_repeat),
      cmocka_unit_test(a_good_moment_clears_and_begins_anew),
      cmocka_unit_test(who_was_never_told_hears_no_end),
      cmocka_unit_test(absence_pause_and_camera_clear),
      cmocka_unit_test(a_short_doubt_does_not_end_it),
      cmocka_unit_test(a_long_doubt_does),
      cmocka_unit_test(acknowledged_it_is_quiet_until_it_is_over),
      cmocka_unit_test(time_alone_tells_where_pictures_are_rare),
      cmocka_unit_test(a_machine_that_slept_tells_once),
      cmocka_unit_test(another_threshold_counts_from_the_begin_of_the_spell),
      cmocka_unit_test(every_end_has_a_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
