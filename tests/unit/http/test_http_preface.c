/* SPDX-License-Identifier: MIT */
/* Connections that begin with a header of the PROXY protocol. */
#include "http_fixture.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4(a, b, c, d)                                                         \
  SIGNATURE "\x21\x11\0\x0c" a b c d "\x7f\0\0\x01\x12\x67\x01\xbb"

static const char header[] = V4("\xcb", "\0", "\x71", "\x07");
#define HEADER_LEN (sizeof(header) - 1)

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  char text[256];
  int len = snprintf(text, sizeof(text), "%.*s %u %.*s",
                     PEAL_SFMT(peal_http_req_peer(req)),
                     (unsigned)peal_http_req_peer_port(req),
                     PEAL_SFMT(peal_http_req_address(req)));
  peal_http_answer(req, 200, "text/plain", (peal_slice){text, (size_t)len});
}

static peal_http_server_opts behind(const char *proxies) {
  peal_http_server_opts opts = http_opts();
  opts.proxies = proxies;
  opts.proxy_protocol = true;
  return opts;
}

/* In the caller's frame: the fixture must not move. */
static void make(http_fixture *it, const peal_http_server_opts *opts) {
  *it = http_make(opts);
  http_mount(it, "/", on_request, NULL);
  http_run(it);
}

static uint64_t wait_for(peal_http_server *server, bool timeouts) {
  peal_http_stats stats;
  for (int i = 0; i < 10000; i++) {
    peal_http_server_stats(server, &stats);
    if (timeouts ? stats.timeouts : stats.requests_bad)
      break;
    uv_sleep(1);
  }
  return timeouts ? stats.timeouts : stats.requests_bad;
}

static void the_header_says_whose_connection_it_is(void **state) {
  (void)state;
  http_fixture it;
  const peal_http_server_opts opts = behind("loopback");
  make(&it, &opts);
  int fd = net_connect(it.port);
  net_send(fd, header, HEADER_LEN);
  net_send_str(fd, HTTP_GET("/") HTTP_GET("/"));
  http_expect_on(fd, 200, "203.0.113.7 4711 203.0.113.7");
  http_expect_on(fd, 200, "203.0.113.7 4711 203.0.113.7");
  close(fd);
  http_stop(&it);
}

static void it_may_come_in_any_pieces(void **state) {
  (void)state;
  http_fixture it;
  const peal_http_server_opts opts = behind("loopback");
  const char request[] = HTTP_GET("/");
  char all[HEADER_LEN + sizeof(request) - 1];
  memcpy(all, header, HEADER_LEN);
  memcpy(all + HEADER_LEN, request, sizeof(request) - 1);
  make(&it, &opts);
  for (size_t cut = 1; cut < sizeof(all); cut++) {
    int fd = net_connect(it.port);
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    net_send(fd, all, cut);
    uv_sleep(1);
    net_send(fd, all + cut, sizeof(all) - cut);
    http_expect_on(fd, 200, "203.0.113.7 4711 203.0.113.7");
    close(fd);
  }
  int fd = net_connect(it.port);
  for (size_t i = 0; i < sizeof(all); i++) {
    net_send(fd, all + i, 1);
    uv_sleep(1);
  }
  http_expect_on(fd, 200, "203.0.113.7 4711 203.0.113.7");
  close(fd);
  http_stop(&it);
}

static void the_proxy_itself_keeps_its_address(void **state) {
  (void)state;
  static const char local[] = SIGNATURE "\x20\0\0\0" HTTP_GET("/");
  http_fixture it;
  const peal_http_server_opts opts = behind("loopback");
  make(&it, &opts);
  int fd = net_connect(it.port);
  net_send(fd, local, sizeof(local) - 1);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_int_equal(strncmp(answer.body, "127.0.0.1 ", 10), 0);
  http_answer_free(&answer);
  close(fd);
  http_stop(&it);
}

/* Whom it names may be a proxy in turn, that says more in the request. */
static void the_chain_goes_on_in_the_request(void **state) {
  (void)state;
  static const char chain[] =
      V4("\x0a", "\x01", "\x02", "\x03") "GET / HTTP/1.1\r\nHost: a\r\n"
                                         "X-Forwarded-For: 1.2.3.4\r\n\r\n";
  http_fixture it;
  const peal_http_server_opts opts = behind("loopback private");
  make(&it, &opts);
  int fd = net_connect(it.port);
  net_send(fd, chain, sizeof(chain) - 1);
  http_expect_on(fd, 200, "10.1.2.3 4711 1.2.3.4");
  close(fd);
  http_stop(&it);
}

static void a_proxy_without_a_header_is_closed(void **state) {
  (void)state;
  static const char *const others[] = {
      HTTP_GET("/"), "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" HTTP_GET("/"), "x"};
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    http_fixture it;
    const peal_http_server_opts opts = behind("loopback");
    make(&it, &opts);
    int fd = net_connect(it.port);
    net_send_str(fd, others[i]);
    assert_true(net_closed(fd, 30000));
    close(fd);
    assert_int_equal(wait_for(it.server, false), 1);
    http_stop(&it);
  }
}

static void a_header_that_is_too_long_is_refused_unread(void **state) {
  (void)state;
  static const char longest[] = SIGNATURE "\x21\0\xff\xff";
  http_fixture it;
  const peal_http_server_opts opts = behind("loopback");
  make(&it, &opts);
  int fd = net_connect(it.port);
  net_send(fd, longest, sizeof(longest) - 1);
  assert_true(net_closed(fd, 30000));
  close(fd);
  http_stop(&it);
}

static void a_header_has_the_time_of_a_head(void **state) {
  (void)state;
  http_fixture it;
  peal_http_server_opts opts = behind("loopback");
  opts.head_timeout_ms = 50;
  make(&it, &opts);
  int silent = net_connect(it.port), half = net_connect(it.port);
  net_send(half, header, 20);
  assert_true(net_closed(silent, 30000));
  assert_true(net_closed(half, 30000));
  assert_true(wait_for(it.server, true) >= 1);
  close(silent);
  close(half);
  http_stop(&it);
}

/* Whether headers are known or not: who is not in the list sends none. */
static void others_speak_http_and_with_a_header_are_refused(void **state) {
  (void)state;
  for (int known = 0; known < 2; known++) {
    http_fixture it;
    peal_http_server_opts opts = behind("10.0.0.0/8 unix");
    opts.proxy_protocol = known != 0;
    make(&it, &opts);
    int fd = net_connect(it.port);
    net_send_str(fd, HTTP_GET("/"));
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.status, 200);
    assert_int_equal(strncmp(answer.body, "127.0.0.1 ", 10), 0);
    http_answer_free(&answer);
    close(fd);
    fd = net_connect(it.port);
    net_send(fd, header, HEADER_LEN);
    http_expect_on(fd, 400, NULL);
    assert_true(net_closed(fd, 30000));
    close(fd);
    http_stop(&it);
  }
}

static void those_it_names_are_counted(void **state) {
  (void)state;
  http_fixture it;
  peal_http_server_opts opts = behind("loopback");
  opts.max_connections_per_address = 1;
  static const char other[] = V4("\xcb", "\0", "\x71", "\x08");
  make(&it, &opts);
  int first = net_connect(it.port), second = net_connect(it.port),
      third = net_connect(it.port);
  net_send(first, header, HEADER_LEN);
  net_send_str(first, HTTP_GET("/"));
  http_expect_on(first, 200, NULL);
  net_send(second, header, HEADER_LEN);
  net_send_str(second, HTTP_GET("/"));
  http_expect_on(second, 503, NULL);
  net_send(third, other, sizeof(other) - 1);
  net_send_str(third, HTTP_GET("/"));
  http_expect_on(third, 200, "203.0.113.8 4711 203.0.113.8");
  close(first);
  close(second);
  close(third);
  http_stop(&it);
}

static void a_stop_does_not_wait_for_headers(void **state) {
  (void)state;
  http_fixture it;
  peal_http_server_opts opts = behind("loopback");
  opts.head_timeout_ms = 600000;
  make(&it, &opts);
  int fd = net_connect(it.port);
  net_send(fd, header, 20);
  peal_http_stats stats = {0};
  for (int i = 0; i < 10000 && !stats.connections_open; i++) {
    uv_sleep(1);
    peal_http_server_stats(it.server, &stats);
  }
  http_stop(&it);
  assert_true(net_closed(fd, 30000));
  close(fd);
}

/* Nothing fits into what may be held: it is closed and nothing stays. */
static void without_memory_the_connection_is_closed(void **state) {
  (void)state;
  http_fixture it;
  peal_http_server_opts opts = behind("loopback");
  opts.max_held_bytes = 1;
  make(&it, &opts);
  int fd = net_connect(it.port);
  net_send(fd, header, HEADER_LEN);
  assert_true(net_closed(fd, 30000));
  close(fd);
  http_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_header_says_whose_connection_it_is),
      cmocka_unit_test(it_may_come_in_any_pieces),
      cmocka_unit_test(the_proxy_itself_keeps_its_address),
      cmocka_unit_test(the_chain_goes_on_in_the_request),
      cmocka_unit_test(a_proxy_without_a_header_is_closed),
      cmocka_unit_test(a_header_that_is_too_long_is_refused_unread),
      cmocka_unit_test(a_header_has_the_time_of_a_head),
      cmocka_unit_test(others_speak_http_and_with_a_header_are_refused),
      cmocka_unit_test(those_it_names_are_counted),
      cmocka_unit_test(a_stop_does_not_wait_for_headers),
      cmocka_unit_test(without_memory_the_connection_is_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
