/* SPDX-License-Identifier: MIT */
/* Whose pages may connect, behind proxies and not, and what the log says of
 * those that may not. */
#include "server_fixture.h"

static const char *const foreign = "Origin: http://other.example\r\n";

static bool opens(const server_fixture *it, const char *fields, sio_via via) {
  sio_client client = {.fields = fields};
  bool open = sio_client_open_with(&client, it->port, via);
  if (!open)
    assert_int_equal(client.status, via == SIO_POLLING ? 403 : 400);
  sio_client_close(&client);
  return open;
}

/* Over both transports alike. */
static bool may(const server_fixture *it, const char *fields) {
  bool polling = opens(it, fields, SIO_POLLING);
  assert_int_equal(opens(it, fields, SIO_WEBSOCKET), polling);
  return polling;
}

static void devices_and_native_clients_may_connect(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  char own[128];
  snprintf(own, sizeof own, "Origin: ws://127.0.0.1:%u\r\n", it.port);
  server_run(&it);
  assert_true(may(&it, own));
  assert_true(may(&it, "Origin: file://\r\n"
                       "User-Agent: arduino-WebSocket-Client\r\n"));
  assert_false(
      may(&it, "Origin: file://\r\nUser-Agent: Mozilla/5.0 (X11)\r\n"));
  assert_false(may(&it, "Origin: file://\r\nSec-Fetch-Mode: websocket\r\n"));
  assert_false(may(&it, "Origin: file://\r\nAccept-Language: de\r\n"));
  assert_false(may(&it, "Origin: null\r\n"));
  assert_false(may(&it, foreign));
  server_stop(&it);
}

static const char page[] = "Origin: https://app.example.org\r\n"
                           "X-Forwarded-Host: app.example.org\r\n"
                           "X-Forwarded-Proto: https\r\n"
                           "X-Forwarded-For: 203.0.113.7\r\n";

static void on_address(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)user;
  (void)peal_ack(event, PEAL_ARGS(peal_str_slice(peal_socket_address(socket))));
}

static void a_page_behind_a_trusted_proxy_is_at_home(void **state) {
  (void)state;
  static const char *const lists[] = {NULL, "10.0.0.0/8", "loopback"};
  for (size_t i = 0; i < 3; i++) {
    peal_server_opts opts = server_opts();
    opts.proxies = lists[i];
    server_fixture it = server_make(&opts);
    assert_int_equal(peal_on(it.root, "address", on_address, NULL), PEAL_OK);
    server_run(&it);
    assert_int_equal(may(&it, page), i == 2);
    assert_int_equal(may(&it, "Origin: https://app.example.org\r\nForwarded: "
                              "for=203.0.113.7;host=app.example.org\r\n"),
                     i == 2);
    sio_client client = {.fields = "X-Forwarded-For: 203.0.113.7\r\n"};
    assert_true(sio_client_open_with(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_join(&client, "/", NULL));
    assert_true(sio_client_send(&client, "421[\"address\"]"));
    assert_true(sio_client_await(&client, i == 2 ? "431[\"203.0.113.7\"]"
                                                 : "431[\"127.0.0.1\"]"));
    sio_client_close(&client);
    server_stop(&it);
  }
}

/* Each client of a trusted proxy has the limit of one address for itself. */
static void clients_of_a_proxy_are_counted_by_their_own_address(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.proxies = "loopback";
  opts.max_clients_per_address = 1;
  server_fixture it = server_make(&opts);
  server_run(&it);
  sio_client first = {.fields = "X-Forwarded-For: 203.0.113.7\r\n"},
             same = {.fields = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n"},
             other = {.fields = "X-Forwarded-For: 203.0.113.8\r\n"};
  assert_true(sio_client_open_with(&first, it.port, SIO_WEBSOCKET));
  assert_false(sio_client_open_with(&same, it.port, SIO_WEBSOCKET));
  assert_int_equal(same.status, 503);
  assert_true(sio_client_open_with(&other, it.port, SIO_WEBSOCKET));
  sio_client_close(&first);
  sio_client_close(&same);
  sio_client_close(&other);
  server_stop(&it);
}

/* -- the log ---------------------------------------------------------------- */

static void on_log(const peal_log_record *record, void *user) {
  (void)user;
  if (record->level == PEAL_LOG_WARN)
    trace_add("%.*s", PEAL_SFMT(record->text));
}

static void the_log_names_a_refused_origin_and_the_option(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.log = (peal_log_opts){.fn = on_log, .level = PEAL_LOG_INFO};
  server_fixture it = server_make(&opts);
  server_run(&it);
  assert_false(opens(&it, foreign, SIO_POLLING));
  trace_await(
      "origin http://other.example refused, this server was called as ");
  trace_await("name it in cors.origins\n");
  trace_clear();
  assert_false(opens(&it, page, SIO_WEBSOCKET));
  trace_await("origin https://app.example.org refused");
  trace_await("if the sender is your proxy, name that in proxies\n");
  trace_clear();
  free(sio_client_http(it.port, "OPTIONS", "/socket.io/?EIO=4", foreign, NULL,
                       NULL));
  trace_await("origin http://other.example refused");
  server_stop(&it);
}

static void a_program_may_name_its_own_option(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.log = (peal_log_opts){.fn = on_log, .level = PEAL_LOG_INFO};
  opts.cors.option_name = "--cors-origins";
  server_fixture it = server_make(&opts);
  server_run(&it);
  assert_false(opens(&it, foreign, SIO_POLLING));
  trace_await("name it in --cors-origins\n");
  server_stop(&it);
}

/* -- on_origin -------------------------------------------------------------- */

static peal_cors_ask *asked;
static peal_worker *asked_on;
static atomic_int questions;

/* Other.example may at once, later.example may later. */
static void on_origin(const peal_http_req *req, peal_slice origin,
                      peal_cors_ask *ask, void *user) {
  (void)user;
  if (peal_slice_is(origin, "http://other.example")) {
    peal_cors_ask_allow(ask);
  } else if (peal_slice_is(origin, "http://later.example")) {
    asked = ask;
    asked_on = peal_http_req_worker(req);
  } else {
    peal_cors_ask_refuse(ask);
  }
  atomic_fetch_add(&questions, 1);
}

static void allow(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_cors_ask_allow(asked);
}

static void refuse(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_cors_ask_refuse(asked);
}

typedef struct opening {
  sio_client client;
  sio_via via;
  unsigned port;
  bool open;
} opening;

static void *open_client(void *user) {
  opening *it = user;
  it->open = sio_client_open_with(&it->client, it->port, it->via);
  return NULL;
}

static server_fixture asking_server(void) {
  peal_server_opts opts = server_opts();
  opts.cors.on_origin = on_origin;
  server_fixture it = server_make(&opts);
  atomic_store(&questions, 0);
  return it;
}

static bool was_asked(int count) {
  for (int i = 0; i < 10000 && atomic_load(&questions) < count; i++)
    usleep(1000);
  return atomic_load(&questions) == count;
}

static void a_function_may_decide_about_origins(void **state) {
  (void)state;
  server_fixture it = asking_server();
  server_run(&it);
  assert_true(may(&it, foreign));
  assert_false(may(&it, "Origin: http://third.example\r\n"));
  for (int via = 0; via < 2; via++)
    for (int good = 0; good < 2; good++) {
      opening one = {.client.fields = "Origin: http://later.example\r\n",
                     .via = (sio_via)via,
                     .port = it.port};
      pthread_t thread;
      atomic_store(&questions, 0);
      assert_int_equal(pthread_create(&thread, NULL, open_client, &one), 0);
      assert_true(was_asked(1));
      assert_int_equal(peal_worker_post(asked_on, good ? allow : refuse, NULL),
                       PEAL_OK);
      pthread_join(thread, NULL);
      assert_int_equal(one.open, good);
      sio_client_close(&one.client);
    }
  server_stop(&it);
}

static void it_is_asked_once_for_a_session(void **state) {
  (void)state;
  server_fixture it = asking_server();
  server_run(&it);
  sio_client client = {.fields = foreign};
  assert_true(sio_client_open_with(&client, it.port, SIO_POLLING));
  assert_true(sio_client_join(&client, "/", NULL));
  assert_true(was_asked(1));
  assert_non_null(
      strstr(client.head, "Access-Control-Allow-Origin: http://other.example"));
  sio_client_close(&client);
  server_stop(&it);
}

static void who_leaves_while_it_thinks_is_forgotten(void **state) {
  (void)state;
  server_fixture it = asking_server();
  server_run(&it);
  static const char request[] =
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n"
      "Origin: http://later.example\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  int fd = sio_client_dial(it.port);
  assert_true(sio_client_write(fd, request, sizeof request - 1));
  assert_true(was_asked(1));
  close(fd);
  peal_http_stats stats = {.connections_open = 1};
  for (int i = 0; i < 10000 && stats.connections_open; i++) {
    usleep(1000);
    peal_http_server_stats(peal_server_http(it.server), &stats);
  }
  assert_int_equal(peal_worker_post(asked_on, allow, NULL), PEAL_OK);
  assert_true(may(&it, foreign));
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(devices_and_native_clients_may_connect),
      cmocka_unit_test(a_page_behind_a_trusted_proxy_is_at_home),
      cmocka_unit_test(clients_of_a_proxy_are_counted_by_their_own_address),
      cmocka_unit_test(the_log_names_a_refused_origin_and_the_option),
      cmocka_unit_test(a_program_may_name_its_own_option),
      cmocka_unit_test(a_function_may_decide_about_origins),
      cmocka_unit_test(it_is_asked_once_for_a_session),
      cmocka_unit_test(who_leaves_while_it_thinks_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
