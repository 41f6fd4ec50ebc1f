/* SPDX-License-Identifier: MIT */
#include <strings.h>

#include "http_fixture.h"

static http_fixture *start(void **state, const peal_http_server_opts *opts) {
  http_fixture *it = calloc(1, sizeof(*it));
  assert_non_null(it);
  *it = http_make(opts);
  http_mount(it, "/", http_on_path, NULL);
  *state = it;
  return it;
}

static int stop(void **state) {
  http_fixture *it = *state;
  http_stop(it);
  free(it);
  return 0;
}

static int set_up(void **state) {
  const peal_http_server_opts opts = http_opts();
  http_run(start(state, &opts));
  return 0;
}

static int set_up_hasty(void **state) {
  peal_http_server_opts opts = http_opts();
  opts.head_timeout_ms = 150;
  opts.body_timeout_ms = 150;
  opts.idle_timeout_ms = 150;
  opts.write_timeout_ms = 150;
  http_run(start(state, &opts));
  return 0;
}

static uint64_t now_ms(void) {
  return uv_hrtime() / 1000000;
}

/* -- keep-alive and order ---------------------------------------------------- */

static void a_connection_serves_many_requests(void **state) {
  http_fixture *it = *state;
  int fd = net_connect(it->port);
  for (int i = 0; i < 50; i++) {
    net_send_str(fd, HTTP_GET("/again"));
    http_expect_on(fd, 200, "/again");
  }
  close(fd);
  peal_http_stats stats;
  peal_http_server_stats(it->server, &stats);
  assert_int_equal(stats.connections_total, 1);
  assert_int_equal(stats.requests_total, 50);
}

static void the_answer_says_what_node_says(void **state) {
  http_fixture *it = *state;
  int fd = net_connect(it->port);
  net_send_str(fd, HTTP_GET("/x"));
  http_answer answer = http_read(fd, false);
  assert_int_equal(strncmp(answer.head, "HTTP/1.1 200 OK\r\n", 17), 0);
  assert_string_equal(http_header(&answer, "connection"), "keep-alive");
  assert_string_equal(http_header(&answer, "keep-alive"), "timeout=3");
  assert_string_equal(http_header(&answer, "content-length"), "2");
  assert_string_equal(http_header(&answer, "content-type"), "text/plain");
  const char *date = http_header(&answer, "date");
  assert_int_equal(strlen(date), 29);
  assert_string_equal(date + 25, " GMT");
  http_answer_free(&answer);
  close(fd);
}

static void close_is_honoured_and_http10_closes(void **state) {
  http_fixture *it = *state;
  static const char *const requests[] = {
      "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET /x HTTP/1.0\r\n\r\n"};
  for (size_t i = 0; i < 2; i++) {
    int fd = net_connect(it->port);
    net_send_str(fd, requests[i]);
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.status, 200);
    assert_string_equal(http_header(&answer, "connection"), "close");
    assert_true(net_closed(fd, 20000));
    http_answer_free(&answer);
    close(fd);
  }
  int fd = net_connect(it->port);
  for (int i = 0; i < 3; i++) {
    net_send_str(fd, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    http_answer answer = http_read(fd, false);
    assert_string_equal(http_header(&answer, "connection"), "keep-alive");
    http_answer_free(&answer);
  }
  close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state) {
  http_fixture *it = *state;
  static char all[200000];
  size_t len = 0;
  for (int i = 0; i < 2000; i++)
    len += (size_t)snprintf(all + len, sizeof(all) - len,
                            "GET /%04d HTTP/1.1\r\nHost: a\r\n\r\n", i);
  int fd = net_connect(it->port);
  net_send(fd, all, len);
  for (int i = 0; i < 2000; i++) {
    char expected[16];
    snprintf(expected, sizeof(expected), "/%04d", i);
    http_expect_on(fd, 200, expected);
  }
  close(fd);
}

static void a_head_may_come_byte_by_byte(void **state) {
  http_fixture *it = *state;
  const char *text = "\r\n" HTTP_GET("/slow") HTTP_GET("/next");
  int fd = net_connect(it->port);
  for (const char *p = text; *p; p++) {
    net_send(fd, p, 1);
    if ((p - text) % 8 == 0)
      uv_sleep(1);
  }
  http_expect_on(fd, 200, "/slow");
  http_expect_on(fd, 200, "/next");
  close(fd);
}

static void a_half_closed_client_gets_its_answers(void **state) {
  http_fixture *it = *state;
  int fd = net_connect(it->port);
  net_send_str(fd, HTTP_GET("/one") HTTP_GET("/two") HTTP_GET("/three"));
  shutdown(fd, SHUT_WR);
  http_expect_on(fd, 200, "/one");
  http_expect_on(fd, 200, "/two");
  http_expect_on(fd, 200, "/three");
  assert_true(net_closed(fd, 20000));
  close(fd);
}

/* -- refusals ------------------------------------------------------------------ */

static void expect_bad(unsigned port, const char *request, unsigned status) {
  int fd = net_connect(port);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  if (answer.status != status)
    print_message("for: %s\n", request);
  assert_int_equal(answer.status, status);
  assert_string_equal(http_header(&answer, "connection"), "close");
  assert_true(answer.whole);
  assert_true(net_closed(fd, 20000));
  http_answer_free(&answer);
  close(fd);
}

static void what_breaks_the_rules_gets_its_status_and_the_end(void **state) {
  http_fixture *it = *state;

  static const struct {
    unsigned status;
    const char *request;
  } cases[] = {
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, "GET /\n"},
      {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
            "Content-Length: 2\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"},
      {501, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"},
      {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
      {417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n"},
      {400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
  };

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    expect_bad(it->port, cases[i].request, cases[i].status);
  peal_http_stats stats;
  peal_http_server_stats(it->server, &stats);
  assert_int_equal(stats.requests_bad, sizeof(cases) / sizeof(cases[0]));
}

static void long_targets_and_heads_are_refused(void **state) {
  http_fixture *it = *state;
  static char text[40000];
  int len = snprintf(text, sizeof(text), "GET /");
  memset(text + len, 'a', 16384);
  snprintf(text + len + 16384, 100, " HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_bad(it->port, text, 414);
  len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
  memset(text + len, 'a', 33000);
  snprintf(text + len + 33000, 100, "\r\n\r\n");
  expect_bad(it->port, text, 431);
  len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 150; i++)
    len += snprintf(text + len, 20, "X-%d: y\r\n", i);
  snprintf(text + len, 20, "\r\n");
  expect_bad(it->port, text, 431);
}

/* RFC9112 11.2: nothing behind an error is a request. */
static void nothing_behind_a_refused_request_is_served(void **state) {
  http_fixture *it = *state;
  int fd = net_connect(it->port);
  char back[4096] = "";
  net_send_str(fd, "GET /first HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"
                   "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  net_read(fd, back, sizeof(back) - 1);
  assert_non_null(strstr(back, "400 Bad Request"));
  assert_null(strstr(back, "smuggled"));
  assert_null(strstr(back + 1, "HTTP/1.1"));
  close(fd);
}

/* -- time ------------------------------------------------------------------------ */

static void an_unfinished_head_times_out_with_408(void **state) {
  http_fixture *it = *state;
  int fd = net_connect(it->port);
  uint64_t began_ms = now_ms();
  net_send_str(fd, "GET / HTT");
  http_expect_on(fd, 408, NULL);
  assert_true(net_closed(fd, 20000));
  assert_in_range(now_ms() - began_ms, 140, 9000);
  close(fd);
  peal_http_stats stats;
  peal_http_server_stats(it->server, &stats);
  assert_int_equal(stats.timeouts, 1);
}

/* Progress does not help: the whole head has one deadline. */
static void a_trickling_head_times_out(void **state) {
  http_fixture *it = *state;
  int fd = net_connect(it->port);
  uint64_t began_ms = now_ms();
  for (int i = 0; i < 100 && !net_readable(fd, 10); i++)
    if (send(fd, "G", 1, MSG_NOSIGNAL) < 0)
      break;
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 408);
  assert_in_range(now_ms() - began_ms, 140, 9000);
  http_answer_free(&answer);
  close(fd);
}

static void an_idle_connection_is_closed_in_silence(void **state) {
  http_fixture *it = *state;
  char byte;
  int silent = net_connect(it->port), served = net_connect(it->port);
  net_send_str(served, HTTP_GET("/x"));
  http_expect_on(served, 200, "/x");
  uint64_t began_ms = now_ms();
  assert_true(net_readable(served, 20000));
  assert_int_equal(recv(served, &byte, 1, 0), 0);
  assert_int_equal(recv(silent, &byte, 1, 0), 0);
  assert_in_range(now_ms() - began_ms, 100, 4500);
  close(silent);
  close(served);
}

static void on_big(peal_http_req *req, void *user) {
  static char big[4u << 20];
  (void)user;
  peal_http_answer(req, 200, NULL, (peal_slice){big, sizeof(big)});
}

static int set_up_big(void **state) {
  peal_http_server_opts opts = http_opts();
  opts.write_timeout_ms = 200;
  http_fixture *it = start(state, &opts);
  http_mount(it, "/big", on_big, NULL);
  http_run(it);
  return 0;
}

static int connect_small(unsigned port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int small = 32768;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  return fd;
}

static void who_does_not_read_is_cut(void **state) {
  http_fixture *it = *state;
  int fd = connect_small(it->port);
  net_send_str(fd, HTTP_GET("/big"));
  peal_http_stats stats = {0};
  for (int i = 0; i < 3000 && stats.timeouts == 0; i++) {
    uv_sleep(1);
    peal_http_server_stats(it->server, &stats);
  }
  assert_int_equal(stats.timeouts, 1);
  uv_sleep(20);
  peal_http_server_stats(it->server, &stats);
  assert_int_equal(stats.connections_open, 0);
  close(fd);
}

static void who_reads_slowly_is_served(void **state) {
  http_fixture *it = *state;
  int fd = connect_small(it->port);
  net_send_str(fd, HTTP_GET("/big"));
  static char back[1u << 20];
  size_t total = 0;
  for (int i = 0; i < 8; i++) {
    uv_sleep(50);
    total += net_read(fd, back, sizeof(back) / 4);
  }
  while (total < (4u << 20)) {
    size_t got = net_read(fd, back, sizeof(back) / 8);
    if (!got)
      break;
    total += got;
  }
  assert_true(total >= 4u << 20);
  close(fd);
}

#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, stop)
#define HASTY_TEST(name)                                                       \
  cmocka_unit_test_setup_teardown(name, set_up_hasty, stop)
#define BIG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_big, stop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CONN_TEST(a_connection_serves_many_requests),
      CONN_TEST(the_answer_says_what_node_says),
      CONN_TEST(close_is_honoured_and_http10_closes),
      CONN_TEST(pipelined_requests_are_answered_in_order),
      CONN_TEST(a_head_may_come_byte_by_byte),
      CONN_TEST(a_half_closed_client_gets_its_answers),
      CONN_TEST(what_breaks_the_rules_gets_its_status_and_the_end),
      CONN_TEST(long_targets_and_heads_are_refused),
      CONN_TEST(nothing_behind_a_refused_request_is_served),
      HASTY_TEST(an_unfinished_head_times_out_with_408),
      HASTY_TEST(a_trickling_head_times_out),
      HASTY_TEST(an_idle_connection_is_closed_in_silence),
      BIG_TEST(who_does_not_read_is_cut),
      BIG_TEST(who_reads_slowly_is_served),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
