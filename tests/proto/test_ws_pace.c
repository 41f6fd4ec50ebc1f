/* SPDX-License-Identifier: MIT */
/* ws_conn: how long a message or a frame may take to come. */
#include "proto/proto_limits.h"
#include "ws_side.h"

#define WINDOW ((uint64_t)PEAL_LIMIT_WS_MESSAGE_MS)
#define WINDOW_BYTES (PEAL_LIMIT_WS_MESSAGE_PACE * WINDOW / 1000)
/* Masked with zeros: the head of a text of 65536 bytes, and of a first fragment
 * of as many. */
#define BIG "\x81\xff\0\0\0\0\0\1\0\0\0\0\0\0"
#define FIRST "\1\xff\0\0\0\0\0\1\0\0\0\0\0\0"
#define PING "\x89\x80\0\0\0\0"
#define PONG "\x8a\x80\0\0\0\0"

/* The peer is told why: 1008. */
#define SLOW_CLOSE "\x88\x02\x03\xf0"

static void bring(side *s, const char *data, size_t len, uint64_t now_ms) {
  char *copy = malloc(len);
  assert_non_null(copy);
  memcpy(copy, data, len);
  assert_int_equal(feed_at(s, copy, len, now_ms), PEAL_OK);
  free(copy);
}

#define BRING(side, literal, now_ms)                                           \
  bring(side, literal, sizeof(literal) - 1, now_ms)

/* As an owner does: tick when the deadline has come. */
static void pass(side *s, uint64_t now_ms) {
  while (peal_ws_conn_deadline(s->conn) <= now_ms)
    tick(s, peal_ws_conn_deadline(s->conn));
}

static void expect_slow(side *s) {
  assert_int_equal(s->closes, 1);
  assert_int_equal(s->err, PEAL_ERR_TIMEOUT);
  assert_int_equal(s->code, 1006);
  assert_int_equal(s->messages, 0);
  assert_false(peal_ws_conn_is_receiving(s->conn));
  EXPECT_OUT(s, SLOW_CLOSE);
  assert_true(peal_ws_conn_is_done(s->conn));
  assert_true(peal_ws_conn_deadline(s->conn) == NEVER);
  peal_ws_conn_free(s->conn);
}

static void expect_alive(side *s) {
  assert_int_equal(s->closes, 0);
  peal_ws_conn_free(s->conn);
}

/* -- what is too slow -------------------------------------------------------- */

static void a_message_that_stops_is_given_up(void **state) {
  (void)state;
  char body[40000];
  side s;
  open_side(&s, false);
  memset(body, 'x', sizeof(body));
  BRING(&s, BIG, 100);
  bring(&s, body, sizeof(body), 100);
  assert_int_equal(peal_ws_conn_deadline(s.conn), 100 + WINDOW);
  tick(&s, 100 + WINDOW - 1);
  assert_int_equal(s.closes, 0);
  tick(&s, 100 + WINDOW);
  expect_slow(&s);
}

static void a_message_that_trickles_is_given_up(void **state) {
  (void)state;
  char body[40000];
  side s;
  open_side(&s, false);
  memset(body, 'x', sizeof(body));
  BRING(&s, BIG, 0);
  bring(&s, body, sizeof(body), 0);
  uint64_t now = 500;
  for (; !s.closes && now < 10 * WINDOW; now += 500) {
    BRING(&s, "x", now);
    pass(&s, now + 499);
  }
  /* What came at once pays for the first window only. */
  assert_in_range(now, WINDOW, 2 * WINDOW + 1000);
  expect_slow(&s);
}

static void a_byte_less_than_the_pace_is_too_slow(void **state) {
  (void)state;
  char body[WINDOW_BYTES];
  for (size_t missing = 0; missing < 2; missing++) {
    side s;
    open_side(&s, false);
    memset(body, 'x', sizeof(body));
    BRING(&s, BIG, 0);
    bring(&s, body, sizeof(body) - missing - 1, WINDOW / 2);
    BRING(&s, "x", WINDOW - 1);
    pass(&s, WINDOW);
    assert_int_equal(s.closes, missing);
    if (missing)
      expect_slow(&s);
    else
      expect_alive(&s);
  }
}

static void half_a_header_is_given_up(void **state) {
  (void)state;
  side s;
  for (size_t len = 1; len < sizeof(BIG) - 1; len++) {
    open_side(&s, false);
    for (size_t i = 0; i < len; i++)
      bring(&s, &BIG[i], 1, i);
    assert_int_equal(peal_ws_conn_deadline(s.conn), WINDOW);
    pass(&s, WINDOW);
    expect_slow(&s);
  }
}

static void half_a_control_frame_is_given_up(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  BRING(&s, "\x89\xfd\0\0\0\0", 0);
  for (uint64_t now = 1000; now < WINDOW; now += 1000)
    BRING(&s, "x", now);
  pass(&s, WINDOW);
  expect_slow(&s);
}

/* Control frames between fragments, and fragments without bytes, do not pay
 * for the message. */
static void only_bytes_of_the_message_count(void **state) {
  (void)state;

  static const struct {
    const char *ptr;
    size_t len;
  } frames[] = {{PONG, sizeof(PONG) - 1},
                {"\0\x80\0\0\0\0", 6},
                {"\x8a\xe4\0\0\0\0"
                 "1234567890123456789012345678901234567890"
                 "1234567890123456789012345678901234567890"
                 "12345678901234567890",
                 106}};

  for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
    side s;
    open_side(&s, false);
    BRING(&s, "\1\x81\0\0\0\0x", 0);
    for (uint64_t now = 100; now < WINDOW; now += 100)
      bring(&s, frames[i].ptr, frames[i].len, now);
    pass(&s, WINDOW);
    expect_slow(&s);
  }
}

static void a_client_has_the_same_patience(void **state) {
  (void)state;
  side s;
  open_side(&s, true);
  BRING(&s, "\x81\x05hel", 7);
  pass(&s, 7 + WINDOW);
  assert_int_equal(s.err, PEAL_ERR_TIMEOUT);
  peal_ws_conn_free(s.conn);
}

static void the_window_is_an_option(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  s.opts.message_ms = 1000;
  BRING(&s, "\x81\x85\0\0\0\0hel", 7);
  assert_int_equal(peal_ws_conn_deadline(s.conn), 1007);
  pass(&s, 1007);
  expect_slow(&s);
}

/* Our close frame waits for its time and no longer. */
static void a_slow_peer_that_does_not_read_is_given_up(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  BRING(&s, "\x81", 0);
  tick(&s, WINDOW);
  assert_int_equal(s.closes, 1);
  assert_false(peal_ws_conn_is_done(s.conn));
  assert_int_equal(peal_ws_conn_deadline(s.conn), WINDOW + 5000);
  tick(&s, WINDOW + 5000);
  assert_true(peal_ws_conn_is_done(s.conn));
  assert_int_equal(s.closes, 1);
  peal_ws_conn_free(s.conn);
}

/* -- what is not -------------------------------------------------------------- */

static void an_idle_connection_waits_for_nothing(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  assert_true(peal_ws_conn_deadline(s.conn) == NEVER);
  BRING(&s, "\x81\x82\0\0\0\0hi", 10);
  assert_true(peal_ws_conn_deadline(s.conn) == NEVER);
  BRING(&s, "\x81\x82\0\0\0\0h", 20);
  assert_int_equal(peal_ws_conn_deadline(s.conn), 20 + WINDOW);
  BRING(&s, "i", 30);
  assert_true(peal_ws_conn_deadline(s.conn) == NEVER);
  BRING(&s, "\x8a\x82\0\0\0\0h", 40);
  BRING(&s, "i", 50);
  assert_true(peal_ws_conn_deadline(s.conn) == NEVER);
  assert_false(peal_ws_conn_is_receiving(s.conn));
  tick(&s, 100 * WINDOW);
  assert_int_equal(s.messages, 2);
  expect_alive(&s);
}

static void a_slow_line_at_the_pace_is_heard(void **state) {
  (void)state;
  char body[PEAL_LIMIT_WS_MESSAGE_PACE];
  side s;
  open_side(&s, false);
  memset(body, 'x', sizeof(body));
  BRING(&s, BIG, 0);
  for (uint64_t i = 1; i <= 65536 / sizeof(body); i++) {
    bring(&s, body, sizeof(body), i * 999);
    pass(&s, (i + 1) * 999 - 1);
  }
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.len, 65536);
  expect_alive(&s);
}

static void fragments_may_pause_if_they_bring_enough(void **state) {
  (void)state;
  char body[65536];
  side s;
  open_side(&s, false);
  memset(body, 'x', sizeof(body));
  BRING(&s, FIRST, 0);
  bring(&s, body, sizeof(body), 0);
  for (uint64_t i = 1; i < 10; i++) {
    uint64_t now = i * (WINDOW - 1);
    pass(&s, now);
    BRING(&s, "\0\xfe\x10\0\0\0\0\0", now);
    bring(&s, body, 4095, now);
    BRING(&s, "x" PING, now);
  }
  BRING(&s, "\x80\x81\0\0\0\0x", 10 * (WINDOW - 1));
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.len, 65536 + 9 * 4096 + 1);
  expect_alive(&s);
}

static void a_small_message_may_take_its_time(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  BRING(&s, "\x81\x82\0\0\0\0h", 0);
  pass(&s, WINDOW - 1);
  BRING(&s, "i", WINDOW - 1);
  pass(&s, 10 * WINDOW);
  assert_int_equal(s.messages, 1);
  expect_alive(&s);
}

/* Each read ends in the middle of a message, but each message ends. */
static void small_messages_that_end_are_each_on_time(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  BRING(&s, "\x81\x82\0\0\0\0h", 0);
  for (uint64_t i = 1; i < 20; i++) {
    uint64_t now = i * WINDOW / 2;
    pass(&s, now);
    BRING(&s, "i\x81\x82\0\0\0\0h", now);
    assert_int_equal(peal_ws_conn_deadline(s.conn), now + WINDOW);
  }
  assert_int_equal(s.messages, 19);
  expect_alive(&s);
}

static void pings_in_pieces_are_each_on_time(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  BRING(&s, "\x8a\x81\0\0\0\0", 0);
  for (uint64_t i = 1; i < 20; i++) {
    pass(&s, i * WINDOW / 2);
    BRING(&s, "x\x8a\x81\0\0\0\0", i * WINDOW / 2);
  }
  expect_alive(&s);
}

static void a_close_begun_in_mid_message_has_its_own_time(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  BRING(&s, "\x81\x82\0\0\0\0h", 0);
  peal_ws_conn_close(s.conn, 1000, PEAL_S(""), WINDOW - 10);
  assert_int_equal(peal_ws_conn_deadline(s.conn), WINDOW - 10 + 5000);
  tick(&s, WINDOW);
  assert_int_equal(s.closes, 0);
  BRING(&s, "i\x88\x80\0\0\0\0", WINDOW + 10);
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.closes, 1);
  peal_ws_conn_free(s.conn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_message_that_stops_is_given_up),
      cmocka_unit_test(a_message_that_trickles_is_given_up),
      cmocka_unit_test(a_byte_less_than_the_pace_is_too_slow),
      cmocka_unit_test(half_a_header_is_given_up),
      cmocka_unit_test(half_a_control_frame_is_given_up),
      cmocka_unit_test(only_bytes_of_the_message_count),
      cmocka_unit_test(a_client_has_the_same_patience),
      cmocka_unit_test(the_window_is_an_option),
      cmocka_unit_test(a_slow_peer_that_does_not_read_is_given_up),
      cmocka_unit_test(an_idle_connection_waits_for_nothing),
      cmocka_unit_test(a_slow_line_at_the_pace_is_heard),
      cmocka_unit_test(fragments_may_pause_if_they_bring_enough),
      cmocka_unit_test(a_small_message_may_take_its_time),
      cmocka_unit_test(small_messages_that_end_are_each_on_time),
      cmocka_unit_test(pings_in_pieces_are_each_on_time),
      cmocka_unit_test(a_close_begun_in_mid_message_has_its_own_time),
  };
  return cmocka_run_group_tests_name("ws_pace", tests, NULL, NULL);
}
