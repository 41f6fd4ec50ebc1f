/* SPDX-License-Identifier: MIT */
/* The client for small devices, in virtual time, against a server that says
 * what the test has written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/device.h>

#include "wire/ws_frame.h"

#define ACCEPTED                                                               \
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"                 \
  "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
#define HELLO                                                                  \
  "0{\"sid\":\"abc\",\"upgrades\":[],\"pingInterval\":1000,"                   \
  "\"pingTimeout\":500,\"maxPayload\":1000}"

static _Alignas(16) char memory[32768];
static peal_device *device;
static uint64_t now;
static char said[8192]; /* by the device: frames, unmasked, one in a line */
static bool got_request;

static uint32_t dice(void *user) {
  (void)user;
  static uint32_t state = 1;
  return state = state * 1664525 + 1013904223;
}

static peal_err begin_in(size_t bytes, const peal_device_opts *more) {
  peal_device_opts opts = more ? *more : (peal_device_opts){0};
  opts.host = "board.test";
  opts.random = dice;
  now = 1000;
  said[0] = '\0';
  got_request = false;
  return peal_device_new(&device, memory, bytes, &opts, now);
}

static void begin(const peal_device_opts *opts) {
  assert_int_equal(begin_in(sizeof memory, opts), PEAL_OK);
}

static void assert_next(peal_device_event_type type, peal_device_event *event) {
  assert_true(peal_device_next(device, now, event));
  assert_int_equal(event->type, type);
}

static void assert_nothing(void) {
  peal_device_event event;
  if (peal_device_next(device, now, &event))
    fail_msg("an event of type %d", (int)event.type);
}

/* What the device has written, frame by frame, into `said`. */
static void hear_frames(char *bytes, size_t len) {
  while (len) {
    peal_ws_frame frame;
    size_t used;
    assert_int_equal(
        peal_ws_frame_decode(&frame, (peal_slice){bytes, len}, &used), PEAL_OK);
    assert_true(frame.masked);
    char *body = bytes + used;
    peal_ws_frame_mask(body, body, (size_t)frame.len, frame.mask, 0);
    size_t at = strlen(said);
    (void)snprintf(said + at, sizeof said - at, "%s%.*s\n",
                   frame.opcode == PEAL_WS_CLOSE    ? "close "
                   : frame.opcode == PEAL_WS_BINARY ? "bytes "
                                                    : "",
                   (int)(frame.opcode == PEAL_WS_CLOSE ? 0 : frame.len), body);
    bytes = body + frame.len;
    len -= used + (size_t)frame.len;
  }
}

/* A few bytes at a time, as a slow line takes them. */
static void hear(void) {
  static char bytes[8192];
  size_t len = 0;
  for (;;) {
    peal_slice out = peal_device_pull(device, now);
    if (!out.len)
      break;
    size_t some = out.len < 7 ? out.len : 7;
    assert_true(len + some < sizeof bytes);
    memcpy(bytes + len, out.ptr, some);
    len += some;
    peal_device_sent(device, some, now);
  }
  if (!got_request && len) {
    got_request = true;
    assert_memory_equal(bytes, "GET /socket.io/?EIO=4&transport=websocket HTTP",
                        46);
    assert_non_null(strstr(bytes, "Host: board.test\r\n"));
  } else {
    hear_frames(bytes, len);
  }
}

static size_t frame_of(char *out, const char *text) {
  peal_ws_frame frame = {
      .len = strlen(text), .opcode = PEAL_WS_TEXT, .fin = true};
  size_t len = peal_ws_frame_encode(out, &frame);
  memcpy(out + len, text, frame.len);
  return len + (size_t)frame.len;
}

static void say(const char *text) {
  static char bytes[8192];
  size_t len = frame_of(bytes, text);
  peal_device_feed(device, bytes, len, now);
}

static void open_line(void) {
  peal_device_event event;
  static char head[] = ACCEPTED;
  assert_next(PEAL_DEVICE_DIAL, &event);
  assert_nothing();
  got_request = false;
  peal_device_opened(device, now);
  assert_nothing();
  hear();
  peal_device_feed(device, head, sizeof head - 1, now);
  assert_nothing();
  say(HELLO);
  assert_nothing();
}

static void join(void) {
  peal_device_event event;
  open_line();
  hear();
  say("40{\"sid\":\"S1\"}");
  assert_next(PEAL_DEVICE_CONNECTED, &event);
  assert_nothing();
  assert_true(peal_slice_is(peal_device_id(device), "S1"));
}

static void it_joins_emits_answers_and_is_answered(void **state) {
  (void)state;
  peal_device_event event;
  begin(&(peal_device_opts){.nsp = "/m",
                            .auth = PEAL_OBJECT({"k", peal_int(1)})});
  open_line();
  hear();
  assert_string_equal(said, "40/m,{\"k\":1}\n");
  say("40/m,{\"sid\":\"S1\"}");
  assert_next(PEAL_DEVICE_CONNECTED, &event);
  said[0] = '\0';
  assert_int_equal(
      peal_device_emit(device, "level", PEAL_ARGS(peal_double(0.5)), now),
      PEAL_OK);
  assert_int_equal(
      peal_device_emit_ack(device, "save", PEAL_NO_ARGS, 100, said, now),
      PEAL_OK);
  say("42/m,7[\"set\",{\"x\":[1,2]}]");
  assert_next(PEAL_DEVICE_EVENT, &event);
  assert_true(peal_slice_is(event.name, "set") && event.wants_ack);
  assert_int_equal(peal_val_get(event.args.items[0], "x").len, 2);
  assert_int_equal(peal_device_ack(device, PEAL_ARGS(peal_bool(true))),
                   PEAL_OK);
  assert_int_equal(peal_device_ack(device, PEAL_NO_ARGS), PEAL_OK);
  assert_nothing();
  hear();
  assert_string_equal(said, "42/m,[\"level\",0.5]\n42/m,0[\"save\"]\n"
                            "43/m,7[true]\n");
  say("43/m,0[\"stored\"]");
  assert_next(PEAL_DEVICE_ANSWER, &event);
  assert_true(event.token == said && event.err == PEAL_OK);
  assert_true(peal_slice_is(peal_val_str(event.args.items[0]), "stored"));
  assert_nothing();
  peal_device_free(device);
}

static void an_answer_that_does_not_come_is_told_in_time(void **state) {
  (void)state;
  peal_device_event event;
  begin(NULL);
  join();
  assert_int_equal(
      peal_device_emit_ack(device, "ask", PEAL_NO_ARGS, 100, memory, now),
      PEAL_OK);
  assert_nothing();
  hear();
  assert_true(peal_device_deadline(device) <= now + 100);
  now += 100;
  assert_next(PEAL_DEVICE_ANSWER, &event);
  assert_int_equal(event.err, PEAL_ERR_TIMEOUT);
  assert_ptr_equal(event.token, memory);
  peal_device_free(device);
}

static void a_lost_line_is_dialled_again_and_what_waited_is_sent(void **state) {
  (void)state;
  peal_device_event event;
  begin(NULL);
  join();
  peal_device_closed(device, PEAL_ERR_IO, now);
  assert_next(PEAL_DEVICE_DISCONNECTED, &event);
  assert_nothing();
  assert_int_equal(peal_device_id(device).len, 0);
  assert_int_equal(peal_device_emit(device, "later", PEAL_NO_ARGS, now),
                   PEAL_OK);
  uint64_t at = peal_device_deadline(device);
  assert_in_range(at, now + 500, now + 1500);
  now = at;
  join();
  said[0] = '\0';
  hear();
  assert_string_equal(said, "42[\"later\"]\n");
  peal_device_free(device);
}

static void a_server_that_falls_silent_is_given_up(void **state) {
  (void)state;
  peal_device_event event;
  begin(NULL);
  join();
  hear();
  said[0] = '\0';
  say("2");
  assert_nothing();
  hear();
  assert_string_equal(said, "3\n");
  now += 1500; /* its interval and its timeout */
  assert_next(PEAL_DEVICE_HANGUP, &event);
  assert_next(PEAL_DEVICE_DISCONNECTED, &event);
  peal_device_free(device);
}

/* A line that takes nothing fills the queue; what is in it is not lost by one
 * more, nor is the connection. */
static void a_full_queue_refuses(void **state) {
  static char text[200];
  (void)state;
  unsigned taken = 0, refused = 0;
  memset(text, 'x', sizeof text - 1);
  begin(&(peal_device_opts){.max_queue_bytes = 2000});
  join();
  hear();
  said[0] = '\0';
  for (int i = 0; i < 50; i++) {
    peal_err err =
        peal_device_emit(device, "e", PEAL_ARGS(peal_str(text)), now);
    taken += err == PEAL_OK;
    refused += err == PEAL_ERR_QUEUE_FULL;
    if (i % 3 == 0)
      assert_nothing();
  }
  assert_nothing();
  assert_int_equal(taken + refused, 50);
  assert_in_range(taken, 5, 20);
  hear();
  for (const char *at = said; (at = strstr(at, "42[")); at++)
    taken--;
  assert_int_equal(taken, 0);
  assert_int_equal(
      peal_device_emit(device, "e", PEAL_ARGS(peal_str(text)), now), PEAL_OK);
  peal_device_free(device);
}

static void who_does_not_speak_websocket_is_refused(void **state) {
  (void)state;
  static const char *const answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: x\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: keep-alive, upgraded\r\nSec-WebSocket-Accept: x\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nnonsense\r\n\r\n",
      "SSH-2.0-OpenSSH\r\n"};
  peal_device_event event;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    char bytes[256];
    begin(NULL);
    assert_next(PEAL_DEVICE_DIAL, &event);
    peal_device_opened(device, now);
    assert_nothing();
    hear();
    (void)snprintf(bytes, sizeof bytes, "%s", answers[i]);
    peal_device_feed(device, bytes, strlen(bytes), now);
    assert_next(PEAL_DEVICE_HANGUP, &event);
    assert_next(PEAL_DEVICE_CONNECT_ERROR, &event);
    assert_int_equal(event.err, PEAL_ERR_ANSWER);
    assert_nothing();
    peal_device_free(device);
  }
}

static void an_endless_head_is_refused(void **state) {
  (void)state;
  peal_device_event event;
  static char line[] = "X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
  static char begins[] = "HTTP/1.1 101 Switching Protocols\r\n";
  begin(NULL);
  assert_next(PEAL_DEVICE_DIAL, &event);
  peal_device_opened(device, now);
  hear();
  peal_device_feed(device, begins, sizeof begins - 1, now);
  int lines = 0;
  while (!peal_device_next(device, now, &event) && lines++ < 100)
    peal_device_feed(device, line, sizeof line - 1, now);
  assert_in_range(lines, 30, 60);
  assert_int_equal(event.type, PEAL_DEVICE_HANGUP);
  assert_next(PEAL_DEVICE_CONNECT_ERROR, &event);
  assert_int_equal(event.err, PEAL_ERR_HTTP_HEAD_LEN);
  peal_device_free(device);
}

static void it_says_goodbye(void **state) {
  (void)state;
  peal_device_event event;
  begin(NULL);
  join();
  hear();
  said[0] = '\0';
  assert_int_equal(peal_device_emit(device, "last", PEAL_NO_ARGS, now),
                   PEAL_OK);
  peal_device_stop(device, now);
  assert_next(PEAL_DEVICE_DISCONNECTED, &event);
  assert_nothing();
  hear();
  assert_string_equal(said, "42[\"last\"]\n41\nclose \n");
  assert_true(peal_device_deadline(device) <= now);
  assert_next(PEAL_DEVICE_HANGUP, &event);
  assert_nothing();
  assert_true(peal_device_deadline(device) == UINT64_MAX);
  peal_device_free(device);
}

/* The whole of a session in every size of block: it works, or an error says
 * that memory is out, and the block is left as it was found. */
static void a_small_block_is_an_error_and_nothing_else(void **state) {
  (void)state;
  size_t fits = 0;
  for (size_t bytes = 0; bytes <= 16384; bytes += 48) {
    memset(memory + bytes, 0x5a, 64);
    if (begin_in(bytes, NULL) == PEAL_OK) {
      peal_device_event event;
      static char head[] = ACCEPTED;
      for (int i = 0; i < 6; i++)
        while (peal_device_next(device, now, &event))
          if (event.type == PEAL_DEVICE_DIAL)
            peal_device_opened(device, now);
      hear();
      peal_device_feed(device, head, sizeof head - 1, now);
      while (peal_device_next(device, now, &event))
        continue;
      say(HELLO);
      while (peal_device_next(device, now, &event))
        continue;
      (void)peal_device_pull(device, now);
      say("40{\"sid\":\"S1\"}");
      while (peal_device_next(device, now, &event))
        fits += event.type == PEAL_DEVICE_CONNECTED;
      (void)peal_device_emit(device, "x", PEAL_ARGS(peal_int(1)), now);
      say("42[\"y\",{\"a\":[1,2,3]}]");
      while (peal_device_next(device, now, &event))
        continue;
      peal_device_free(device);
    } else {
      assert_null(device);
    }
    for (size_t i = 0; i < 64; i++)
      assert_int_equal(memory[bytes + i], 0x5a);
  }
  assert_true(fits > 100);
}

static void mistakes_are_refused(void **state) {
  (void)state;
  peal_device_event event;
  peal_device_opts opts = {.host = "a", .random = dice};
  peal_device *made = (peal_device *)memory;
  assert_int_equal(peal_device_new(NULL, memory, 9999, &opts, 0),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_device_new(&made, NULL, 9999, &opts, 0),
                   PEAL_ERR_USAGE);
  assert_null(made);
  assert_int_equal(peal_device_new(&made, memory, 9999, NULL, 0),
                   PEAL_ERR_USAGE);
  opts.random = NULL;
  assert_int_equal(peal_device_new(&made, memory, 9999, &opts, 0),
                   PEAL_ERR_USAGE);
  opts.random = dice;
  opts.reserved[1] = 1;
  assert_int_equal(peal_device_new(&made, memory, 9999, &opts, 0),
                   PEAL_ERR_OPTION);
  assert_false(peal_device_next(NULL, 0, &event));
  assert_int_equal(peal_device_emit(NULL, "a", PEAL_NO_ARGS, 0),
                   PEAL_ERR_USAGE);
  assert_true(peal_device_deadline(NULL) == UINT64_MAX);
  /* Out of turn: nothing happens. */
  begin(NULL);
  peal_device_opened(device, now);
  peal_device_closed(device, PEAL_OK, now);
  peal_device_feed(device, memory, 0, now);
  peal_device_sent(device, 99, now);
  assert_int_equal(peal_device_pull(device, now).len, 0);
  assert_next(PEAL_DEVICE_DIAL, &event);
  peal_device_sent(device, 99, now);
  peal_device_closed(device, PEAL_ERR_IO, now);
  assert_next(PEAL_DEVICE_CONNECT_ERROR, &event);
  peal_device_free(device);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_joins_emits_answers_and_is_answered),
      cmocka_unit_test(an_answer_that_does_not_come_is_told_in_time),
      cmocka_unit_test(a_lost_line_is_dialled_again_and_what_waited_is_sent),
      cmocka_unit_test(a_server_that_falls_silent_is_given_up),
      cmocka_unit_test(a_full_queue_refuses),
      cmocka_unit_test(who_does_not_speak_websocket_is_refused),
      cmocka_unit_test(an_endless_head_is_refused),
      cmocka_unit_test(it_says_goodbye),
      cmocka_unit_test(a_small_block_is_an_error_and_nothing_else),
      cmocka_unit_test(mistakes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
