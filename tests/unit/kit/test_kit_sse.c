/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <peal/kit_sse.h>

#include "wire_case.h"

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  peal_kit_sse sse;
  peal_kit_sse_event event;
  peal_slice piece;
  (void)user;
  peal_kit_sse_init(&sse, (size_t)wire_case_opt_u64(test, "max", 0));
  while (wire_feed_next(feed, &piece)) {
    if (peal_kit_sse_feed(&sse, piece) != PEAL_OK)
      break;
    while (peal_kit_sse_next(&sse, &event)) {
      char words[80];
      snprintf(words, sizeof words, "%.*s", PEAL_SFMT(event.type));
      wire_log_add_bytes(log, words, event.data);
      if (event.id.len > 0)
        wire_log_add_bytes(log, "  id", event.id);
    }
  }
  if (peal_kit_sse_err(&sse) != PEAL_OK)
    wire_log_add(log, "error %s", peal_err_message(peal_kit_sse_err(&sse)));
  peal_kit_sse_deinit(&sse);
}

static void events_are_those_of_the_specification_however_cut(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("kit_sse", WIRE_CASE_SPLIT, replay, NULL), 0);
}

static void a_piece_is_taken_before_the_next_comes(void **state) {
  peal_kit_sse sse;
  peal_kit_sse_event event;
  (void)state;
  peal_kit_sse_init(&sse, 0);
  assert_int_equal(peal_kit_sse_feed(&sse, PEAL_S("data: 1\n\ndata: 2\n\n")),
                   PEAL_OK);
  assert_true(peal_kit_sse_next(&sse, &event));
  assert_int_equal(peal_kit_sse_feed(&sse, PEAL_S("data: 3\n\n")),
                   PEAL_ERR_USAGE);
  assert_true(peal_kit_sse_next(&sse, &event));
  assert_true(peal_slice_is(event.data, "2"));
  assert_false(peal_kit_sse_next(&sse, &event));
  assert_int_equal(peal_kit_sse_feed(&sse, PEAL_S("data: 3\n\n")), PEAL_OK);
  peal_kit_sse_deinit(&sse);
  peal_kit_sse_deinit(NULL);
}

static void an_error_stays(void **state) {
  peal_kit_sse sse;
  peal_kit_sse_event event;
  (void)state;
  peal_kit_sse_init(&sse, 4);
  assert_int_equal(peal_kit_sse_feed(&sse, PEAL_S("data: long\n\n")), PEAL_OK);
  assert_false(peal_kit_sse_next(&sse, &event));
  assert_int_equal(peal_kit_sse_err(&sse), PEAL_ERR_TOO_LONG);
  assert_int_equal(peal_kit_sse_feed(&sse, PEAL_S("\n")), PEAL_ERR_TOO_LONG);
  assert_false(peal_kit_sse_next(&sse, &event));
  peal_kit_sse_deinit(&sse);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_are_those_of_the_specification_however_cut),
      cmocka_unit_test(a_piece_is_taken_before_the_next_comes),
      cmocka_unit_test(an_error_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
