/* SPDX-License-Identifier: MIT */
/* http_pace and http_watch: what counts as progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/http_watch.h"

#define LIMIT 1000u
#define RATE 100u

static void nothing_is_late_at_the_limit(void **state) {
  (void)state;
  peal_http_pace pace;
  peal_http_pace_start(&pace, 5000);
  assert_int_equal(peal_http_pace_deadline(&pace, LIMIT), 6000);
  assert_false(peal_http_pace_is_late(&pace, LIMIT, RATE, 5999));
  assert_true(peal_http_pace_is_late(&pace, LIMIT, RATE, 6000));
}

static void each_window_needs_its_bytes(void **state) {
  (void)state;
  peal_http_pace pace;
  peal_http_pace_start(&pace, 0);
  peal_http_pace_add(&pace, 100, 900);
  assert_false(peal_http_pace_is_late(&pace, LIMIT, RATE, 1000));
  peal_http_pace_add(&pace, 99, 1800);
  assert_int_equal(peal_http_pace_deadline(&pace, LIMIT), 2000);
  assert_false(peal_http_pace_is_late(&pace, LIMIT, RATE, 1999));
  assert_true(peal_http_pace_is_late(&pace, LIMIT, RATE, 2000));
}

/* Many at the begin of a window do not pay for a silence over its end. */
static void a_silence_of_the_limit_is_late_wherever_it_lies(void **state) {
  (void)state;
  peal_http_pace pace;
  peal_http_pace_start(&pace, 0);
  peal_http_pace_add(&pace, 1000000, 300);
  assert_false(peal_http_pace_is_late(&pace, LIMIT, RATE, 1000));
  assert_int_equal(peal_http_pace_deadline(&pace, LIMIT), 1300);
  assert_true(peal_http_pace_is_late(&pace, LIMIT, RATE, 1300));
}

static void no_bytes_are_no_progress(void **state) {
  (void)state;
  peal_http_pace pace;
  peal_http_pace_start(&pace, 0);
  peal_http_pace_add(&pace, 0, 900);
  assert_true(peal_http_pace_is_late(&pace, LIMIT, RATE, 1000));
}

/* Look whenever it is time; the time it is late at, or UINT64_MAX. `taken` is
 * what the peer takes in each millisecond. */
static uint64_t watch_until(uint64_t end, uint64_t left_at_once,
                            uint64_t taken) {
  peal_http_watch watch = {.on = false};
  peal_http_watch_start(&watch, 0);
  peal_http_watch_start(&watch, 999); /* it is on already */
  for (uint64_t now = 0; now < end;) {
    now = peal_http_watch_deadline(&watch, 4000);
    uint64_t got = now * taken < left_at_once ? now * taken : left_at_once;
    watch.unacked = (size_t)(left_at_once - got);
    if (peal_http_watch_is_late(&watch, 4000, left_at_once, now))
      return now;
  }
  return UINT64_MAX;
}

static void only_what_the_peer_took_counts(void **state) {
  (void)state;
  uint64_t kernel = 10000000;
  assert_in_range(watch_until(100000, kernel, 0), 4000, 5100);
  /* A byte in a millisecond is about twice the pace. */
  assert_int_equal(watch_until(100000, kernel, 1), UINT64_MAX);
}

static void a_watch_that_is_off_never_looks(void **state) {
  (void)state;
  peal_http_watch watch = {.on = false};
  assert_int_equal(peal_http_watch_deadline(&watch, 4000), UINT64_MAX);
  peal_http_watch_start(&watch, 10);
  assert_int_equal(peal_http_watch_deadline(&watch, 0), UINT64_MAX);
  assert_false(peal_http_watch_is_late(&watch, 0, 100, 1000000));
  peal_http_watch_stop(&watch);
  assert_false(peal_http_watch_is_late(&watch, 4000, 100, 1000000));
  /* On again: what was taken before is another matter. */
  peal_http_watch_start(&watch, 1000000);
  assert_false(peal_http_watch_is_late(&watch, 4000, 100, 1001001));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_late_at_the_limit),
      cmocka_unit_test(each_window_needs_its_bytes),
      cmocka_unit_test(a_silence_of_the_limit_is_late_wherever_it_lies),
      cmocka_unit_test(no_bytes_are_no_progress),
      cmocka_unit_test(only_what_the_peer_took_counts),
      cmocka_unit_test(a_watch_that_is_off_never_looks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
