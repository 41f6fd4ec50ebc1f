/* SPDX-License-Identifier: MIT */
/* What stands in front of the sessions (<peal/engine_use.h>). */
#include <peal/engine_use.h>

#include "server_fixture.h"

/* -- what was refused --------------------------------------------------------------- */

static void on_error(const peal_connection_error *error, void *user) {
  (void)user;
  assert_non_null(error->req);
  trace_add("%u %s|%s|%s|%.*s|%.*s|%.*s|%u|%s", error->code, error->message,
            error->text, error->name, PEAL_SFMT(error->transport),
            PEAL_SFMT(error->sid), PEAL_SFMT(error->method), error->protocol,
            error->is_websocket ? "ws" : "http");
}

static void deny(peal_http_req *req, peal_allow *allow, void *user) {
  peal_slice value;
  (void)user;
  if (peal_http_req_param(req, "deny", &value))
    peal_allow_refuse(allow, "go away");
  else
    peal_allow_accept(allow);
}

#define WS_FIELDS                                                              \
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static unsigned ask(unsigned port, const char *method, const char *query,
                    const char *fields) {
  char target[256];
  unsigned status = 0;
  snprintf(target, sizeof target, "/socket.io/?%s", query);
  free(sio_client_http(port, method, target, fields, NULL, &status));
  return status;
}

static void every_code_is_told_with_what_it_is_about(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.allow_request = deny;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_server_on_connection_error(it.server, on_error, NULL),
                   PEAL_OK);
  server_run(&it);
  assert_int_equal(ask(it.port, "GET", "EIO=4&transport=abc", NULL), 400);
  trace_expect("0 Transport unknown|||abc||GET|4|http\n");
  assert_int_equal(ask(it.port, "GET", "EIO=4", NULL), 400);
  trace_expect("0 Transport unknown|||||GET|4|http\n");
  assert_int_equal(ask(it.port, "GET", "EIO=4&transport=polling&sid=x", NULL),
                   400);
  trace_expect("1 Session ID unknown|||polling|x|GET|4|http\n");
  assert_int_equal(ask(it.port, "PUT", "EIO=4&transport=polling", NULL), 400);
  trace_expect("2 Bad handshake method|||polling||PUT|4|http\n");
  assert_int_equal(ask(it.port, "GET", "EIO=4&transport=websocket", NULL), 400);
  trace_expect("3 Bad request||TRANSPORT_HANDSHAKE_ERROR|websocket||GET|4|"
               "http\n");
  assert_int_equal(ask(it.port, "GET", "EIO=4&transport=polling", WS_FIELDS),
                   400);
  trace_expect("3 Bad request||TRANSPORT_HANDSHAKE_ERROR|polling||GET|4|ws\n");
  assert_int_equal(ask(it.port, "GET", "EIO=4&transport=polling&deny=1", NULL),
                   403);
  trace_expect("4 Forbidden|go away||polling||GET|4|http\n");
  assert_int_equal(
      ask(it.port, "GET", "EIO=4&transport=websocket&deny=1", WS_FIELDS), 400);
  trace_expect("4 Forbidden|go away||websocket||GET|4|ws\n");
  assert_int_equal(ask(it.port, "GET", "EIO=abc&transport=polling", NULL), 400);
  trace_expect("5 Unsupported protocol version|||polling||GET|3|http\n");
  assert_int_equal(ask(it.port, "GET", "EIO=5&transport=polling", NULL), 400);
  trace_expect("5 Unsupported protocol version|||polling||GET|5|http\n");
  assert_int_equal(ask(it.port, "GET", "EIO=4&transport=polling",
                       "Origin: http://elsewhere.example\r\n"),
                   403);
  trace_expect("4 Forbidden|origin not allowed||polling||GET|4|http\n");
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_POLLING));
  char query[128];
  snprintf(query, sizeof query, "EIO=4&transport=websocket&sid=%s", client.sid);
  assert_int_equal(ask(it.port, "GET", query, NULL), 400);
  char expected[256];
  snprintf(expected, sizeof expected,
           "3 Bad request||TRANSPORT_MISMATCH|websocket|%s|GET|4|http\n",
           client.sid);
  trace_expect(expected);
  sio_client_close(&client);
  server_stop(&it);
}

/* -- in front of every request -------------------------------------------------------- */

static void pass(peal_http_req *req, peal_engine_next *next, void *user) {
  peal_slice sid = {0};
  bool has_sid = peal_http_req_param(req, "sid", &sid);
  trace_add("%s %.*s%s", (const char *)user,
            PEAL_SFMT(peal_http_req_method(req)), has_sid ? " sid" : "");
  assert_int_equal(peal_http_answer_header(req, "X-Seen", PEAL_S("yes")),
                   PEAL_OK);
  peal_engine_next_ok(next);
  peal_engine_next_ok(next); /* nothing */
  peal_engine_next_refuse(next, 0, NULL);
}

static char first[] = "first", second[] = "second";

static void every_request_passes_all_of_them_in_order(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_server_use(it.server, pass, first), PEAL_OK);
  assert_int_equal(peal_server_use(it.server, pass, second), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_POLLING));
  assert_non_null(strstr(client.head, "X-Seen: yes\r\n"));
  trace_expect("first GET\nsecond GET\n");
  assert_true(sio_client_send(&client, "40"));
  trace_expect("first POST sid\nsecond POST sid\n");
  assert_true(sio_client_next(&client, 5000) != NULL);
  trace_expect("first GET sid\nsecond GET sid\n");
  assert_true(sio_client_upgrade(&client));
  trace_clear();
  sio_client_close(&client);
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_non_null(strstr(client.head, "X-Seen: yes\r\n"));
  trace_expect("first GET\nsecond GET\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void refuse(peal_http_req *req, peal_engine_next *next, void *user) {
  peal_slice value;
  (void)user;
  if (peal_http_req_param(req, "no", &value))
    peal_engine_next_refuse(next, 0, NULL);
  else if (peal_http_req_param(req, "words", &value))
    peal_engine_next_refuse(next, 401, "who are you?");
  else
    peal_engine_next_ok(next);
  peal_engine_next_ok(next); /* nothing */
}

static char *body_of(unsigned port, const char *query, const char *fields,
                     unsigned *status) {
  char target[256];
  snprintf(target, sizeof target, "/socket.io/?EIO=4&%s", query);
  return sio_client_http(port, "GET", target, fields, NULL, status);
}

static void assert_answer(unsigned port, const char *query, const char *fields,
                          unsigned status, const char *body) {
  unsigned got = 0;
  char *text = body_of(port, query, fields, &got);
  assert_int_equal(got, status);
  assert_non_null(text);
  assert_string_equal(text, body);
  free(text);
}

static void one_may_refuse_with_a_status_and_words(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_server_on_connection_error(it.server, on_error, NULL),
                   PEAL_OK);
  assert_int_equal(peal_server_use(it.server, refuse, NULL), PEAL_OK);
  assert_int_equal(peal_server_use(it.server, pass, second), PEAL_OK);
  server_run(&it);
  assert_answer(it.port, "transport=polling&no=1", NULL, 400,
                "{\"code\":3,\"message\":\"Bad request\"}");
  trace_expect("3 Bad request||MIDDLEWARE_FAILURE|polling||GET|4|http\n");
  assert_answer(it.port, "transport=polling&words=1", NULL, 401,
                "{\"code\":3,\"message\":\"who are you?\"}");
  trace_expect("3 Bad request|who are you?|MIDDLEWARE_FAILURE|polling||GET|4|"
               "http\n");
  assert_answer(it.port, "transport=websocket&words=1", WS_FIELDS, 401,
                "who are you?");
  trace_expect("3 Bad request|who are you?|MIDDLEWARE_FAILURE|websocket||GET|"
               "4|ws\n");
  /* A session that there is stays. */
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_POLLING));
  char query[128];
  snprintf(query, sizeof query, "transport=polling&sid=%s&words=1", client.sid);
  assert_answer(it.port, query, NULL, 401,
                "{\"code\":3,\"message\":\"who are you?\"}");
  assert_true(sio_client_join(&client, "/", NULL));
  sio_client_close(&client);
  server_stop(&it);
}

/* -- later ------------------------------------------------------------------------------ */

static struct {
  peal_engine_next *next;
  peal_worker *worker;
} asked;

static void ask_later(peal_http_req *req, peal_engine_next *next, void *user) {
  (void)user;
  asked.next = next;
  asked.worker = peal_worker_self();
  trace_add("asked %.*s", PEAL_SFMT(peal_http_req_method(req)));
}

static void say_ok(peal_worker *worker, void *user) {
  (void)worker;
  peal_engine_next_ok(user);
  peal_engine_next_refuse(user, 0, NULL); /* nothing */
  trace_add("answered");
}

static void *answer_all(void *user) {
  const int *count = user;
  for (int i = 0; i < *count; i++) {
    while (!trace_has("asked"))
      usleep(1000);
    trace_clear();
    if (peal_worker_post(asked.worker, say_ok, asked.next))
      return NULL;
    while (!trace_has("answered"))
      usleep(1000);
  }
  return user;
}

static void an_answer_may_come_later(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_server_use(it.server, ask_later, NULL), PEAL_OK);
  server_run(&it);
  int count = 4; /* handshake, POST, GET; the WebSocket */
  pthread_t thread;
  void *result;
  assert_int_equal(pthread_create(&thread, NULL, answer_all, &count), 0);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_POLLING));
  assert_true(sio_client_send(&client, "40"));
  assert_true(sio_client_next(&client, 5000) != NULL);
  sio_client other;
  assert_true(sio_client_open(&other, it.port, SIO_WEBSOCKET));
  pthread_join(thread, &result);
  assert_ptr_equal(result, &count);
  sio_client_close(&client);
  sio_client_close(&other);
  server_stop(&it);
}

static void one_that_has_gone_meanwhile_is_only_forgotten(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_server_use(it.server, ask_later, NULL), PEAL_OK);
  assert_int_equal(peal_server_use(it.server, pass, second), PEAL_OK);
  server_run(&it);
  for (int i = 0; i < 2; i++) {
    const char *head = i ? "GET /socket.io/?EIO=4&transport=websocket "
                           "HTTP/1.1\r\nHost: x\r\n" WS_FIELDS "\r\n"
                         : "GET /socket.io/?EIO=4&transport=polling "
                           "HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = sio_client_dial(it.port);
    assert_true(sio_client_write(fd, head, strlen(head)));
    trace_expect("asked GET\n");
    close(fd);
    peal_http_stats http;
    for (int k = 0; k < 5000; k++) {
      peal_http_server_stats(peal_server_http(it.server), &http);
      if (!http.connections_open)
        break;
      usleep(1000);
    }
    assert_int_equal(peal_worker_post(asked.worker, say_ok, asked.next),
                     PEAL_OK);
    trace_await("answered\n");
    trace_clear();
  }
  assert_true(server_has_clients(&it, 0));
  server_stop(&it);
}

static void wrong_use_is_said(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_server_use(NULL, pass, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_server_use(it.server, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_server_on_connection_error(NULL, on_error, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_server_on_connection_error(it.server, NULL, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_engine_server_use(NULL, pass, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_engine_server_on_connection_error(NULL, on_error, NULL),
                   PEAL_ERR_USAGE);
  peal_engine_next_ok(NULL);
  peal_engine_next_refuse(NULL, 0, NULL);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_int_equal(peal_server_use(it.server, pass, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_server_on_connection_error(it.server, on_error, NULL),
                   PEAL_ERR_USAGE);
  sio_client_close(&client);
  server_stop(&it);
}

/* -- raw servers ------------------------------------------------------------------------- */

static void *raw_main(void *user) {
  return peal_engine_server_run(user) == 0 ? user : NULL;
}

static void raw_servers_have_both(void **state) {
  (void)state;
  peal_engine_server *server =
      peal_engine_server_new(&(peal_engine_server_opts){
          .host = "127.0.0.1",
          .port = PEAL_PORT_ANY,
          .log = {.fn = server_quiet, .level = PEAL_LOG_DEBUG}});
  assert_non_null(server);
  trace_clear();
  assert_int_equal(peal_engine_server_use(server, refuse, NULL), PEAL_OK);
  assert_int_equal(
      peal_engine_server_on_connection_error(server, on_error, NULL), PEAL_OK);
  unsigned port = peal_http_server_port(peal_engine_server_http(server));
  pthread_t thread;
  void *result;
  assert_int_equal(pthread_create(&thread, NULL, raw_main, server), 0);
  unsigned status = 0;
  free(sio_client_http(port, "GET",
                       "/engine.io/?EIO=4&transport=polling&words=1", NULL,
                       NULL, &status));
  assert_int_equal(status, 401);
  trace_expect("3 Bad request|who are you?|MIDDLEWARE_FAILURE|polling||GET|4|"
               "http\n");
  free(sio_client_http(port, "GET", "/engine.io/?EIO=4&transport=polling", NULL,
                       NULL, &status));
  assert_int_equal(status, 200);
  peal_workers_stop(peal_engine_server_workers(server), 200);
  pthread_join(thread, &result);
  assert_ptr_equal(result, server);
  peal_engine_server_free(server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_is_told_with_what_it_is_about),
      cmocka_unit_test(every_request_passes_all_of_them_in_order),
      cmocka_unit_test(one_may_refuse_with_a_status_and_words),
      cmocka_unit_test(an_answer_may_come_later),
      cmocka_unit_test(one_that_has_gone_meanwhile_is_only_forgotten),
      cmocka_unit_test(wrong_use_is_said),
      cmocka_unit_test(raw_servers_have_both),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
