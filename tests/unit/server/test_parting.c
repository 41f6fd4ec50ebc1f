/* SPDX-License-Identifier: MIT */
/* parting: how a server stops: who is told what, and when. */
#include "server_fixture.h"

/* No test waits for it: the second stop ends it. */
#define LONG_MS 600000u

static char log_lines[4096];

static void keep_log(const peal_log_record *record, void *user) {
  (void)user;
  size_t len = strlen(log_lines);
  if (!strcmp(record->area, "engine") && record->level == PEAL_LOG_INFO)
    snprintf(log_lines + len, sizeof log_lines - len, "%.*s\n",
             PEAL_SFMT(record->text));
}

static peal_server_opts quiet(void) {
  peal_server_opts opts = server_opts();
  opts.log.fn = keep_log;
  log_lines[0] = 0;
  return opts;
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_val arg = peal_event_arg(event, 0);
  assert_int_equal(peal_emit(socket, "back", PEAL_ARGS(arg)), PEAL_OK);
}

static char flood[1 << 16];

static void on_flood(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  memset(flood, 'x', sizeof flood);
  for (int i = 0; i < 100; i++)
    (void)!peal_emit(
        socket, "flood",
        PEAL_ARGS(peal_str_slice((peal_slice){flood, sizeof flood})));
  trace_add("flooded");
}

static server_fixture start(const peal_server_opts *opts) {
  server_fixture it = server_make(opts);
  server_trace_ends(it.root);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "flood", on_flood, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void echoes(sio_client *client) {
  assert_true(sio_client_send(client, "42[\"echo\",1]"));
  assert_true(sio_client_expect(client, "42[\"back\",1]"));
}

static void a_websocket_hears_why(void **state) {
  (void)state;
  peal_server_opts opts = quiet();
  server_fixture it = start(&opts);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  peal_server_stop(it.server);
  assert_true(sio_client_ends(&client, 10000));
  assert_int_equal(client.close_code, 1001);
  sio_client_close(&client);
  server_join(&it);
  server_free(&it);
  assert_string_equal(
      log_lines,
      "stopped: 1 clients were told, 0 of them did not take all that waited\n");
}

/* Nobody is there to take it: the time is over. */
static void what_is_not_taken_is_counted(void **state) {
  (void)state;
  peal_server_opts opts = quiet();
  opts.stop_timeout_ms = 50;
  opts.max_queue_bytes = 64 << 20;
  server_fixture it = start(&opts);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"flood\"]"));
  trace_await("flooded\n");
  peal_server_stop(it.server);
  server_join(&it);
  server_free(&it);
  sio_client_close(&client);
  assert_string_equal(
      log_lines,
      "stopped: 1 clients were told, 1 of them did not take all that waited\n");
}

/* Those who have not been told yet are served; who stops again wants no
 * more of it. */
static void whose_time_has_not_come_is_served(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 2; workers++) {
    peal_server_opts opts = quiet();
    opts.stop_spread_ms = LONG_MS;
    opts.workers = workers;
    server_fixture it = start(&opts);
    sio_client clients[2];
    assert_true(sio_client_start(&clients[0], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_start(&clients[1], it.port, SIO_POLLING));
    for (int i = 0; i < 2; i++)
      echoes(&clients[i]);
    peal_server_stop(it.server);
    for (int i = 0; i < 4; i++)
      echoes(&clients[i & 1]);
    trace_expect("");
    peal_server_stop(it.server);
    for (int i = 0; i < 2; i++)
      assert_true(sio_client_ends(&clients[i], 10000));
    server_join(&it);
    trace_expect("disconnecting server shutting down\n"
                 "disconnect server shutting down\n"
                 "disconnecting server shutting down\n"
                 "disconnect server shutting down\n");
    server_free(&it);
    for (int i = 0; i < 2; i++)
      sio_client_close(&clients[i]);
  }
}

static void each_is_told_once_within_the_spread(void **state) {
  (void)state;

  enum { CLIENTS = 6 };

  peal_server_opts opts = quiet();
  opts.stop_spread_ms = 300;
  server_fixture it = start(&opts);
  sio_client clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) {
    assert_true(sio_client_start(&clients[i], it.port,
                                 i & 1 ? SIO_POLLING : SIO_WEBSOCKET));
    if (i & 1) /* a GET waits */
      (void)sio_client_next(&clients[i], 1);
  }
  peal_server_stop(it.server);
  for (int i = 0; i < CLIENTS; i++)
    assert_true(sio_client_ends(&clients[i], 20000));
  server_join(&it);
  server_free(&it);
  for (int i = 0; i < CLIENTS; i++)
    sio_client_close(&clients[i]);
  assert_string_equal(
      log_lines,
      "stopped: 6 clients were told, 0 of them did not take all that waited\n");
}

/* Nobody comes in while it goes. */
static void a_new_client_is_refused(void **state) {
  (void)state;
  peal_server_opts opts = quiet();
  opts.stop_spread_ms = LONG_MS;
  server_fixture it = start(&opts);
  sio_client there, comes;
  assert_true(sio_client_start(&there, it.port, SIO_WEBSOCKET));
  peal_server_stop(it.server);
  echoes(&there); /* the stop has been seen */
  while (sio_client_open(&comes, it.port, SIO_WEBSOCKET))
    sio_client_close(&comes);
  sio_client_close(&comes);
  peal_server_stop(it.server);
  server_join(&it);
  server_free(&it);
  sio_client_close(&there);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_websocket_hears_why),
      cmocka_unit_test(what_is_not_taken_is_counted),
      cmocka_unit_test(whose_time_has_not_come_is_served),
      cmocka_unit_test(each_is_told_once_within_the_spread),
      cmocka_unit_test(a_new_client_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
