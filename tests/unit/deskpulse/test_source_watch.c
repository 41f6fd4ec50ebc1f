/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "source_watch.h"

static source_watch begun(source_kind kind) {
  source_watch w;
  source_watch_init(&w, &(source_opts){.kind = kind,
                                       .stall_ms = 3000,
                                       .retry_first_ms = 2000,
                                       .retry_next_ms = 10000});
  return w;
}

static source_watch running(source_kind kind) {
  source_watch w = begun(kind);
  source_watch_opened(&w, 0);
  source_watch_frame(&w, 0);
  assert_true(source_watch_take(&w));
  return w;
}

static void it_begins_disconnected_and_is_opened_at_once(void **state) {
  (void)state;
  source_watch w = begun(SOURCE_V4L2);
  assert_true(source_watch_take(&w));
  assert_false(source_watch_take(&w));
  assert_int_equal(w.state, SOURCE_DISCONNECTED);
  assert_true(source_watch_wants_open(&w, 0));
  source_watch_opened(&w, 0);
  // open is not connected: no frame has come
  assert_int_equal(w.state, SOURCE_DISCONNECTED);
  source_watch_frame(&w, 100);
  assert_int_equal(w.state, SOURCE_CONNECTED);
  assert_string_equal(w.reason, "");
}

static void it_is_tried_after_2_s_10_s_and_then_every_10_s(void **state) {
  static const uint32_t waits[] = {2000, 10000, 10000, 10000, 10000};
  uint64_t now = 5000;
  (void)state;
  source_watch w = running(SOURCE_V4L2);
  for (size_t i = 0; i < 5; i++) {
    source_watch_lost(&w, "unplugged", now);
    assert_true(source_watch_take(&w));
    assert_int_equal(w.state, SOURCE_DISCONNECTED);
    assert_string_equal(w.reason, "unplugged");
    assert_int_equal(w.retry_ms, waits[i]);
    assert_int_equal(source_watch_deadline(&w), now + waits[i]);
    assert_false(source_watch_wants_open(&w, now + waits[i] - 1));
    now += waits[i];
    assert_true(source_watch_wants_open(&w, now));
  }
  // it opens, but is gone again before a frame: that is no success
  source_watch_opened(&w, now);
  source_watch_lost(&w, "unplugged", now);
  assert_int_equal(w.retry_ms, 10000);
  now += 10000;
  source_watch_opened(&w, now);
  source_watch_frame(&w, now);
  source_watch_lost(&w, "unplugged", now);
  assert_int_equal(w.retry_ms, 2000);
}

static void a_camera_that_stalls_is_degraded_then_opened_anew(void **state) {
  (void)state;
  source_watch w = running(SOURCE_V4L2);
  assert_int_equal(source_watch_deadline(&w), 3000);
  assert_false(source_watch_tick(&w, 2999));
  assert_int_equal(w.state, SOURCE_CONNECTED);
  assert_false(source_watch_tick(&w, 3000));
  assert_int_equal(w.state, SOURCE_DEGRADED);
  assert_true(source_watch_take(&w));
  assert_string_equal(w.reason, "no frame for 3.0 s");
  assert_false(source_watch_tick(&w, 4000));
  assert_false(source_watch_take(&w));
  assert_int_equal(source_watch_deadline(&w), 9000);
  assert_true(source_watch_tick(&w, 9000));
}

static void a_push_that_stalls_stays_open_and_is_said_once(void **state) {
  (void)state;
  source_watch w = running(SOURCE_PUSH);
  source_watch_tick(&w, 3000);
  assert_int_equal(w.state, SOURCE_DEGRADED);
  assert_false(source_watch_tick(&w, 9000));
  assert_int_equal(w.state, SOURCE_DISCONNECTED);
  assert_int_equal(w.retry_ms, 0);
  assert_true(source_watch_take(&w));
  assert_false(source_watch_tick(&w, 60000));
  assert_false(source_watch_take(&w));
  assert_true(source_watch_deadline(&w) == UINT64_MAX);
  source_watch_frame(&w, 70000);
  assert_int_equal(w.state, SOURCE_CONNECTED);
}

static void an_estimator_may_take_long_for_its_first_frame(void **state) {
  (void)state;
  source_watch w = begun(SOURCE_JSON);
  source_watch_opened(&w, 0);
  assert_false(source_watch_tick(&w, 29999));
  assert_int_equal(source_watch_deadline(&w), 30000);
  assert_true(source_watch_tick(&w, 30000));
}

static void what_is_no_picture_degrades(void **state) {
  (void)state;
  source_watch w = running(SOURCE_V4L2);
  source_watch_broken(&w, "broken", 1000);
  assert_int_equal(w.state, SOURCE_CONNECTED);
  source_watch_broken(&w, "broken", 3500);
  assert_int_equal(w.state, SOURCE_DEGRADED);
  assert_string_equal(w.reason, "broken");
  source_watch_frame(&w, 3600);
  assert_int_equal(w.state, SOURCE_CONNECTED);
}

static void who_is_paused_waits_for_nothing(void **state) {
  (void)state;
  source_watch w = running(SOURCE_V4L2);
  source_watch_paused(&w);
  assert_int_equal(w.state, SOURCE_PAUSED);
  assert_true(source_watch_deadline(&w) == UINT64_MAX);
  assert_false(source_watch_wants_open(&w, 1000000));
  assert_false(source_watch_tick(&w, 1000000));
  source_watch_resumed(&w);
  assert_true(source_watch_wants_open(&w, 1000000));
  // so also if it was being tried
  source_watch_lost(&w, "gone", 1000000);
  source_watch_paused(&w);
  source_watch_resumed(&w);
  assert_true(source_watch_wants_open(&w, 1000000));
}

static void a_long_reason_is_cut(void **state) {
  char words[2 * SOURCE_REASON];
  (void)state;
  for (size_t i = 0; i < sizeof words; i++)
    words[i] = 'x';
  words[sizeof words - 1] = '\0';
  source_watch w = running(SOURCE_V4L2);
  source_watch_lost(&w, words, 0);
  assert_int_equal(w.reason[SOURCE_REASON - 1], '\0');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_begins_disconnected_and_is_opened_at_once),
      cmocka_unit_test(it_is_tried_after_2_s_10_s_and_then_every_10_s),
      cmocka_unit_test(a_camera_that_stalls_is_degraded_then_opened_anew),
      cmocka_unit_test(a_push_that_stalls_stays_open_and_is_said_once),
      cmocka_unit_test(an_estimator_may_take_long_for_its_first_frame),
      cmocka_unit_test(what_is_no_picture_degrades),
      cmocka_unit_test(who_is_paused_waits_for_nothing),
      cmocka_unit_test(a_long_reason_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
