/* SPDX-License-Identifier: MIT */
/* How many events a socket may send, and what happens above. What has to fit
 * into one moment is sent in one body: it is read in one turn, with one time. */
#include <peal/events.h>
#include <peal/namespaces.h>

#include "server_fixture.h"

static void on_note(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  trace_add("%s %.*s", peal_nsp_name(peal_socket_nsp(socket)),
            PEAL_SFMT(peal_event_name(event)));
}

static void on_error(peal_socket *socket, const peal_event *event, peal_err err,
                     const char *message, void *user) {
  (void)socket;
  (void)user;
  trace_add("%s: %s", peal_err_name(err), message);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_str("slower"))), PEAL_OK);
}

static void on_log(const peal_log_record *record, void *user) {
  (void)user;
  if (record->level <= PEAL_LOG_WARN)
    trace_add("log: %.*s", PEAL_SFMT(record->text));
}

static server_fixture make(const peal_event_rate *rate) {
  peal_server_opts opts = server_opts();
  opts.event_rate = *rate;
  opts.log = (peal_log_opts){.fn = on_log};
  server_fixture it = server_make(&opts);
  assert_non_null(peal_server_of(it.server, "/free"));
  assert_int_equal(peal_on_wildcard(it.root, on_note, NULL), PEAL_OK);
  assert_int_equal(
      peal_on_wildcard(peal_server_of(it.server, "/free"), on_note, NULL),
      PEAL_OK);
  return it;
}

static uint64_t limited(const server_fixture *it) {
  peal_server_stats stats;
  peal_server_stats_get(it->server, &stats);
  return stats.rate_limited;
}

/* `count` packets in one body. */
static void send_many(sio_client *client, const char *packet, int count) {
  char body[2048] = "";
  for (int i = 0; i < count; i++)
    snprintf(body + strlen(body), sizeof body - strlen(body), "%s%s",
             i ? "\x1e" : "", packet);
  assert_true(sio_client_send(client, body));
}

static void stop(server_fixture *it, sio_client *client) {
  sio_client_close(client);
  server_stop(it);
}

static void what_is_above_the_rate_is_dropped_and_said_once(void **state) {
  (void)state;
  server_fixture it = make(&(peal_event_rate){.per_s = 1, .burst = 3});
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  send_many(&client, "42[\"a\"]", 20);
  trace_await("/ a\n/ a\n/ a\n");
  trace_await("log: too many events in /: 1 above the rate, now \"a\"\n");
  while (limited(&it) < 17)
    usleep(1000);
  /* In time there is room again: a bucket of one, after a second at most. */
  for (int i = 0; i < 300 && !trace_has("/ b\n"); i++) {
    assert_true(sio_client_send(&client, "42[\"b\"]"));
    usleep(50000);
  }
  trace_await("/ b\n");
  assert_false(trace_has("now \"b\"")); /* within a minute */
  stop(&it, &client);
}

static void with_the_policy_error_the_error_handlers_answer(void **state) {
  (void)state;
  server_fixture it = make(
      &(peal_event_rate){.per_s = 1, .burst = 1, .policy = PEAL_RATE_ERROR});
  assert_int_equal(peal_on_error(it.root, on_error, NULL), PEAL_OK);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  send_many(&client, "427[\"a\"]", 2);
  assert_true(sio_client_expect(&client, "437[\"slower\"]"));
  trace_await("/ a\n");
  trace_await("PEAL_ERR_LIMIT: too many events\n");
  assert_int_equal(limited(&it), 1);
  stop(&it, &client);
}

static void with_the_policy_disconnect_the_client_is_closed(void **state) {
  (void)state;
  server_fixture it = make(&(peal_event_rate){
      .per_s = 1, .burst = 2, .policy = PEAL_RATE_DISCONNECT});
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  send_many(&client, "42[\"a\"]", 10);
  assert_true(sio_client_expect(&client, "41"));
  assert_true(sio_client_ends(&client, 5000));
  trace_await("/ a\n/ a\n");
  assert_int_equal(limited(&it), 1); /* it is not heard any more */
  stop(&it, &client);
}

static void the_rate_is_an_option_in_json_too(void **state) {
  (void)state;
  server_fixture it = {
      .server = peal_server_new_json(
          PEAL_S("{\"host\":\"127.0.0.1\",\"port\":-1,\"no_client\":true,"
                 "\"log\":{\"level\":\"error\"},\"slow_handler_ms\":1000,"
                 "\"event_rate\":{\"per_s\":1,\"burst\":2,"
                 "\"policy\":\"disconnect\"}}"))};
  assert_non_null(it.server);
  it.root = peal_server_of(it.server, "/");
  it.port = peal_http_server_port(peal_server_http(it.server));
  trace_clear();
  assert_int_equal(peal_on_wildcard(it.root, on_note, NULL), PEAL_OK);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  send_many(&client, "42[\"a\"]", 4);
  assert_true(sio_client_expect(&client, "41"));
  trace_expect("/ a\n/ a\n");
  stop(&it, &client);
}

/* Only events: a client that asks and answers is not slowed down. */
static void acknowledgements_cost_nothing(void **state) {
  (void)state;
  server_fixture it = make(&(peal_event_rate){.per_s = 1, .burst = 1});
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  send_many(&client, "431[]", 20);
  assert_true(sio_client_send(&client, "42[\"a\"]"));
  trace_expect("/ a\n");
  assert_int_equal(limited(&it), 0);
  stop(&it, &client);
}

static void a_namespace_and_a_socket_have_rates_of_their_own(void **state) {
  (void)state;
  server_fixture it = make(&(peal_event_rate){.per_s = 1, .burst = 1});
  peal_nsp *other = peal_server_of(it.server, "/free");
  assert_int_equal(peal_nsp_set_event_rate(NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_set_event_rate(other, &(peal_event_rate){0}),
                   PEAL_OK);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  assert_true(sio_client_join(&client, "/free", NULL));
  send_many(&client, "42/free,[\"a\"]", 3);
  trace_expect("/free a\n/free a\n/free a\n");
  assert_int_equal(peal_nsp_set_event_rate(other, NULL), PEAL_OK);
  send_many(&client, "42/free,[\"b\"]", 3);
  trace_await("/free b\n");
  trace_await("log: too many events in /free: 1 above the rate, now \"b\"\n");
  while (limited(&it) < 2)
    usleep(1000);
  trace_clear();
  assert_int_equal(
      peal_nsp_set_event_rate(other, &(peal_event_rate){.per_s = 1000000}),
      PEAL_OK);
  usleep(2000); /* fills it */
  send_many(&client, "42/free,[\"c\"]", 3);
  trace_expect("/free c\n/free c\n/free c\n");
  stop(&it, &client);
}

static void a_parents_rate_is_its_childrens(void **state) {
  (void)state;
  server_fixture it = make(&(peal_event_rate){.per_s = 1, .burst = 1});
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/room-[0-9]$");
  assert_int_equal(peal_on_wildcard(parent, on_note, NULL), PEAL_OK);
  assert_int_equal(peal_nsp_set_event_rate(parent, &(peal_event_rate){0}),
                   PEAL_OK);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  assert_true(sio_client_join(&client, "/room-1", NULL));
  send_many(&client, "42/room-1,[\"a\"]", 3);
  trace_expect("/room-1 a\n/room-1 a\n/room-1 a\n");
  assert_int_equal(peal_nsp_set_event_rate(
                       parent, &(peal_event_rate){.per_s = 1, .burst = 2}),
                   PEAL_OK);
  send_many(&client, "42/room-1,[\"b\"]", 3);
  trace_await("/room-1 b\n/room-1 b\n");
  while (limited(&it) < 1)
    usleep(1000);
  stop(&it, &client);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  return peal_socket_set_event_rate(socket,
                                    &(peal_event_rate){.per_s = 1, .burst = 2});
}

static void on_lift(peal_socket *socket, const peal_event *event, void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_socket_set_event_rate(socket, NULL), PEAL_OK);
}

static void a_socket_may_have_the_only_limit(void **state) {
  (void)state;
  server_fixture it = make(&(peal_event_rate){0});
  assert_int_equal(peal_socket_set_event_rate(NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "lift", on_lift, NULL), PEAL_OK);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_POLLING));
  assert_true(sio_client_send(&client, "42[\"a\"]\x1e"
                                       "42[\"lift\"]\x1e"
                                       "42[\"b\"]\x1e"
                                       "42[\"c\"]\x1e"
                                       "42[\"d\"]"));
  trace_expect("/ a\n/ lift\n/ b\n/ c\n/ d\n");
  assert_int_equal(limited(&it), 0);
  stop(&it, &client);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_above_the_rate_is_dropped_and_said_once),
      cmocka_unit_test(with_the_policy_error_the_error_handlers_answer),
      cmocka_unit_test(with_the_policy_disconnect_the_client_is_closed),
      cmocka_unit_test(the_rate_is_an_option_in_json_too),
      cmocka_unit_test(acknowledgements_cost_nothing),
      cmocka_unit_test(a_namespace_and_a_socket_have_rates_of_their_own),
      cmocka_unit_test(a_parents_rate_is_its_childrens),
      cmocka_unit_test(a_socket_may_have_the_only_limit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
