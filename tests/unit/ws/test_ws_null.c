/* SPDX-License-Identifier: MIT */
/* Every function of <peal/ws.h> may be called without an object: nothing
 * happens, and the answer is the documented one. */
#include "ws_fixture.h"

static void no_endpoint_answers_with_nothing(void **state) {
  peal_ws_stats stats;
  (void)state;
  memset(&stats, 0xff, sizeof stats);
  peal_ws_stats_get(NULL, &stats);
  assert_int_equal(stats.open, 0);
  assert_int_equal(stats.queue_full, 0);
  peal_ws_stats_get(NULL, NULL);
  assert_null(peal_ws_on(NULL, "/", NULL));
  peal_ws_upgrade(NULL, NULL);
  peal_ws_accept(NULL, NULL);
  peal_ws_refuse(NULL, 403, NULL);
  assert_int_equal(peal_ws_group_send(NULL, PEAL_S("g"), PEAL_S("x"), false),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_ws_group_send_to(NULL, NULL, PEAL_S("x")),
                   PEAL_ERR_USAGE);
}

static void no_connection_answers_with_nothing(void **state) {
  (void)state;
  assert_int_equal(peal_ws_send(NULL, PEAL_S("x"), false), PEAL_ERR_USAGE);
  assert_int_equal(peal_ws_send_with(NULL, NULL, PEAL_S("x")), PEAL_ERR_USAGE);
  assert_int_equal(peal_ws_send_bytes(NULL, NULL, NULL), PEAL_ERR_USAGE);
  peal_ws_close(NULL, 1000, (peal_slice){0});
  assert_int_equal(peal_ws_join(NULL, PEAL_S("g")), PEAL_ERR_USAGE);
  peal_ws_leave(NULL, PEAL_S("g"));
  assert_false(peal_ws_in(NULL, PEAL_S("g")));
  assert_int_equal(peal_ws_group_count(NULL), 0);
  peal_ws_set_user(NULL, NULL, NULL);
  assert_null(peal_ws_user(NULL));
  assert_null(peal_ws_req(NULL));
  assert_string_equal(peal_ws_protocol(NULL), "");
  assert_null(peal_ws_endpoint_of(NULL));
  assert_null(peal_ws_worker(NULL));
  assert_false(peal_ws_is_open(NULL));
  assert_int_equal(peal_ws_queued_bytes(NULL), 0);
}

static void no_reference_names_nobody(void **state) {
  (void)state;
  const peal_ws_ref none = peal_ws_ref_of(NULL);
  assert_null(none.endpoint);
  assert_null(peal_ws_ref_get(none));
  assert_int_equal(peal_ws_ref_send(none, NULL, PEAL_S("x")), PEAL_ERR_USAGE);
  assert_int_equal(peal_ws_ref_close(none, 1000, PEAL_S("x")), PEAL_ERR_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_endpoint_answers_with_nothing),
      cmocka_unit_test(no_connection_answers_with_nothing),
      cmocka_unit_test(no_reference_names_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
