/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_side: a WebSocket machine and what it told, for the tests of its parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ws_conn.h"
#include "torture.h"
#include "wire_case.h"

#define NEVER UINT64_MAX
#define KEY 0x11223344u

/* -- one machine and what it told ------------------------------------------- */

typedef enum act { DO_NOTHING, DO_CLOSE, DO_FREE, DO_ECHO } act;

typedef struct side {
  peal_ws_conn *conn; /* NULL: freed between two events */
  peal_ws_conn_opts opts;
  unsigned messages;
  peal_ws_opcode opcode; /* of the last message */
  const char *ptr;       /* where it was */
  size_t len;
  char text[256]; /* its beginning */
  unsigned closes;
  peal_err err;
  unsigned code;
  act on_message;
  act on_close;
  wire_log *log;
  bool quiet;
} side;

static inline void do_act(side *s, act what, peal_slice data) {
  switch (what) {
  case DO_NOTHING:
    break;
  case DO_CLOSE:
    peal_ws_conn_close(s->conn, 1000, PEAL_S("enough"), 0);
    break;
  case DO_FREE:
    peal_ws_conn_free(s->conn);
    s->conn = NULL;
    break;
  case DO_ECHO:
    assert_int_equal(peal_ws_conn_send(s->conn, s->opcode, 0, data), PEAL_OK);
    break;
  }
}

static inline void take_message(side *s, const peal_ws_event *event) {
  peal_slice data = event->data;
  assert_int_equal(s->closes, 0);
  s->messages++;
  s->opcode = (peal_ws_opcode)event->opcode;
  s->ptr = data.ptr;
  s->len = data.len;
  if (data.len && data.len < sizeof(s->text))
    memcpy(s->text, data.ptr, data.len);
  const char *words =
      event->opcode == PEAL_WS_TEXT ? "message text" : "message binary";
  if (s->log && s->quiet)
    wire_log_add(s->log, "%s, %zu bytes", words, data.len);
  else if (s->log)
    wire_log_add_bytes(s->log, words, data);
  do_act(s, s->on_message, data);
}

static inline void take_close(side *s, const peal_ws_event *event) {
  s->closes++;
  s->err = event->err;
  s->code = event->code;
  if (s->log) {
    wire_log_put_bytes(s->log, PEAL_S("close "));
    wire_log_put_bytes(s->log, peal_slice_of(peal_err_name(event->err)));
    wire_log_put_bytes(s->log, PEAL_S(" "));
    for (unsigned div = 1000; div; div /= 10) {
      char digit = (char)('0' + event->code / div % 10);
      wire_log_put_bytes(s->log, (peal_slice){&digit, 1});
    }
    if (event->data.len)
      wire_log_put_bytes(s->log, PEAL_S(" "));
    wire_log_put_bytes(s->log, event->data);
    wire_log_end(s->log);
  }
  do_act(s, s->on_close, event->data);
}

/* Take all events; they may free the machine. */
static inline void take_events(side *s) {
  peal_ws_event event;
  while (s->conn && peal_ws_conn_next(s->conn, &event)) {
    assert_true(peal_ws_conn_check(s->conn));
    if (event.type == PEAL_WS_EVENT_MESSAGE)
      take_message(s, &event);
    else
      take_close(s, &event);
  }
  assert_true(!s->conn || peal_ws_conn_check(s->conn));
}

static inline uint32_t fixed_key(void *user) {
  (void)user;
  return KEY;
}

static inline peal_ws_conn *open_conn(side *s, bool client, size_t max,
                                      const peal_mem *mem) {
  s->opts = (peal_ws_conn_opts){
      .client = client, .max_message_bytes = max, .mem = mem};
  if (client)
    s->opts.mask = fixed_key;
  s->conn = peal_ws_conn_new(&s->opts, NULL, (peal_slice){NULL, 0});
  return s->conn;
}

static inline void open_side(side *s, bool client) {
  *s = (side){0};
  assert_non_null(open_conn(s, client, 0, NULL));
}

/* Returns what the close event said, if one came or had come. */
static inline peal_err feed_at(side *s, char *data, size_t len,
                               uint64_t now_ms) {
  unsigned closes = s->closes;
  peal_ws_conn_feed(s->conn, data, len, now_ms);
  take_events(s);
  if (closes || !s->conn)
    return PEAL_ERR_CLOSED;
  return s->err;
}

/* Feed a copy of its own size, so that a sanitizer sees reading outside. */
static inline peal_err feed(side *s, const char *data, size_t len) {
  char *copy = malloc(len ? len : 1);
  assert_non_null(copy);
  if (len)
    memcpy(copy, data, len);
  peal_err err = feed_at(s, copy, len, 0);
  free(copy);
  return err;
}

static inline void tick(side *s, uint64_t now_ms) {
  peal_ws_conn_tick(s->conn, now_ms);
  take_events(s);
}

/* Pull once, as much as fits; the bytes are copied to `out`. */
static inline size_t pull_once(side *s, char *out, size_t cap) {
  static char scratch[8192];
  peal_iovs iovs;
  size_t len = 0;
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  peal_ws_conn_pull(s->conn, &iovs);
  for (size_t i = 0; i < iovs.count; i++) {
    size_t piece = iovs.items[i].len;
    if (piece > cap - len)
      piece = cap - len;
    if (piece)
      memcpy(out + len, iovs.items[i].ptr, piece);
    len += piece;
  }
  return len;
}

static inline size_t pull_all(side *s, char *out, size_t cap) {
  size_t len = 0;
  for (;;) {
    size_t more = pull_once(s, out + len, cap - len);
    if (!more)
      break;
    assert_int_equal(peal_ws_conn_sent(s->conn, more), 0);
    assert_true(peal_ws_conn_check(s->conn));
    len += more;
  }
  assert_int_equal(peal_ws_conn_queued(s->conn), 0);
  return len;
}

static inline void expect_out(side *s, const char *bytes, size_t len) {
  char out[512];
  assert_int_equal(pull_all(s, out, sizeof(out)), len);
  if (len)
    assert_memory_equal(out, bytes, len);
}

#define EXPECT_OUT(side, literal) expect_out(side, literal, sizeof(literal) - 1)
#define FEED(side, literal) feed(side, literal, sizeof(literal) - 1)

static inline void send_text(side *s, char prefix, const char *text) {
  assert_int_equal(
      peal_ws_conn_send(s->conn, PEAL_WS_TEXT, prefix, peal_slice_of(text)),
      PEAL_OK);
}

/* -- what goes out, in a log ------------------------------------------------ */

static inline const char *out_name(const peal_ws_frame *frame) {
  static const char *const names[2][3] = {
      {"out close", "out ping", "out pong"},
      {"out masked close", "out masked ping", "out masked pong"}};
  assert_true(frame->opcode >= PEAL_WS_CLOSE && frame->fin);
  return names[frame->masked][frame->opcode - PEAL_WS_CLOSE];
}

static inline void log_out(side *s, char *out, size_t len) {
  for (size_t pos = 0; pos < len;) {
    peal_ws_frame frame;
    size_t used;
    peal_slice rest = {out + pos, len - pos};
    assert_int_equal(peal_ws_frame_decode(&frame, rest, &used), PEAL_OK);
    char *body = out + pos + used;
    size_t body_len = (size_t)frame.len;
    assert_true(used + body_len <= rest.len);
    peal_ws_frame_mask(body, body, body_len, frame.mask, 0);
    pos += used + body_len;
    if (frame.opcode == PEAL_WS_CLOSE && body_len) {
      assert_int_equal(body_len, 2);
      wire_log_add(s->log, "%s %u", out_name(&frame),
                   (unsigned)(uint8_t)body[0] << 8 | (uint8_t)body[1]);
    } else {
      wire_log_add_bytes(s->log, out_name(&frame),
                         (peal_slice){body, body_len});
    }
  }
}
