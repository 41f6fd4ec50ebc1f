/* SPDX-License-Identifier: MIT */
#include "client_fixture.h"

static void stop(peal_client *client) {
  peal_client_stop(client);
  peal_client_free(client);
}

/* -- talking --------------------------------------------------------------- */

static void talk_by(peal_client_transports way) {
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  opts.transports = way;
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  trace_await("connect /\n");
  assert_true(peal_client_is_connected(nsp));
  assert_int_equal(peal_client_emit(nsp, "echo", PEAL_ARGS(peal_int(7))),
                   PEAL_OK);
  trace_await("event / echo 7\n");
  assert_int_equal(peal_client_emit_ack(nsp, NULL, "echo",
                                        PEAL_ARGS(peal_int(8)), fixture_on_ack,
                                        NULL),
                   PEAL_OK);
  trace_await("ack / PEAL_OK 8\n");
  stop(client);
  assert_true(trace_has("disconnect / io client disconnect\n"));
  server_stop(&server);
}

static void connects_emits_and_receives_by_every_transport(void **state) {
  static const peal_client_transports ways[] = {
      PEAL_CLIENT_POLLING_FIRST, PEAL_CLIENT_WEBSOCKET_FIRST,
      PEAL_CLIENT_POLLING_ONLY, PEAL_CLIENT_WEBSOCKET_ONLY};
  (void)state;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    talk_by(ways[i]);
}

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  static const char *const names[] = {
      "open", "error",   "close", "ping",   "upgraded",
      "wait", "attempt", "again", "failed", "reconnected"};
  (void)client;
  (void)user;
  if (notice->type != PEAL_CLIENT_PING)
    trace_add("notice %s %u", names[notice->type], notice->attempt);
}

static void an_upgrade_is_told_and_seen(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_client(&opts);
  assert_int_equal(peal_client_on_notice(client, on_notice, NULL), PEAL_OK);
  assert_string_equal(peal_client_transport(client), "");
  assert_int_equal(peal_client_start(client), PEAL_OK);
  trace_await("notice upgraded 0\n");
  assert_string_equal(peal_client_transport(client), "websocket");
  stop(client);
  server_stop(&server);
}

static void namespaces_share_a_connection(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  opts.url = fixture_url(&server, "/other?k=v");
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *other = peal_client_of(client, NULL);
  assert_string_equal(peal_client_nsp_name(other), "/other");
  assert_ptr_equal(peal_client_of(client, "other"), other);
  assert_ptr_equal(peal_client_nsp_client(other), client);
  peal_client_nsp *root = peal_client_of(client, "/");
  fixture_watch(root);
  trace_await("connect /\n");
  trace_await("connect /other\n");
  assert_int_equal(peal_client_emit(root, "echo", PEAL_ARGS(peal_int(1))),
                   PEAL_OK);
  trace_await("event / echo 1\n");
  peal_server_stats stats;
  peal_server_stats_get(server.server, &stats);
  assert_int_equal(stats.clients, 1);
  assert_int_equal(stats.sockets, 2);
  peal_client_leave(root);
  trace_await("disconnect / io client disconnect\n");
  assert_false(peal_client_is_active(root));
  assert_true(server_has_sockets(&server, 1));
  trace_clear();
  assert_int_equal(peal_client_connect(root), PEAL_OK);
  trace_await("connect /\n");
  peal_client_leave(root);
  peal_client_leave(other);
  assert_true(server_has_clients(&server, 0));
  stop(client);
  server_stop(&server);
}

/* -- both ways ------------------------------------------------------------- */

static void answer(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  (void)user;
  int64_t number = peal_val_int(peal_event_arg(event, 0), 0);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(number * 2))), PEAL_OK);
}

static void *send_reply(void *user) {
  assert_int_equal(peal_reply_send(user, PEAL_ARGS(peal_int(99))), PEAL_OK);
  return NULL;
}

static void answer_elsewhere(peal_client_nsp *nsp, const peal_event *event,
                             void *user) {
  pthread_t thread;
  (void)nsp;
  (void)user;
  assert_int_equal(
      pthread_create(&thread, NULL, send_reply, peal_ack_later(event)), 0);
  pthread_detach(thread);
}

static void questions_of_the_server_are_answered(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_on(nsp, "question", answer, NULL), PEAL_OK);
  assert_int_equal(peal_client_emit(nsp, "ask", PEAL_ARGS(peal_int(21))),
                   PEAL_OK);
  trace_await("client answers PEAL_OK 42\n");
  assert_int_equal(peal_client_off(nsp, "question", answer, NULL), PEAL_OK);
  assert_int_equal(peal_client_once(nsp, "question", answer_elsewhere, NULL),
                   PEAL_OK);
  assert_int_equal(peal_client_emit(nsp, "ask", PEAL_ARGS(peal_int(21))),
                   PEAL_OK);
  trace_await("client answers PEAL_OK 99\n");
  stop(client);
  server_stop(&server);
}

static char big[300000];

static void on_big(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  (void)nsp;
  (void)user;
  peal_slice back =
      peal_val_binary(args.count ? args.items[0] : peal_undefined());
  trace_add("big %s %s", peal_err_name(err),
            back.len == sizeof big && !memcmp(back.ptr, big, sizeof big)
                ? "same"
                : "other");
}

static void binaries_come_back_the_same(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof big; i++)
    big[i] = (char)(i * 7 + i / 251);
  for (int only_polling = 0; only_polling < 2; only_polling++) {
    server_fixture server = fixture_serve();
    peal_client_opts opts = fixture_opts(&server);
    opts.transports =
        only_polling ? PEAL_CLIENT_POLLING_ONLY : PEAL_CLIENT_WEBSOCKET_ONLY;
    peal_client *client = fixture_start(&opts);
    assert_int_equal(peal_client_emit_ack(
                         peal_client_of(client, NULL), NULL, "echo",
                         PEAL_ARGS(peal_binary((peal_slice){big, sizeof big})),
                         on_big, NULL),
                     PEAL_OK);
    trace_await("big PEAL_OK same\n");
    stop(client);
    server_stop(&server);
  }
}

static void an_acknowledgement_that_never_comes_times_out(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  const peal_client_how how = {.timeout_ms = 30};
  trace_await("connect /\n");
  assert_int_equal(peal_client_emit_ack(nsp, &how, "unknown", PEAL_NO_ARGS,
                                        fixture_on_ack, NULL),
                   PEAL_OK);
  trace_await("ack / PEAL_ERR_TIMEOUT -1\n");
  stop(client);
  server_stop(&server);
}

/* -- auth ------------------------------------------------------------------ */

static void *give_auth(void *user) {
  assert_int_equal(
      peal_client_auth_give(user, PEAL_OBJECT({"name", peal_str("later")})),
      PEAL_OK);
  /* A second answer is none. */
  assert_int_equal(peal_client_auth_give(user, peal_undefined()), PEAL_OK);
  return NULL;
}

static void auth_elsewhere(peal_client_nsp *nsp, peal_client_auth *ask,
                           void *user) {
  pthread_t thread;
  (void)nsp;
  (void)user;
  assert_int_equal(pthread_create(&thread, NULL, give_auth, ask), 0);
  pthread_detach(thread);
}

static void auth_here(peal_client_nsp *nsp, peal_client_auth *ask, void *user) {
  (void)nsp;
  assert_int_equal(peal_client_auth_give(ask, peal_int(1)), PEAL_ERR_USAGE);
  assert_int_equal(
      peal_client_auth_give(ask, PEAL_OBJECT({"name", peal_str(user)})),
      PEAL_OK);
}

static char here[] = "here";

static void auth_is_a_value_or_asked_for(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_client(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_set_auth(nsp, peal_int(1)), PEAL_ERR_USAGE);
  assert_int_equal(
      peal_client_set_auth(nsp, PEAL_OBJECT({"name", peal_str("value")})),
      PEAL_OK);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  trace_await("server connect / auth value\n");
  peal_client_leave(nsp);
  assert_int_equal(peal_client_on_auth(nsp, auth_elsewhere, NULL), PEAL_OK);
  assert_int_equal(peal_client_connect(nsp), PEAL_OK);
  trace_await("server connect / auth later\n");
  peal_client_leave(nsp);
  assert_int_equal(peal_client_on_auth(nsp, auth_here, here), PEAL_OK);
  assert_int_equal(peal_client_connect(nsp), PEAL_OK);
  trace_await("server connect / auth here\n");
  stop(client);
  server_stop(&server);
}

/* -- refusals and losses --------------------------------------------------- */

static void what_the_server_does_not_know_is_refused(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  opts.url = fixture_url(&server, "/nowhere");
  peal_client *client = fixture_client(&opts);
  assert_int_equal(peal_client_run(client), 1);
  assert_true(trace_has(
      "connect_error /nowhere PEAL_ERR_REFUSED: Invalid namespace\n"));
  peal_client_free(client);
  server_stop(&server);
}

static void nobody_there_is_said_in_words(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  opts.reconnection_attempts = 1;
  server_stop(&server);
  peal_client *client = fixture_client(&opts);
  assert_int_equal(peal_client_on_notice(client, on_notice, NULL), PEAL_OK);
  trace_clear();
  assert_int_equal(peal_client_run(client), 1);
  assert_true(trace_has("connect_error / PEAL_ERR_CONNECT: "));
  assert_true(trace_has("refused"));
  assert_true(trace_has("notice error 0\n"));
  assert_true(trace_has("notice failed 1\n"));
  peal_client_free(client);
}

static void a_client_that_the_server_sends_away_stays_away(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_client(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_emit(nsp, "bye", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_client_run(client), 1);
  assert_true(trace_has("disconnect / io server disconnect\n"));
  assert_false(peal_client_is_active(nsp));
  peal_client_free(client);
  server_stop(&server);
}

static void a_server_that_comes_back_finds_its_client(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_on_notice(client, on_notice, NULL), PEAL_OK);
  trace_await("connect /\n");
  int port = (int)server.port;
  server_stop(&server);
  trace_await("disconnect / transport ");
  assert_true(peal_client_is_active(nsp));
  assert_false(peal_client_is_connected(nsp));
  /* It waits for the connection, in order. */
  for (int i = 0; i < 3; i++)
    assert_int_equal(peal_client_emit(nsp, "echo", PEAL_ARGS(peal_int(i))),
                     PEAL_OK);
  server = fixture_serve_at(port);
  trace_await("event / echo 0\nevent / echo 1\nevent / echo 2\n");
  trace_await("notice reconnected");
  stop(client);
  server_stop(&server);
}

static void a_full_buffer_refuses(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  opts.no_auto_connect = true;
  opts.max_buffer_events = 2;
  opts.worker = NULL;
  peal_client *client = fixture_client(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  peal_workers *workers = peal_client_workers(client);
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  for (int i = 0; i < 3; i++)
    assert_int_equal(peal_client_emit_ack(nsp, NULL, "echo",
                                          PEAL_ARGS(peal_int(i)),
                                          fixture_on_ack, NULL),
                     PEAL_OK);
  assert_true(peal_client_queued_bytes(client) > 0);
  assert_int_equal(peal_workers_step(workers, 0), PEAL_OK);
  trace_expect("ack / PEAL_ERR_QUEUE_FULL -1\n");
  assert_int_equal(peal_client_open(client), PEAL_OK);
  while (!trace_has("ack / PEAL_OK 1\n"))
    assert_int_equal(peal_workers_step(workers, 1000), PEAL_OK);
  assert_true(trace_has("ack / PEAL_OK 0\n"));
  peal_client_free(client);
  server_stop(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connects_emits_and_receives_by_every_transport),
      cmocka_unit_test(an_upgrade_is_told_and_seen),
      cmocka_unit_test(namespaces_share_a_connection),
      cmocka_unit_test(questions_of_the_server_are_answered),
      cmocka_unit_test(binaries_come_back_the_same),
      cmocka_unit_test(an_acknowledgement_that_never_comes_times_out),
      cmocka_unit_test(auth_is_a_value_or_asked_for),
      cmocka_unit_test(what_the_server_does_not_know_is_refused),
      cmocka_unit_test(nobody_there_is_said_in_words),
      cmocka_unit_test(a_client_that_the_server_sends_away_stays_away),
      cmocka_unit_test(a_server_that_comes_back_finds_its_client),
      cmocka_unit_test(a_full_buffer_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
