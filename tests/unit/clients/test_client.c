/* SPDX-License-Identifier: MIT */
#include "client_fixture.h"

static const peal_client_transports ways[] = {
    PEAL_CLIENT_POLLING_FIRST, PEAL_CLIENT_WEBSOCKET_FIRST,
    PEAL_CLIENT_POLLING_ONLY, PEAL_CLIENT_WEBSOCKET_ONLY};

static void connects_emits_and_receives_by(peal_client_transports way) {
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  opts.transports = way;
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  trace_await("connect /\n");
  assert_int_equal(peal_client_emit(nsp, "echo", PEAL_ARGS(peal_int(7))),
                   PEAL_OK);
  trace_await("event / echo 7\n");
  assert_int_equal(peal_client_emit_ack(nsp, NULL, "echo",
                                        PEAL_ARGS(peal_int(8)), fixture_on_ack,
                                        NULL),
                   PEAL_OK);
  trace_await("ack / PEAL_OK 8\n");
  peal_client_stop(client);
  peal_client_free(client);
  assert_true(trace_has("disconnect / io client disconnect\n"));
  server_stop(&server);
}

static void connects_emits_and_receives_by_every_transport(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    connects_emits_and_receives_by(ways[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connects_emits_and_receives_by_every_transport),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
