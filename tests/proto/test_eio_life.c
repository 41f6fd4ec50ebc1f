/* SPDX-License-Identifier: MIT */
/* eio_life: a server's session over a WebSocket whose line is slow, played in
 * virtual time: what is sent waits in a line that passes so many bytes a
 * second, the client answers a ping when it has come through it; what the
 * client sends comes at its own pace through a ws_conn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/eio_life.h"
#include "proto/eio_out.h"
#include "proto/proto_limits.h"
#include "proto/ws_conn.h"

#define STEP_MS 50u
#define INTERVAL_MS 1000u
#define TIMEOUT_MS 1000u
#define BIG 2000000u

typedef struct line {
  peal_eio_session session;
  peal_eio_session_opts opts;
  peal_arena arena;
  peal_ws_conn_opts ws_opts;
  peal_ws_conn *ws;
  uint64_t now, came_at;
  peal_eio_life life;
  uint64_t sent, down; /* bytes that were written, and that have come through */
  uint64_t down_rate;  /* bytes a second */
  uint64_t ahead;      /* its kernel has so much that it has not read */
  uint64_t ping_ends;  /* where in `sent` the last ping ends; 0: none */
  uint32_t wraps_at;   /* what was sent on this connection before */
  unsigned pings, closes;
  peal_eio_reason reason;
} line;

static void settle(line *l) {
  peal_eio_event event;
  while (peal_eio_session_next(&l->session, &l->arena, l->now, &event)) {
    if (event.type != PEAL_EIO_EVENT_CLOSE)
      continue;
    l->closes++;
    l->reason = (peal_eio_reason)event.reason;
  }
}

static void begin(line *l) {
  *l = (line){.opts = {.ping_interval_ms = INTERVAL_MS,
                       .ping_timeout_ms = TIMEOUT_MS,
                       .max_payload_bytes = 4 * BIG},
              .now = 1000,
              .down_rate = UINT32_MAX};
  peal_arena_init(&l->arena, NULL, 0, 0);
  l->ws_opts.max_message_bytes = 4 * BIG;
  l->ws = peal_ws_conn_new(&l->ws_opts, NULL, (peal_slice){0});
  assert_non_null(l->ws);
  assert_int_equal(peal_eio_session_init(&l->session, &l->opts,
                                         "01234567890123456789",
                                         PEAL_EIO_WEBSOCKET, l->now),
                   PEAL_OK);
}

static void end(line *l) {
  peal_eio_session_deinit(&l->session);
  peal_ws_conn_free(l->ws);
  peal_arena_deinit(&l->arena);
}

static void send_bytes(line *l, size_t len) {
  char *text = malloc(len);
  assert_non_null(text);
  memset(text, 'x', len);
  peal_message *message =
      peal_message_new((peal_slice){text, len}, NULL, 0, NULL);
  assert_non_null(message);
  assert_int_equal(
      peal_eio_session_send(&l->session, &(peal_eio_item){.message = message}),
      PEAL_OK);
  peal_message_unref(message);
  free(text);
}

/* Everything that waits goes into the line, in its order. */
static void write_out(line *l) {
  peal_eio_out out;
  peal_eio_cursor cursor = {0};
  while (peal_eio_out_peek(&l->session, PEAL_EIO_WEBSOCKET, &cursor, &out)) {
    l->sent += 1 + out.data.len;
    if (out.type == PEAL_EIO_PING) {
      l->pings++;
      l->ping_ends = l->sent;
    }
    peal_eio_out_pop(&l->session, PEAL_EIO_WEBSOCKET, l->now);
    settle(l);
    cursor = (peal_eio_cursor){0};
  }
}

static void feed(line *l, const char *packet) {
  peal_err err = peal_eio_session_feed_frame(&l->session, false,
                                             peal_slice_of(packet), l->now);
  assert_true(!err || err == PEAL_ERR_CLOSED);
  settle(l);
}

/* A client that is busy sending answers behind its message. */
static void take_in(line *l) {
  uint64_t step = l->down_rate * STEP_MS / 1000, left = l->sent - l->down;
  l->down += step < left ? step : left;
  if (l->ping_ends && l->down >= l->ping_ends &&
      !peal_ws_conn_is_receiving(l->ws)) {
    l->ping_ends = 0;
    feed(l, "3");
  }
}

static void look_at_clock(line *l) {
  if (l->closes || l->now < peal_eio_session_deadline(&l->session))
    return;
  uint64_t taken = l->down + l->ahead < l->sent ? l->down + l->ahead : l->sent;
  peal_eio_life_signs signs = {.taken = l->wraps_at + (uint32_t)taken,
                               .is_behind = taken < l->sent,
                               .is_sending = peal_ws_conn_is_receiving(l->ws),
                               .came_at_ms = l->came_at};
  peal_eio_life_tick(&l->life, &l->session, &signs, l->now);
  settle(l);
}

static void step(line *l) {
  l->now += STEP_MS;
  write_out(l);
  take_in(l);
  look_at_clock(l);
}

static void pass(line *l, uint64_t ms) {
  for (uint64_t end = l->now + ms; l->now < end && !l->closes;)
    step(l);
}

/* `len` bytes of a frame that begins with `head`. */
static void come(line *l, const char *head, size_t head_len, size_t len) {
  char bytes[4096];
  peal_ws_event event;
  assert_true(head_len + len <= sizeof bytes);
  memcpy(bytes, head, head_len);
  memset(bytes + head_len, 'x', len);
  peal_ws_conn_feed(l->ws, bytes, head_len + len, l->now);
  while (peal_ws_conn_next(l->ws, &event))
    assert_int_equal(event.type, PEAL_WS_EVENT_MESSAGE);
  l->came_at = l->now;
}

/* Masked with zeros: the head of a text of 1 MiB. */
#define HEAD "\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0"
#define MESSAGE (1u << 20)

/* -- what the server sends ------------------------------------------------- */

/* 13 s for what is sent in one, with a ping behind it. */
static void who_takes_a_large_message_slowly_lives(void **state) {
  (void)state;
  line l;
  begin(&l);
  l.down_rate = 150000;
  send_bytes(&l, BIG);
  pass(&l, 14000);
  assert_int_equal(l.closes, 0);
  assert_int_equal(l.down, l.sent);
  assert_true(l.pings >= 1);
  pass(&l, 5 * INTERVAL_MS); /* and with nothing in flight */
  assert_int_equal(l.closes, 0);
  assert_true(l.pings >= 5);
  end(&l);
}

/* The count of what was taken wraps in the middle. */
static void a_connection_of_four_gigabytes_lives_on(void **state) {
  (void)state;
  line l;
  begin(&l);
  l.down_rate = 150000;
  l.wraps_at = UINT32_MAX - BIG / 2;
  send_bytes(&l, BIG);
  pass(&l, 20000);
  assert_int_equal(l.closes, 0);
  end(&l);
}

/* Whatever is asked when: its kernel has all, it reads the rest. */
static void who_has_just_come_to_the_end_lives(void **state) {
  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    line l;
    begin(&l);
    l.down_rate = 150000;
    l.ahead = 100000;
    send_bytes(&l, 900000 + i * 10000);
    pass(&l, 20000);
    assert_int_equal(l.closes, 0);
    end(&l);
  }
}

/* Events trickle, its kernel takes them, and nobody reads. */
static void a_client_that_hangs_is_gone_though_its_kernel_takes(void **state) {
  (void)state;
  line l;
  begin(&l);
  l.ahead = UINT32_MAX;
  l.down_rate = 0;
  while (!l.closes && l.now < 60000) {
    send_bytes(&l, 1000);
    step(&l);
  }
  assert_int_equal(l.closes, 1);
  assert_true(l.now <= 1000 + INTERVAL_MS + TIMEOUT_MS + 2 * STEP_MS);
  end(&l);
}

static void who_stops_taking_is_gone_in_time(void **state) {
  (void)state;
  line l;
  begin(&l);
  l.down_rate = 150000;
  send_bytes(&l, BIG);
  pass(&l, 6000);
  assert_int_equal(l.closes, 0);
  uint64_t stopped = l.now;
  l.down_rate = 0;
  pass(&l, 60000);
  assert_int_equal(l.closes, 1);
  assert_int_equal(l.reason, PEAL_EIO_PING_TIMEOUT);
  assert_true(l.now - stopped <= 2 * TIMEOUT_MS + STEP_MS);
  end(&l);
}

static void who_takes_a_few_bytes_now_and_then_is_gone(void **state) {
  (void)state;
  for (int enough = 0; enough < 2; enough++) {
    line l;
    begin(&l);
    l.down_rate = PEAL_LIMIT_TAKE_PACE + (enough ? 20u : 0u);
    l.down_rate -= enough ? 0 : 20;
    send_bytes(&l, 100000);
    pass(&l, 30000);
    assert_int_equal(l.closes, enough ? 0 : 1);
    end(&l);
  }
}

static void who_has_everything_and_says_nothing_is_gone(void **state) {
  (void)state;
  line l;
  begin(&l);
  send_bytes(&l, BIG);
  step(&l);
  assert_int_equal(l.down, l.sent);
  while (!l.closes && l.now < 60000) {
    l.now += STEP_MS;
    write_out(&l);
    l.down = l.sent; /* taken by the kernel, and no pong */
    look_at_clock(&l);
  }
  assert_int_equal(l.closes, 1);
  assert_int_equal(l.reason, PEAL_EIO_PING_TIMEOUT);
  assert_in_range(l.now, 1000 + INTERVAL_MS + TIMEOUT_MS,
                  1000 + INTERVAL_MS + TIMEOUT_MS + 2 * STEP_MS);
  end(&l);
}

/* -- what the client sends ------------------------------------------------- */

/* 17 s at 60 kB/s, its pong behind it. */
static void who_sends_a_large_message_slowly_lives(void **state) {
  (void)state;
  line l;
  begin(&l);
  come(&l, HEAD, sizeof HEAD - 1, 0);
  for (size_t left = MESSAGE; left && !l.closes;) {
    size_t len = left < 3000 ? left : 3000;
    come(&l, "", 0, len);
    left -= len;
    step(&l);
  }
  assert_int_equal(l.closes, 0);
  assert_true(l.now > 15000);
  assert_int_equal(l.pings, 1);
  assert_false(peal_ws_conn_is_receiving(l.ws));
  pass(&l, 5 * INTERVAL_MS);
  assert_int_equal(l.closes, 0);
  end(&l);
}

static void who_stops_in_the_middle_is_gone_in_time(void **state) {
  (void)state;
  line l;
  begin(&l);
  come(&l, HEAD, sizeof HEAD - 1, 0);
  for (int i = 0; i < 100; i++) {
    come(&l, "", 0, 3000);
    step(&l);
  }
  assert_int_equal(l.closes, 0);
  uint64_t stopped = l.now;
  pass(&l, 60000);
  assert_int_equal(l.closes, 1);
  assert_int_equal(l.reason, PEAL_EIO_PING_TIMEOUT);
  assert_true(l.now - stopped <= 2 * TIMEOUT_MS + STEP_MS);
  end(&l);
}

/* Version 3: its own ping, owed each second, is behind the message. */
static void who_owes_a_ping_behind_a_slow_message_lives(void **state) {
  (void)state;
  for (int stops = 0; stops < 2; stops++) {
    line l;
    begin(&l);
    peal_eio_session_speak_eio3(&l.session);
    come(&l, HEAD, sizeof HEAD - 1, 0);
    for (size_t left = MESSAGE; left && !l.closes;) {
      size_t len = left < 3000 ? left : 3000;
      come(&l, "", 0, len);
      left -= len;
      if (stops && left < MESSAGE / 2)
        break;
      step(&l);
    }
    assert_int_equal(l.closes, 0);
    assert_true(l.now > 8000);
    assert_int_equal(l.pings, 0);
    uint64_t came = l.now;
    if (!stops) {
      feed(&l, "2");
      pass(&l, INTERVAL_MS + TIMEOUT_MS - STEP_MS);
      assert_int_equal(l.closes, 0);
    }
    pass(&l, 60000);
    assert_int_equal(l.closes, 1);
    assert_int_equal(l.reason, PEAL_EIO_PING_TIMEOUT);
    assert_in_range(l.now - came, TIMEOUT_MS - STEP_MS,
                    2 * TIMEOUT_MS + STEP_MS);
    end(&l);
  }
}

/* Both at once, each direction behind what it has to carry. */
static void slow_in_both_directions_lives(void **state) {
  (void)state;
  line l;
  begin(&l);
  l.down_rate = 100000;
  send_bytes(&l, BIG);
  come(&l, HEAD, sizeof HEAD - 1, 0);
  for (size_t left = MESSAGE; left && !l.closes;) {
    size_t len = left < 2000 ? left : 2000;
    come(&l, "", 0, len);
    left -= len;
    step(&l);
  }
  pass(&l, 5 * INTERVAL_MS);
  assert_int_equal(l.closes, 0);
  end(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_takes_a_large_message_slowly_lives),
      cmocka_unit_test(a_connection_of_four_gigabytes_lives_on),
      cmocka_unit_test(who_has_just_come_to_the_end_lives),
      cmocka_unit_test(a_client_that_hangs_is_gone_though_its_kernel_takes),
      cmocka_unit_test(who_stops_taking_is_gone_in_time),
      cmocka_unit_test(who_takes_a_few_bytes_now_and_then_is_gone),
      cmocka_unit_test(who_has_everything_and_says_nothing_is_gone),
      cmocka_unit_test(who_sends_a_large_message_slowly_lives),
      cmocka_unit_test(who_stops_in_the_middle_is_gone_in_time),
      cmocka_unit_test(who_owes_a_ping_behind_a_slow_message_lives),
      cmocka_unit_test(slow_in_both_directions_lives),
  };
  return cmocka_run_group_tests_name("eio_life", tests, NULL, NULL);
}
