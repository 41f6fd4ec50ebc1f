/* SPDX-License-Identifier: MIT */
/* Who becomes a connection, and what the others are told. */
#include "ws_fixture.h"

static ws_fixture it;
static peal_ws_ask *asked;
static atomic_int asks;

/* By path: later, no, yes, twice. */
static void on_allow(peal_http_req *req, peal_ws_ask *ask, void *user) {
  (void)user;
  peal_slice query = peal_http_req_query(req);
  if (peal_slice_is(query, "no")) {
    peal_http_answer_header(req, "WWW-Authenticate", PEAL_S("Basic"));
    peal_ws_refuse(ask, 401, "who are you?");
    peal_ws_accept(ask, NULL); /* too late */
  } else if (peal_slice_is(query, "odd")) {
    peal_ws_refuse(ask, 200, NULL);
  } else if (peal_slice_is(query, "later")) {
    asked = ask;
    atomic_fetch_add(&asks, 1);
  } else {
    peal_http_answer_header(req, "Set-Cookie", PEAL_S("a=b"));
    peal_ws_accept(ask, peal_slice_is(query, "old") ? "chat.v1" : NULL);
    peal_ws_refuse(ask, 400, "too late");
  }
}

static void on_open(peal_ws *ws, void *user) {
  (void)user;
  peal_http_req *req = peal_ws_req(ws);
  peal_slice name = {0};
  assert_non_null(req);
  (void)peal_http_req_param(req, "name", &name);
  trace_add("open %.*s name=%.*s ua=%.*s protocol=%s",
            PEAL_SFMT(peal_http_req_path(req)), PEAL_SFMT(name),
            PEAL_SFMT(peal_http_req_header(req, "user-agent")),
            peal_ws_protocol(ws));
}

static void on_message(peal_ws *ws, peal_slice data, bool is_binary,
                       void *user) {
  (void)user;
  trace_add("request %s", peal_ws_req(ws) ? "kept" : "gone");
  (void)peal_ws_send(ws, data, is_binary);
}

static void start(const char *path, peal_ws_opts opts) {
  atomic_store(&asks, 0);
  opts.on_open = on_open;
  opts.on_message = on_message;
  opts.on_close = ws_on_close;
  it = ws_make(1, NULL, path, &opts);
  assert_non_null(it.endpoint);
}

static void expect_refusal(const char *request, unsigned status,
                           const char *body) {
  int fd = net_connect(it.http.port);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, status);
  assert_string_equal(answer.body, body);
  if (status == 426) {
    assert_string_equal(http_header(&answer, "upgrade"), "websocket");
    assert_string_equal(http_header(&answer, "sec-websocket-version"), "13");
  }
  http_answer_free(&answer);
  assert_true(net_closed(fd, 10000));
  close(fd);
}

#define UP "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void what_is_no_handshake_is_told_what_would_do(void **state) {
  (void)state;
  start("/live", (peal_ws_opts){0});
  http_run(&it.http);
  expect_refusal("GET /live HTTP/1.1\r\nHost: a\r\n\r\n", 426,
                 "a WebSocket is spoken here");
  expect_refusal("GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                 "Upgrade: h2c\r\n\r\n",
                 426, "a WebSocket is spoken here");
  expect_refusal("GET /live HTTP/1.1\r\n" UP KEY "\r\n", 426,
                 "Sec-WebSocket-Version must be 13");
  expect_refusal("GET /live HTTP/1.1\r\n" UP KEY
                 "Sec-WebSocket-Version: 8\r\n\r\n",
                 426, "Sec-WebSocket-Version must be 13");
  expect_refusal("GET /live HTTP/1.1\r\n" UP V13 "\r\n", 400,
                 "missing or invalid Sec-WebSocket-Key");
  expect_refusal("POST /live HTTP/1.1\r\n" UP V13 KEY "\r\n", 400,
                 "missing or invalid Sec-WebSocket-Key");
  trace_expect("");
  ws_stop(&it);
}

/* RFC9110 7.8: a list of what the client speaks, the most wanted first. */
static void one_may_offer_more_than_a_websocket(void **state) {
  (void)state;
  http_answer answer = {0};
  start("/live", (peal_ws_opts){0});
  http_run(&it.http);
  int fd = net_connect(it.http.port);
  net_send_str(fd, "GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                   "Upgrade: h2c, WebSocket\r\n" V13 KEY "\r\n");
  assert_true(http_read_head(fd, &answer));
  assert_int_equal(answer.status, 101);
  close(fd);
  ws_stop(&it);
}

static void a_path_has_itself_or_all_below(void **state) {
  (void)state;
  http_answer answer;
  start("/live", (peal_ws_opts){0});
  http_run(&it.http);
  close(ws_dial(&it, "/live?x", "", &answer));
  assert_int_equal(answer.status, 101);
  close(ws_dial(&it, "/lively", "", &answer));
  assert_int_equal(answer.status, 404);
  close(ws_dial(&it, "/live/x", "", &answer));
  assert_int_equal(answer.status, 404);
  ws_stop(&it);
  start("/live/", (peal_ws_opts){0});
  http_run(&it.http);
  close(ws_dial(&it, "/live/x", "", &answer));
  assert_int_equal(answer.status, 101);
  close(ws_dial(&it, "/live", "", &answer));
  assert_int_equal(answer.status, 404);
  ws_stop(&it);
}

static void a_page_of_another_origin_is_refused(void **state) {
  (void)state;
  http_answer answer;
  start("/live", (peal_ws_opts){.cors.origins = "https://app.example"});
  http_run(&it.http);
  close(ws_dial(&it, "/live", "Origin: https://evil.example\r\n", &answer));
  assert_int_equal(answer.status, 403);
  close(ws_dial(&it, "/live", "Origin: https://app.example\r\n", &answer));
  assert_int_equal(answer.status, 101);
  close(ws_dial(&it, "/live", "Origin: http://a\r\n", &answer));
  assert_int_equal(answer.status, 101);
  ws_stop(&it);
}

static void the_request_is_there_in_on_open(void **state) {
  (void)state;
  http_answer answer;
  start("/live", (peal_ws_opts){0});
  http_run(&it.http);
  int fd = ws_dial(&it, "/live?name=a%20b", "User-Agent: me\r\n", &answer);
  ws_text(fd, "x");
  ws_expect(fd, "x");
  close(fd);
  trace_await("open /live name=a b ua=me protocol=\nrequest gone");
  ws_stop(&it);
  /* Also for a message that comes right behind the head. */
  start("/live", (peal_ws_opts){0});
  http_run(&it.http);
  char both[512] = "GET /live HTTP/1.1\r\n" UP V13 KEY "\r\n";
  size_t len = strlen(both);
  fd = net_connect(it.http.port);
  net_send(fd, both, len + ws_encode(both + len, WS_TEXT, "x", 1));
  trace_await("open /live name= ua= protocol=\nrequest gone");
  close(fd);
  ws_stop(&it);
  start("/live", (peal_ws_opts){.keep_request = true});
  http_run(&it.http);
  fd = ws_dial(&it, "/live?name=c", "", &answer);
  ws_text(fd, "x");
  ws_expect(fd, "x");
  trace_await("request kept");
  close(fd);
  ws_stop(&it);
}

static void expect_protocol(const char *fields, const char *chosen) {
  http_answer answer;
  int fd = ws_dial(&it, "/live", fields, &answer);
  const char *got = http_header(&answer, "sec-websocket-protocol");
  assert_int_equal(answer.status, 101);
  assert_string_equal(got ? got : "", chosen);
  close(fd);
}

static void the_endpoint_s_order_chooses_the_subprotocol(void **state) {
  (void)state;
  start("/live", (peal_ws_opts){.protocols = "chat.v2, chat.v1 json"});
  http_run(&it.http);
  expect_protocol("", "");
  expect_protocol("Sec-WebSocket-Protocol: json\r\n", "json");
  expect_protocol("Sec-WebSocket-Protocol: json,chat.v1 , chat.v2\r\n",
                  "chat.v2");
  expect_protocol("Sec-WebSocket-Protocol: x\r\n"
                  "Sec-WebSocket-Protocol: chat.v1\r\n",
                  "chat.v1");
  expect_protocol("Sec-WebSocket-Protocol: chat, CHAT.V1, chat.v22\r\n", "");
  trace_await("protocol=chat.v1");
  ws_stop(&it);
  start("/live",
        (peal_ws_opts){.protocols = "chat.v2,chat.v1", .allow = on_allow});
  http_run(&it.http);
  http_answer answer;
  close(ws_dial(&it, "/live?old",
                "Sec-WebSocket-Protocol: chat.v2, chat.v1\r\n", &answer));
  assert_string_equal(http_header(&answer, "sec-websocket-protocol"),
                      "chat.v1");
  close(ws_dial(&it, "/live?old", "Sec-WebSocket-Protocol: chat.v2\r\n",
                &answer));
  assert_null(http_header(&answer, "sec-websocket-protocol"));
  ws_stop(&it);
}

static void allow_says_yes_or_no(void **state) {
  (void)state;
  start("/live", (peal_ws_opts){.allow = on_allow});
  http_run(&it.http);
  int fd = net_connect(it.http.port);
  ws_ask(fd, "/live?no", "");
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 401);
  assert_string_equal(answer.body, "who are you?");
  assert_string_equal(http_header(&answer, "www-authenticate"), "Basic");
  http_answer_free(&answer);
  close(fd);
  close(ws_dial(&it, "/live?odd", "", &answer));
  assert_int_equal(answer.status, 403);
  fd = ws_dial(&it, "/live", "", &answer);
  assert_int_equal(answer.status, 101);
  assert_string_equal(http_header(&answer, "set-cookie"), "a=b");
  ws_text(fd, "x");
  ws_expect(fd, "x");
  close(fd);
  ws_stop(&it);
}

static void accept_asked(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_ws_accept(asked, NULL);
  peal_ws_refuse(asked, 403, NULL); /* changes nothing */
}

static void post(peal_post_fn fn) {
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.http.net.workers, 0), fn, NULL),
      PEAL_OK);
}

static void allow_may_answer_later(void **state) {
  (void)state;
  start("/live", (peal_ws_opts){.allow = on_allow});
  http_run(&it.http);
  int fd = net_connect(it.http.port);
  ws_ask(fd, "/live?later", "");
  assert_true(net_wait(&asks, 1));
  ws_text(fd, "early"); /* waits */
  post(accept_asked);
  http_answer answer = {0};
  assert_true(http_read_head(fd, &answer));
  assert_int_equal(answer.status, 101);
  ws_expect(fd, "early");
  post(accept_asked); /* again */
  ws_text(fd, "late");
  ws_expect(fd, "late");
  close(fd);
  ws_await_open(&it, 0);
  ws_stop(&it);
}

static void the_client_may_leave_meanwhile(void **state) {
  (void)state;
  start("/live", (peal_ws_opts){.allow = on_allow});
  http_run(&it.http);
  int fd = net_connect(it.http.port);
  ws_ask(fd, "/live?later", "");
  assert_true(net_wait(&asks, 1));
  close(fd);
  peal_http_stats stats;
  do {
    usleep(1000);
    peal_http_server_stats(it.http.server, &stats);
  } while (stats.connections_open);
  post(accept_asked);
  /* One that is never answered goes with the server. */
  fd = net_connect(it.http.port);
  ws_ask(fd, "/live?later", "");
  assert_true(net_wait(&asks, 2));
  close(fd);
  trace_expect("");
  ws_stop(&it);
}

static void on_route(peal_http_req *req, void *user) {
  (void)user;
  if (peal_slice_is(peal_http_req_path(req), "/plain"))
    peal_http_answer(req, 200, "text/plain", PEAL_S("plain"));
  peal_ws_upgrade(it.endpoint, req); /* nothing, if it is answered */
}

static void a_handler_may_hand_its_request_over(void **state) {
  (void)state;
  http_answer answer;
  start(NULL, (peal_ws_opts){0});
  assert_int_equal(
      peal_http_server_mount(it.http.server,
                             &(peal_http_mount){.path = "/up",
                                                .on_request = http_on_path,
                                                .on_upgrade = on_route}),
      PEAL_OK);
  http_mount(&it.http, "/any", on_route, NULL);
  http_mount(&it.http, "/plain", on_route, NULL);
  http_run(&it.http);
  int fd = ws_dial(&it, "/up/7", "", &answer);
  assert_int_equal(answer.status, 101);
  ws_text(fd, "x");
  ws_expect(fd, "x");
  close(fd);
  fd = ws_dial(&it, "/any", "", &answer);
  assert_int_equal(answer.status, 101);
  close(fd);
  http_expect(it.http.port, HTTP_GET("/any"), 426, NULL);
  http_expect(it.http.port, HTTP_GET("/up"), 200, "/up");
  http_expect(it.http.port, HTTP_GET("/plain"), 200, "plain");
  ws_await_open(&it, 0);
  ws_stop(&it);
}

static void an_endpoint_that_cannot_be_is_none(void **state) {
  (void)state;
  start("/live", (peal_ws_opts){0});
  assert_null(peal_ws_on(it.http.server, "/live", NULL));
  assert_null(peal_ws_on(it.http.server, "live", NULL));
  assert_null(peal_ws_on(it.http.server, "", NULL));
  assert_null(peal_ws_on(it.http.server, "/x",
                         &(peal_ws_opts){.protocols = "a,b c,d@e"}));
  assert_null(peal_ws_on(
      it.http.server, "/y",
      &(peal_ws_opts){.cors = {.origins = "*", .credentials = true}}));
  assert_null(peal_ws_on(it.http.server, "/z",
                         &(peal_ws_opts){.cors = {.reserved = {1}}}));
  assert_null(peal_ws_on(NULL, "/live", NULL));
  assert_non_null(peal_ws_on(it.http.server, "/other", NULL));
  http_run(&it.http);
  http_expect(it.http.port, HTTP_GET("/other"), 426, NULL);
  assert_null(peal_ws_on(it.http.server, "/late", NULL));
  ws_stop(&it);
}

static void a_server_that_never_ran_is_freed(void **state) {
  (void)state;
  peal_ws_opts opts = ws_echo_opts();
  ws_fixture never = ws_make(3, NULL, "/live", &opts);
  assert_int_equal(peal_ws_group_send(never.endpoint, PEAL_S("g"),
                                      PEAL_S("nobody hears it"), false),
                   PEAL_OK);
  peal_http_server_free(never.http.server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_no_handshake_is_told_what_would_do),
      cmocka_unit_test(one_may_offer_more_than_a_websocket),
      cmocka_unit_test(a_path_has_itself_or_all_below),
      cmocka_unit_test(a_page_of_another_origin_is_refused),
      cmocka_unit_test(the_request_is_there_in_on_open),
      cmocka_unit_test(the_endpoint_s_order_chooses_the_subprotocol),
      cmocka_unit_test(allow_says_yes_or_no),
      cmocka_unit_test(allow_may_answer_later),
      cmocka_unit_test(the_client_may_leave_meanwhile),
      cmocka_unit_test(a_handler_may_hand_its_request_over),
      cmocka_unit_test(an_endpoint_that_cannot_be_is_none),
      cmocka_unit_test(a_server_that_never_ran_is_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
