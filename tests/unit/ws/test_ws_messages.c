/* SPDX-License-Identifier: MIT */
/* What comes goes back, whole and in order; every end is told, once. */
#include "ws_fixture.h"

static ws_fixture it;

static int set_up(void **state) {
  (void)state;
  peal_ws_opts opts = ws_echo_opts();
  opts.max_message_bytes = 3000000;
  ws_run(&it, 1, &opts);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  ws_stop(&it);
  return 0;
}

static void texts_and_binaries_of_every_length_form_go_back(void **state) {
  (void)state;
  const size_t sizes[] = {0,     1,     124,   125,   126,    127,
                          65535, 65536, 70000, 65537, 2500000};
  int fd = ws_open(&it);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char *data = malloc(sizes[i] + 1);
    assert_non_null(data);
    memset(data, 'a' + (int)i, sizes[i]);
    ws_put(fd, i & 1 ? WS_TEXT : WS_BINARY, data, sizes[i]);
    ws_expect_frame(fd, i & 1 ? WS_TEXT : WS_BINARY, data, sizes[i]);
    free(data);
  }
  close(fd);
  ws_await_open(&it, 0);
  peal_ws_stats stats = ws_stats(&it);
  assert_int_equal(stats.total, 1);
  assert_int_equal(stats.messages_in, sizeof sizes / sizeof *sizes);
  assert_int_equal(stats.messages_out, stats.messages_in);
  assert_int_equal(stats.bytes_in, stats.bytes_out);
  trace_expect("open\nclose 1006  PEAL_ERR_CLOSED\n");
}

static void many_in_one_segment_keep_their_order(void **state) {
  (void)state;
  int fd = ws_open(&it);
  static char all[1000 * 20];
  size_t len = 0;
  char text[16];
  for (int i = 0; i < 1000; i++) {
    snprintf(text, sizeof text, "%d", i);
    len += ws_encode(all + len, WS_TEXT, text, strlen(text));
  }
  net_send(fd, all, len);
  for (int i = 0; i < 1000; i++) {
    snprintf(text, sizeof text, "%d", i);
    ws_expect(fd, text);
  }
  close(fd);
  ws_await_open(&it, 0);
}

static void fragments_are_put_together_and_pings_answered(void **state) {
  (void)state;
  int fd = ws_open(&it);
  ws_put(fd, 0x01, "one ", 4);
  ws_put(fd, WS_PING, "between", 7);
  ws_put(fd, 0x00, "", 0);
  ws_put(fd, 0x80, "two", 3);
  ws_put(fd, WS_PONG, "nobody asked", 12);
  ws_expect_frame(fd, WS_PONG, "between", 7);
  ws_expect(fd, "one two");
  close(fd);
  ws_await_open(&it, 0);
}

static void frames_behind_the_head_are_not_lost(void **state) {
  (void)state;
  char bytes[64];
  int fd = net_connect(it.http.port);
  char head[512];
  snprintf(head, sizeof head,
           "GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  size_t len = strlen(head);
  size_t frame = ws_encode(bytes, WS_TEXT, "early", 5);
  memcpy(head + len, bytes, frame);
  net_send(fd, head, len + frame);
  http_answer answer = {0};
  assert_true(http_read_head(fd, &answer));
  ws_expect(fd, "early");
  ws_say_close(fd, 1000, "");
  ws_expect_close(fd, 1000, "");
  assert_true(net_closed(fd, 10000));
  close(fd);
  ws_await_open(&it, 0);
}

/* In one segment: a message, and what ends the connection. */
static void what_was_heard_before_the_end_is_answered(void **state) {
  (void)state;
  char bytes[64];
  size_t len = ws_encode(bytes, WS_TEXT, "last words", 10);
  size_t both = len + ws_encode(bytes + len, WS_CLOSE, "\x03\xe8", 2);
  int fd = ws_open(&it);
  net_send(fd, bytes, both);
  ws_expect(fd, "last words");
  ws_expect_close(fd, 1000, "");
  assert_true(net_closed(fd, 10000));
  close(fd);

  both = len + ws_encode(bytes + len, 0xc1, "reserved", 8);
  fd = ws_open(&it);
  net_send(fd, bytes, both);
  ws_expect(fd, "last words");
  ws_expect_close(fd, 1002, "");
  close(fd);

  fd = ws_open(&it);
  net_send(fd, bytes, len);
  shutdown(fd, SHUT_WR);
  ws_expect(fd, "last words");
  assert_true(net_closed(fd, 10000));
  close(fd);
  ws_await_open(&it, 0);
}

static void how_it_ended_is_told(void **state) {
  (void)state;
  static const char bad[] = {'a', (char)0xff};
  int fd = ws_open(&it);
  ws_say_close(fd, 4321, "bye");
  ws_expect_close(fd, 4321, "");
  assert_true(net_closed(fd, 10000));
  close(fd);
  trace_expect("open\nclose 4321 bye PEAL_OK\n");

  fd = ws_open(&it);
  ws_put(fd, WS_CLOSE, "", 0);
  ws_expect_close(fd, 0, "");
  close(fd);
  trace_expect("open\nclose 1005  PEAL_OK\n");

  fd = ws_open(&it);
  ws_put(fd, WS_TEXT, bad, 2);
  ws_expect_close(fd, 1007, "");
  close(fd);
  trace_expect("open\nclose 1006  PEAL_ERR_UTF8\n");

  fd = ws_open(&it);
  static const char huge[14] = {(char)0x82, (char)0xff, 0, 0, 0, 1};
  net_send(fd, huge, sizeof huge);
  ws_expect_close(fd, 1009, "");
  close(fd);
  trace_expect("open\nclose 1006  PEAL_ERR_WS_TOO_BIG\n");

  fd = ws_open(&it);
  const struct linger hard = {.l_onoff = 1};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(fd);
  trace_await("close 1006");
  assert_int_equal(ws_stats(&it).errors_peer, 2);
}

static void a_stop_tells_each_peer_1001(void **state) {
  (void)state;
  int fd = ws_open(&it);
  int silent = ws_open(&it);
  ws_text(fd, "x");
  ws_expect(fd, "x");
  trace_await("open\nopen");
  trace_clear();
  peal_workers_stop(it.http.net.workers, 4000);
  ws_expect_close(fd, 1001, "server shutting down");
  ws_say_close(fd, 1001, "");
  trace_await("close 1001  PEAL_OK");
  assert_true(net_closed(fd, 10000));
  close(fd);
  /* Who says nothing is cut off when the grace is over. */
  trace_await("close 1006  PEAL_ERR_CANCELLED");
  close(silent);
}

int main(void) {
#define EACH(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      EACH(texts_and_binaries_of_every_length_form_go_back),
      EACH(many_in_one_segment_keep_their_order),
      EACH(fragments_are_put_together_and_pings_answered),
      EACH(frames_behind_the_head_are_not_lost),
      EACH(what_was_heard_before_the_end_is_answered),
      EACH(how_it_ended_is_told),
      EACH(a_stop_tells_each_peer_1001),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
