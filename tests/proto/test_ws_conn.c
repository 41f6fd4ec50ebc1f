/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "proto/ws_conn.h"
#include "torture.h"
#include "wire_case.h"

#define NEVER UINT64_MAX
#define KEY 0x11223344u
#define WIRE_MAX (1u << 21)

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

static void do_act(side *s, act what, peal_slice data) {
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

static void take_message(side *s, const peal_ws_event *event) {
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

static void take_close(side *s, const peal_ws_event *event) {
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
static void take_events(side *s) {
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

static uint32_t fixed_key(void *user) {
  (void)user;
  return KEY;
}

static peal_ws_conn *open_conn(side *s, bool client, size_t max,
                               const peal_mem *mem) {
  s->opts = (peal_ws_conn_opts){
      .client = client, .max_message_bytes = max, .mem = mem};
  if (client)
    s->opts.mask = fixed_key;
  s->conn = peal_ws_conn_new(&s->opts, NULL, (peal_slice){NULL, 0});
  return s->conn;
}

static void open_side(side *s, bool client) {
  *s = (side){0};
  assert_non_null(open_conn(s, client, 0, NULL));
}

/* Returns what the close event said, if one came or had come. */
static peal_err feed_at(side *s, char *data, size_t len, uint64_t now_ms) {
  unsigned closes = s->closes;
  peal_ws_conn_feed(s->conn, data, len, now_ms);
  take_events(s);
  if (closes || !s->conn)
    return PEAL_ERR_CLOSED;
  return s->err;
}

/* Feed a copy of its own size, so that a sanitizer sees reading outside. */
static peal_err feed(side *s, const char *data, size_t len) {
  char *copy = malloc(len ? len : 1);
  assert_non_null(copy);
  if (len)
    memcpy(copy, data, len);
  peal_err err = feed_at(s, copy, len, 0);
  free(copy);
  return err;
}

static void tick(side *s, uint64_t now_ms) {
  peal_ws_conn_tick(s->conn, now_ms);
  take_events(s);
}

/* Pull once, as much as fits; the bytes are copied to `out`. */
static size_t pull_once(side *s, char *out, size_t cap) {
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

static size_t pull_all(side *s, char *out, size_t cap) {
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

static void expect_out(side *s, const char *bytes, size_t len) {
  char out[512];
  assert_int_equal(pull_all(s, out, sizeof(out)), len);
  if (len)
    assert_memory_equal(out, bytes, len);
}

#define EXPECT_OUT(side, literal) expect_out(side, literal, sizeof(literal) - 1)
#define FEED(side, literal) feed(side, literal, sizeof(literal) - 1)

static void send_text(side *s, char prefix, const char *text) {
  assert_int_equal(
      peal_ws_conn_send(s->conn, PEAL_WS_TEXT, prefix, peal_slice_of(text)),
      PEAL_OK);
}

/* -- wire cases --------------------------------------------------------------- */

static const char *out_name(const peal_ws_frame *frame) {
  static const char *const names[2][3] = {
      {"out close", "out ping", "out pong"},
      {"out masked close", "out masked ping", "out masked pong"}};
  assert_true(frame->opcode >= PEAL_WS_CLOSE && frame->fin);
  return names[frame->masked][frame->opcode - PEAL_WS_CLOSE];
}

static void log_out(side *s, char *out, size_t len) {
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

static void run_case(const wire_case *test, wire_feed *pieces, wire_log *log,
                     void *user) {
  (void)user;
  side s = {.log = log, .quiet = wire_case_opt(test, "quiet") != NULL};
  char out[4096];
  size_t max = (size_t)wire_case_opt_u64(test, "max", 0);
  assert_non_null(
      open_conn(&s, wire_case_opt(test, "client") != NULL, max, NULL));
  peal_slice piece;
  while (wire_feed_next(pieces, &piece)) {
    bool was_closed = s.closes > 0;
    unsigned messages = s.messages;
    peal_err err = feed(&s, piece.ptr, piece.len);
    /* A violation is told at once, and behind the end nothing is. */
    assert_int_equal(err, was_closed ? PEAL_ERR_CLOSED : s.err);
    assert_true(!was_closed || (s.messages == messages && s.closes == 1));
  }
  log_out(&s, out, pull_all(&s, out, sizeof(out)));
  assert_int_equal(peal_ws_conn_is_done(s.conn), s.closes == 1);
  peal_ws_conn_free(s.conn);
}

static void reads_all_wire_cases_at_every_split(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("ws_conn", WIRE_CASE_SPLIT, run_case, NULL),
                   0);
}

/* -- sending ------------------------------------------------------------------ */

static void a_server_sends_prefix_and_bytes_in_one_frame(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  send_text(&s, '4', "hello");
  send_text(&s, 0, "hi");
  assert_int_equal(peal_ws_conn_queued(s.conn), 12);
  EXPECT_OUT(&s, "\x81\x06"
                 "4hello\x81\x02hi");
  peal_ws_conn_free(s.conn);
}

static void a_client_masks_prefix_and_bytes(void **state) {
  (void)state;
  side s;
  uint8_t key[4];
  uint32_t dice = KEY;
  char out[32];
  open_side(&s, true);
  send_text(&s, '4', "hello");
  assert_int_equal(pull_all(&s, out, sizeof(out)), 12);
  memcpy(key, &dice, sizeof(key));
  assert_memory_equal(out, "\x81\x86", 2);
  assert_memory_equal(out + 2, key, 4);
  peal_ws_frame_mask(out + 6, out + 6, 6, key, 0);
  assert_memory_equal(out + 6, "4hello", 6);
  peal_ws_conn_free(s.conn);
}

static void what_is_sent_is_copied_and_not_changed(void **state) {
  (void)state;
  side sides[2];
  char out[64];
  char text[] = "the same for all";
  for (size_t i = 0; i < 2; i++) {
    open_side(&sides[i], i == 1);
    assert_int_equal(peal_ws_conn_send(sides[i].conn, PEAL_WS_BINARY, 0,
                                       (peal_slice){text, sizeof(text) - 1}),
                     PEAL_OK);
  }
  assert_string_equal(text, "the same for all");
  memset(text, 'x', sizeof(text));
  assert_int_equal(pull_all(&sides[0], out, sizeof(out)), 18);
  assert_memory_equal(out, "\x82\x10the same for all", 18);
  for (size_t i = 0; i < 2; i++)
    peal_ws_conn_free(sides[i].conn);
}

static void what_was_pulled_and_not_sent_comes_again(void **state) {
  (void)state;
  side s;
  char first[64];
  char second[64];
  open_side(&s, false);
  send_text(&s, '4', "hello");
  send_text(&s, '4', "world");
  size_t len = pull_once(&s, first, sizeof(first));
  assert_int_equal(len, 16);
  for (size_t sent = 0; sent < len; sent++) {
    assert_int_equal(peal_ws_conn_queued(s.conn), len - sent);
    assert_int_equal(pull_once(&s, second, sizeof(second)), len - sent);
    assert_memory_equal(second, first + sent, len - sent);
    assert_int_equal(peal_ws_conn_sent(s.conn, 1), 0);
  }
  assert_int_equal(pull_once(&s, second, sizeof(second)), 0);
  peal_ws_conn_free(s.conn);
}

static void a_pong_overtakes_messages_but_cuts_no_frame(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  send_text(&s, 0, "one");
  send_text(&s, 0, "two");
  assert_int_equal(pull_once(&s, out, sizeof(out)), 10);
  assert_int_equal(peal_ws_conn_sent(s.conn, 2), 0);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p\x89\x81\0\0\0\0q"), PEAL_OK);
  EXPECT_OUT(&s, "one\x8a\x01p\x8a\x01q\x81\x03two");
  peal_ws_conn_free(s.conn);
}

static void a_pong_between_pull_and_sent_changes_no_order(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  send_text(&s, 0, "one");
  assert_int_equal(pull_once(&s, out, sizeof(out)), 5);
  assert_int_equal(FEED(&s, "\x89\x80\0\0\0\0"), PEAL_OK);
  assert_int_equal(peal_ws_conn_sent(s.conn, 5), 0);
  EXPECT_OUT(&s, "\x8a\0");
  peal_ws_conn_free(s.conn);
}

static void no_pong_follows_a_close(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p"), PEAL_OK);
  assert_int_equal(pull_once(&s, out, sizeof(out)), 3);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0q"), PEAL_OK);
  peal_ws_conn_close(s.conn, 0, PEAL_S(""), 0);
  EXPECT_OUT(&s, "\x8a\x01p\x8a\x01q\x88\0");
  peal_ws_conn_free(s.conn);
}

static void pings_nobody_reads_the_answers_of_are_bounded(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  char out[8192];
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  char ping[6 + 125] = {(char)0x89, (char)0xfd};
  for (int i = 0; i < 10000; i++) {
    assert_int_equal(feed_at(&s, ping, sizeof(ping), 0), PEAL_OK);
    if (i % 3 == 0)
      (void)pull_once(&s, out, sizeof(out)); /* nothing leaves */
  }
  assert_true(mem.bytes < 16384);
  assert_true(peal_ws_conn_queued(s.conn) <= 2 * PEAL_LIMIT_WS_PONGS * 127);
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

static void a_ping_of_ours_is_sent_and_its_pong_ignored(void **state) {
  (void)state;
  side s;
  char big[126] = {0};
  open_side(&s, false);
  assert_int_equal(peal_ws_conn_ping(s.conn, PEAL_S("x")), PEAL_OK);
  assert_int_equal(peal_ws_conn_ping(s.conn, (peal_slice){big, 126}),
                   PEAL_ERR_USAGE);
  EXPECT_OUT(&s, "\x89\x01x");
  assert_int_equal(FEED(&s, "\x8a\x81\0\0\0\0x"), PEAL_OK);
  assert_int_equal(s.messages + s.closes, 0);
  peal_ws_conn_free(s.conn);
}

static void many_messages_leave_in_order(void **state) {
  (void)state;
  side s;
  char out[8192];
  char expected[8192];
  size_t len = 0;
  open_side(&s, false);
  for (unsigned i = 0; i < 500; i++) {
    char text[4] = {(char)('a' + i % 26), (char)('a' + i / 26), 'x', 0};
    send_text(&s, 0, text);
    memcpy(expected + len, "\x81\x03", 2);
    memcpy(expected + len + 2, text, 3);
    len += 5;
  }
  assert_int_equal(pull_all(&s, out, sizeof(out)), len);
  assert_memory_equal(out, expected, len);
  peal_ws_conn_free(s.conn);
}

/* -- messages of the owner's queue --------------------------------------------- */

/* Pull what waits in the machine, then `text`; returns whether it fitted. */
static bool pull_with(side *s, peal_iovs *iovs, char prefix, const char *text) {
  peal_ws_conn_pull(s->conn, iovs);
  return peal_ws_conn_pull_message(s->conn, iovs, PEAL_WS_TEXT, prefix,
                                   peal_slice_of(text));
}

static void expect_iovs(const peal_iovs *iovs, const char *bytes, size_t len) {
  char out[512];
  size_t at = 0;
  assert_int_equal(iovs->bytes, len);
  for (size_t i = 0; i < iovs->count; i++) {
    memcpy(out + at, iovs->items[i].ptr, iovs->items[i].len);
    at += iovs->items[i].len;
  }
  assert_memory_equal(out, bytes, len);
}

#define EXPECT_IOVS(iovs, literal)                                             \
  expect_iovs(iovs, literal, sizeof(literal) - 1)

static void messages_are_pulled_behind_what_waits_here(void **state) {
  (void)state;
  char scratch[256];
  peal_iovs iovs;
  side s = {0};
  s.conn = peal_ws_conn_new(NULL, NULL, PEAL_S("head"));
  assert_non_null(s.conn);
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p"), PEAL_OK);
  assert_int_equal(peal_ws_conn_ping(s.conn, PEAL_S("q")), PEAL_OK);
  assert_true(pull_with(&s, &iovs, '4', "one"));
  assert_true(peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_BINARY, 0,
                                        PEAL_S("two")));
  EXPECT_IOVS(&iovs, "head\x8a\x01p\x89\x01q\x81\x04"
                     "4one\x82\x03two");
  assert_int_equal(iovs.count, 1); /* short ones are copied in one step */
  assert_int_equal(peal_ws_conn_queued(s.conn), 10);
  assert_int_equal(peal_ws_conn_message_len(s.conn, '4', 3), 6);
  /* What is queued in between was not in the pull. */
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0r"), PEAL_OK);
  assert_int_equal(peal_ws_conn_sent(s.conn, 8), 0);
  assert_int_equal(peal_ws_conn_sent(s.conn, 9), 7);
  EXPECT_OUT(&s, "\x8a\x01r");
  peal_ws_conn_free(s.conn);
}

static void a_message_of_any_length_is_framed_as_its_length_says(void **state) {
  (void)state;
  static char body[70000];
  static const size_t lens[] = {0,   1,   124,   125,   126,   511,
                                512, 513, 65534, 65535, 65536, 70000};
  char scratch[1024];
  side s;
  open_side(&s, false);
  for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(*lens); i++) {
    peal_slice data = {body, lens[i / 2]};
    char prefix = i % 2 ? '4' : 0;
    size_t used = 0;
    peal_iovs iovs;
    peal_ws_frame frame;
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    assert_true(
        peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_TEXT, prefix, data));
    size_t len = peal_ws_conn_message_len(s.conn, prefix, data.len);
    assert_int_equal(iovs.bytes, len);
    assert_int_equal(peal_ws_frame_decode(&frame, iovs.items[0], &used),
                     PEAL_OK);
    assert_int_equal(frame.len, data.len + i % 2);
    assert_int_equal(used + frame.len, len);
    assert_int_equal(iovs.items[iovs.count - 1].ptr == body, data.len > 512);
    assert_int_equal(peal_ws_conn_sent(s.conn, len), len);
  }
  peal_ws_conn_free(s.conn);
}

static void a_message_is_in_the_pull_whole_or_not_at_all(void **state) {
  (void)state;
  static const char longer[600] = {'x'};
  char scratch[40];
  side s;
  peal_iovs iovs;
  open_side(&s, false);
  peal_iovs_init(&iovs, scratch, 16); /* an empty pull has room */
  assert_true(pull_with(&s, &iovs, '4', "a text that the scratch has not"));
  assert_int_equal(iovs.bytes, 34);
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  size_t bytes = 0;
  while (peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_BINARY, 0,
                                   (peal_slice){longer, sizeof(longer)}))
    bytes += 604;
  assert_true(bytes >= 604);
  assert_int_equal(iovs.bytes, bytes);
  peal_ws_conn_free(s.conn);
}

static void what_left_in_part_goes_on_at_the_next_pull(void **state) {
  (void)state;
  peal_message *message = peal_message_new(
      PEAL_S("text"), (peal_slice[]){PEAL_S("bytes")}, 1, NULL);
  assert_non_null(message);
  for (size_t sent = 1; sent < 7; sent++) {
    char scratch[256];
    peal_iovs iovs;
    side s;
    open_side(&s, false);
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    assert_true(peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_BINARY, 0,
                                          peal_message_part(message, 1)));
    assert_int_equal(peal_ws_conn_sent(s.conn, sent), sent);
    assert_int_equal(
        peal_ws_conn_keep(s.conn, PEAL_WS_BINARY, 0, message, 1, sent),
        PEAL_OK);
    assert_int_equal(peal_ws_conn_queued(s.conn), 7 - sent);
    /* Neither a pong nor our close cuts into it. */
    assert_int_equal(FEED(&s, "\x89\x80\0\0\0\0"), PEAL_OK);
    peal_ws_conn_close(s.conn, 0, PEAL_S(""), 0);
    char expected[] = "\x82\x05"
                      "bytes\x8a\0\x88";
    expect_out(&s, expected + sent, sizeof(expected) - sent);
    peal_ws_conn_free(s.conn);
  }
  peal_message_unref(message);
}

static void a_kept_message_is_given_back_when_the_machine_is_freed(
    void **state) {
  (void)state;
  torture mem;
  side s;
  torture_init(&mem, 0);
  peal_message *message = peal_message_new(PEAL_S("text"), NULL, 0, &mem.mem);
  assert_non_null(message);
  open_side(&s, false);
  assert_int_equal(peal_ws_conn_keep(s.conn, PEAL_WS_TEXT, '4', message, 0, 1),
                   PEAL_OK);
  peal_message_unref(message);
  assert_int_equal(mem.live, 1);
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

static void no_message_is_pulled_behind_a_close(void **state) {
  (void)state;
  char scratch[256];
  peal_iovs iovs;
  side s;
  open_side(&s, false);
  peal_ws_conn_close(s.conn, 1000, PEAL_S(""), 0);
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  assert_false(pull_with(&s, &iovs, '4', "late"));
  EXPECT_IOVS(&iovs, "\x88\x02\x03\xe8");
  peal_ws_conn_free(s.conn);
}

static void no_message_overtakes_what_found_no_room(void **state) {
  (void)state;
  char scratch[256];
  peal_iovs iovs;
  side s;
  open_side(&s, false);
  send_text(&s, 0, "first");
  peal_iovs_init(&iovs, scratch, 0);
  while (iovs.count < PEAL_LIMIT_IOVECS) /* somebody filled it */
    assert_true(peal_iovs_add(&iovs, PEAL_S("x")));
  assert_false(pull_with(&s, &iovs, 0, "second"));
  assert_int_equal(iovs.bytes, PEAL_LIMIT_IOVECS);
  EXPECT_OUT(&s, "\x81\x05"
                 "first");
  peal_ws_conn_free(s.conn);
}

/* -- closing ------------------------------------------------------------------ */

static void closing_sends_queued_messages_first_and_then_nothing(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  send_text(&s, 0, "last");
  peal_ws_conn_close(s.conn, 1000, PEAL_S("bye"), 100);
  peal_ws_conn_close(s.conn, 1001, PEAL_S("again"), 200);
  assert_int_equal(peal_ws_conn_send(s.conn, PEAL_WS_TEXT, 0, PEAL_S("late")),
                   PEAL_ERR_CLOSED);
  assert_int_equal(peal_ws_conn_ping(s.conn, PEAL_S("")), PEAL_ERR_CLOSED);
  assert_int_equal(FEED(&s, "\x89\x80\0\0\0\0"), PEAL_OK);
  EXPECT_OUT(&s, "\x81\x04last\x88\x05\x03\xe8"
                 "bye");
  assert_false(peal_ws_conn_is_done(s.conn));
  assert_int_equal(s.closes, 0);
  assert_int_equal(FEED(&s, "\x88\x82\0\0\0\0\x03\xe8"), PEAL_OK);
  assert_int_equal(s.closes, 1);
  assert_int_equal(s.err, PEAL_OK);
  assert_int_equal(s.code, 1000);
  assert_true(peal_ws_conn_is_done(s.conn));
  EXPECT_OUT(&s, "");
  peal_ws_conn_free(s.conn);
}

static void messages_before_the_peers_close_are_still_delivered(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  peal_ws_conn_close(s.conn, 1000, PEAL_S(""), 0);
  assert_int_equal(FEED(&s, "\x81\x81\0\0\0\0a\x88\x80\0\0\0\0"), PEAL_OK);
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.code, 1005);
  peal_ws_conn_free(s.conn);
}

static void codes_that_may_not_be_sent_are_left_out(void **state) {
  (void)state;
  static const unsigned codes[] = {0, 999, 1004, 1005, 1006, 1015, 2999, 5000};
  for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
    side s;
    open_side(&s, false);
    peal_ws_conn_close(s.conn, codes[i], PEAL_S("why"), 0);
    EXPECT_OUT(&s, "\x88\0");
    peal_ws_conn_free(s.conn);
  }
}

static void a_long_reason_is_cut_between_characters(void **state) {
  (void)state;
  side s;
  char reason[200];
  char out[200];
  for (size_t i = 0; i < sizeof(reason); i += 2)
    memcpy(reason + i, "\xc3\xb6", 2);
  open_side(&s, false);
  peal_ws_conn_close(s.conn, 1000, (peal_slice){reason, sizeof(reason)}, 0);
  assert_int_equal(pull_all(&s, out, sizeof(out)), 2 + 2 + 122);
  assert_memory_equal(out + 4, reason, 122);
  peal_ws_conn_free(s.conn);
}

static void every_close_code_is_taken_or_refused(void **state) {
  (void)state;
  for (unsigned code = 0; code < 0x10000; code++) {
    side s;
    char frame[] = {(char)0x88, (char)0x82,        0,         0, 0,
                    0,          (char)(code >> 8), (char)code};
    bool valid = (code >= 1000 && code <= 1003) ||
                 (code >= 1007 && code <= 1014) ||
                 (code >= 3000 && code <= 4999);
    open_side(&s, false);
    assert_int_equal(feed_at(&s, frame, sizeof(frame), 0),
                     valid ? PEAL_OK : PEAL_ERR_WS_CLOSE);
    assert_int_equal(s.closes, 1);
    assert_int_equal(s.code, valid ? code : 1006);
    peal_ws_conn_free(s.conn);
  }
}

static void a_peer_that_does_not_close_is_given_up(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  assert_true(peal_ws_conn_deadline(s.conn) == NEVER);
  peal_ws_conn_close(s.conn, 1000, PEAL_S(""), 1000);
  assert_int_equal(peal_ws_conn_deadline(s.conn), 6000);
  tick(&s, 5999);
  assert_int_equal(s.closes, 0);
  tick(&s, 6000);
  assert_int_equal(s.closes, 1);
  assert_int_equal(s.err, PEAL_ERR_TIMEOUT);
  assert_int_equal(s.code, 1006);
  assert_true(peal_ws_conn_is_done(s.conn));
  assert_true(peal_ws_conn_deadline(s.conn) == NEVER);
  tick(&s, 99999);
  assert_int_equal(s.closes, 1);
  assert_int_not_equal(FEED(&s, "x"), PEAL_OK);
  peal_ws_conn_free(s.conn);
}

static void a_peer_that_does_not_read_our_close_is_given_up(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  send_text(&s, 0, "never read");
  char frame[] = {(char)0x88, (char)0x80, 0, 0, 0, 0};
  assert_int_equal(feed_at(&s, frame, sizeof(frame), 50), PEAL_OK);
  assert_int_equal(s.closes, 1);
  assert_false(peal_ws_conn_is_done(s.conn));
  assert_int_equal(peal_ws_conn_deadline(s.conn), 5050);
  tick(&s, 5050);
  assert_true(peal_ws_conn_is_done(s.conn));
  assert_int_equal(s.closes, 1);
  peal_ws_conn_free(s.conn);
}

/* -- between events -------------------------------------------------------------- */

static void freeing_behind_a_message_is_allowed(void **state) {
  (void)state;

  static const struct {
    const char *data;
    size_t len;
  } cases[] = {
      {"\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b", 14},         /* whole */
      {"\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b\x82\x80", 16}, /* from the buffer */
  };

  for (size_t i = 0; i < 2; i++) {
    side s;
    open_side(&s, false);
    s.on_message = DO_FREE;
    assert_int_equal(feed(&s, cases[i].data, cases[i].len), PEAL_ERR_CLOSED);
    assert_int_equal(s.messages, 1);
    assert_int_equal(s.closes, 0);
  }
}

static void freeing_behind_the_close_is_allowed_everywhere(void **state) {
  (void)state;

  static const struct {
    const char *data;
    size_t len;
  } cases[] = {
      {"\x88\x80\0\0\0\0", 6},                       /* whole */
      {"\x01\x81\0\0\0\0a\x88\x82\0\0\0\0\x03", 14}, /* see below */
      {"\x83\x80", 2},                               /* violation */
  };

  for (size_t i = 0; i < 3; i++) {
    side s;
    open_side(&s, false);
    s.on_close = DO_FREE;
    peal_err err = feed(&s, cases[i].data, cases[i].len);
    if (i == 1) { /* the close frame comes in pieces */
      assert_int_equal(err, PEAL_OK);
      err = FEED(&s, "\xe8");
    }
    assert_int_equal(err, PEAL_ERR_CLOSED);
    assert_int_equal(s.closes, 1);
  }
  side s;
  open_side(&s, false);
  s.on_close = DO_FREE;
  peal_ws_conn_close(s.conn, 0, PEAL_S(""), 0);
  tick(&s, NEVER - 1);
  assert_int_equal(s.closes, 1);
}

static void closing_and_sending_between_events_is_allowed(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  s.on_message = DO_ECHO;
  assert_int_equal(FEED(&s, "\x81\x81\0\0\0\0a\x02\x81\0\0\0\0b"), PEAL_OK);
  s.on_message = DO_CLOSE;
  s.on_close = DO_CLOSE;
  assert_int_equal(FEED(&s, "\x80\x81\0\0\0\0c\x88\x80\0\0\0\0"), PEAL_OK);
  assert_int_equal(s.messages, 2);
  assert_int_equal(s.closes, 1);
  EXPECT_OUT(&s, "\x81\x01"
                 "a\x88\x08\x03\xe8"
                 "enough");
  assert_true(peal_ws_conn_is_done(s.conn));
  peal_ws_conn_free(s.conn);
}

static void freeing_nothing_is_allowed(void **state) {
  (void)state;
  peal_ws_conn_free(NULL);
}

/* -- memory ------------------------------------------------------------------- */

static void an_idle_connection_owns_no_buffers(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  size_t idle = mem.bytes;
  assert_true(idle < 200);
  assert_int_equal(FEED(&s, "\x01\x81\0\0\0\0a\x89\x81\0\0\0\0"), PEAL_OK);
  assert_int_equal(FEED(&s, "p\x80\x82\0\0\0\0b"), PEAL_OK);
  assert_true(mem.bytes > idle);
  assert_int_equal(FEED(&s, "c\x89\x81\0\0\0\0"), PEAL_OK);
  assert_int_equal(FEED(&s, "q"), PEAL_OK);
  for (int i = 0; i < 20; i++)
    send_text(&s, '4', "hello");
  char out[512];
  (void)pull_all(&s, out, sizeof(out));
  assert_int_equal(s.messages, 1);
  assert_int_equal(mem.live, 1);
  assert_int_equal(mem.bytes, idle);
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

static void whole_messages_are_neither_copied_nor_allocated_for(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  char data[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
                "\x82\x83\x01\x02\x03\x04\x60\x60\x60";
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  size_t calls = mem.calls;
  assert_int_equal(feed_at(&s, data, sizeof(data) - 1, 0), PEAL_OK);
  assert_int_equal(s.messages, 2);
  assert_ptr_equal(s.ptr, data + 17);
  assert_memory_equal(s.text, "abc", 3);
  assert_int_equal(mem.calls, calls);
  peal_ws_conn_free(s.conn);
}

static void an_announced_length_reserves_little(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  assert_int_equal(FEED(&s, "\x82\xff\0\0\0\0\0\x0f\x42\x40\0\0\0\0x"),
                   PEAL_OK);
  assert_true(mem.bytes < 1024);
  peal_ws_conn_free(s.conn);
}

static void a_partial_message_never_holds_more_than_its_limit(void **state) {
  (void)state;

  enum { MAX = 100000 };

  side s = {0};
  torture mem;
  char *data = calloc(1, MAX + 14);
  assert_non_null(data);
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, MAX, &mem.mem));
  memcpy(data, "\x82\xff\0\0\0\0\0\x01\x86\xa0\0\0\0\0", 14);
  size_t calls = mem.calls;
  for (size_t at = 0; at < MAX + 14; at++) {
    char byte = data[at];
    assert_int_equal(feed_at(&s, &byte, 1, 0), PEAL_OK);
    assert_true(mem.bytes < MAX + 512);
  }
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.len, MAX);
  assert_true(mem.calls - calls < 12); /* grows by doubling */
  peal_ws_conn_free(s.conn);
  free(data);
}

static void tiny_fragments_cost_as_many_bytes_as_they_have(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  char fragment[] = {2, (char)0x81, 0, 0, 0, 0, 'x'};
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  size_t calls = mem.calls;
  /* 4096 frames, and one more for each 16 bytes that they bring. */
  for (unsigned i = 0; i < 4369; i++) {
    assert_int_equal(feed_at(&s, fragment, sizeof(fragment), 0), PEAL_OK);
    fragment[0] = 0;
    fragment[6] = 'x';
  }
  assert_true(mem.peak_bytes < 3 * PEAL_LIMIT_WS_FRAMES + 1024);
  assert_true(mem.calls - calls < 8);
  assert_int_equal(feed_at(&s, fragment, sizeof(fragment), 0), PEAL_ERR_LIMIT);
  assert_int_equal(s.closes, 1);
  peal_ws_conn_free(s.conn);
}

/* Everything that allocates, once. */
static peal_err use_both_roles(const peal_mem *mem, void *user) {
  (void)user;
  peal_err err = PEAL_ERR_NOMEM;
  char wire[1024];
  side a = {0};
  side b = {0};
  peal_message *message = NULL;
  if (!open_conn(&a, true, 0, mem) || !open_conn(&b, false, 0, mem))
    goto fail;
  message = peal_message_new(PEAL_S("hello"), NULL, 0, mem);
  if (!message)
    goto fail;
  err = peal_ws_conn_keep(b.conn, PEAL_WS_TEXT, '4', message, 0, 0);
  if (err)
    goto fail;
  for (int i = 0; i < 6; i++) {
    err = peal_ws_conn_send(a.conn, PEAL_WS_TEXT, '4', PEAL_S("hello"));
    if (!err)
      err = peal_ws_conn_ping(a.conn, PEAL_S("ping"));
    if (!err)
      err = peal_ws_conn_send(b.conn, PEAL_WS_TEXT, '4', PEAL_S("hello"));
    if (err)
      goto fail;
  }
  size_t len = pull_all(&a, wire, sizeof(wire));
  for (size_t at = 0; at < len && !err; at += 5)
    err = feed_at(&b, wire + at, len - at < 5 ? len - at : 5, 0);
  if (err)
    goto fail;
  peal_ws_conn_close(b.conn, 1000, PEAL_S("done"), 0);
  len = pull_all(&b, wire, sizeof(wire));
  err = feed_at(&a, wire, len, 0);
  if (err)
    goto fail;
  len = pull_all(&a, wire, sizeof(wire));
  err = feed_at(&b, wire, len, 0);
fail:
  peal_message_unref(message);
  peal_ws_conn_free(a.conn);
  peal_ws_conn_free(b.conn);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(use_both_roles, NULL, true, &count));
  assert_true(count > 20);
}

static void running_out_of_memory_while_reading_closes_with_1011(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  torture_init(&mem, 2);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  assert_int_equal(FEED(&s, "\x81\x85\0\0\0\0hel"), PEAL_ERR_NOMEM);
  assert_int_equal(s.closes, 1);
  assert_int_equal(s.err, PEAL_ERR_NOMEM);
  EXPECT_OUT(&s, "\x88\x02\x03\xf3");
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

/* -- accounts ------------------------------------------------------------------ */

static void what_is_unfinished_is_charged_and_given_back(void **state) {
  (void)state;
  peal_account account = {0};
  side s = {0};
  s.conn = peal_ws_conn_new(NULL, &account, (peal_slice){NULL, 0});
  assert_non_null(s.conn);
  assert_int_equal(FEED(&s, "\x82\xfe\x10\x00\0\0\0\0x"), PEAL_OK);
  assert_int_equal(account.used, 4096);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p"), PEAL_OK);
  peal_ws_conn_free(s.conn);
  assert_int_equal(account.used, 0);
}

static void an_account_refuses_before_anything_is_allocated(void **state) {
  (void)state;

  static const struct {
    size_t client, server;
    peal_err err;
    const char *answer;
  } cases[] = {
      {1000, 0, PEAL_ERR_LIMIT, "\x88\x02\x03\xf0"}, /* 1008 */
      {0, 1000, PEAL_ERR_NOMEM, "\x88\x02\x03\xf3"}, /* 1011 */
  };

  for (size_t i = 0; i < 2; i++) {
    peal_account_server all;
    peal_account_worker worker;
    peal_account account;
    torture mem;
    side s = {0};
    torture_init(&mem, 0);
    peal_account_server_init(&all, cases[i].server);
    peal_account_worker_init(&worker, &all);
    peal_account_init(&account, &worker, cases[i].client);
    s.opts.mem = &mem.mem;
    s.conn = peal_ws_conn_new(&s.opts, &account, (peal_slice){NULL, 0});
    assert_non_null(s.conn);
    assert_int_equal(FEED(&s, "\x82\xfe\x10\x00\0\0\0\0x"), cases[i].err);
    assert_int_equal(s.closes, 1);
    assert_true(mem.peak_bytes < 1000);
    expect_out(&s, cases[i].answer, 4);
    peal_ws_conn_free(s.conn);
    assert_int_equal(account.used, 0);
    peal_account_worker_deinit(&worker);
  }
}

static void pongs_that_wait_are_charged(void **state) {
  (void)state;
  peal_account account = {.max = 400};
  side s = {0};
  s.conn = peal_ws_conn_new(NULL, &account, (peal_slice){NULL, 0});
  assert_non_null(s.conn);
  peal_err err = PEAL_OK;
  for (int i = 0; i < 8 && !err; i++)
    err = FEED(&s, "\x89\x81\0\0\0\0p");
  assert_int_equal(err, PEAL_ERR_LIMIT);
  char out[64];
  (void)pull_all(&s, out, sizeof(out));
  assert_int_equal(account.used, 0);
  peal_ws_conn_free(s.conn);
}

/* Fragments of `len` bytes until one is refused or `most` have come. */
static unsigned take_fragments(uint32_t max_frames, size_t len, unsigned most) {
  static char fragment[4 + 16384];
  side s = {0};
  s.opts = (peal_ws_conn_opts){.client = true,
                               .mask = fixed_key,
                               .max_frames = max_frames,
                               .max_message_bytes = 200u << 20};
  s.conn = peal_ws_conn_new(&s.opts, NULL, (peal_slice){NULL, 0});
  assert_non_null(s.conn);
  peal_ws_frame head = {.len = len, .opcode = PEAL_WS_BINARY};
  unsigned count = 0;
  while (count < most) {
    size_t at = peal_ws_frame_encode(fragment, &head);
    if (feed_at(&s, fragment, at + len, 0))
      break;
    head.opcode = PEAL_WS_CONTINUATION;
    count++;
  }
  assert_true(count == most || s.err == PEAL_ERR_LIMIT);
  peal_ws_conn_free(s.conn);
  return count;
}

static void frames_are_allowed_in_proportion_to_their_bytes(void **state) {
  (void)state;
  assert_int_equal(take_fragments(0, 0, 100000), 4096);
  assert_int_equal(take_fragments(0, 1, 100000), 4369);
  assert_int_equal(take_fragments(0, 15, 100000), 65536);
  assert_int_equal(take_fragments(0, 16, 100000), 100000);
  /* 100 MB as some clients send it */
  assert_int_equal(take_fragments(0, 16384, 6400), 6400);
}

static void the_ceiling_of_frames_is_an_option(void **state) {
  (void)state;
  assert_int_equal(take_fragments(3, 100, 10), 3);
  assert_int_equal(take_fragments(10000, 0, 20000), 10000);
}

/* -- two machines joined in memory ---------------------------------------------- */

typedef struct dice {
  uint64_t state;
} dice;

static uint32_t roll(dice *d, uint32_t below) {
  d->state = d->state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(d->state >> 33) % below;
}

typedef struct peer {
  side side;
  struct peer *other;
  dice *dice;
  uint32_t sent; /* messages, each told by its number */
  uint32_t got;
  char wire[WIRE_MAX]; /* from this peer to the other */
  size_t wire_len;
} peer;

/* The content of message `number`: its length and bytes follow from it. */
static size_t message_bytes(uint32_t number, char *out) {
  dice d = {number};
  size_t len = roll(&d, 8) ? roll(&d, 300) : roll(&d, 70000);
  for (size_t i = 0; i < len; i++)
    out[i] = (char)('a' + (i + number) % 26);
  return len;
}

static void take_numbered(peer *p, const peal_ws_event *event) {
  static char expected[70000];
  size_t len = message_bytes(p->got, expected);
  assert_int_equal(event->opcode, p->got % 2 ? PEAL_WS_TEXT : PEAL_WS_BINARY);
  assert_int_equal(event->data.len, len);
  if (len)
    assert_memory_equal(event->data.ptr, expected, len);
  p->got++;
}

static void take_end(peer *p, const peal_ws_event *event) {
  assert_int_equal(event->err, PEAL_OK);
  assert_int_equal(event->code, 1001);
  p->side.closes++;
}

static uint32_t rolled_key(void *user) {
  peer *p = user;
  return roll(p->dice, UINT32_MAX);
}

static void send_numbered(peer *p) {
  static char text[70000];
  size_t len = message_bytes(p->sent, text);
  peal_ws_opcode opcode = p->sent % 2 ? PEAL_WS_TEXT : PEAL_WS_BINARY;
  assert_int_equal(
      peal_ws_conn_send(p->side.conn, opcode, 0, (peal_slice){text, len}),
      PEAL_OK);
  p->sent++;
}

static void write_some(peer *p) {
  static char out[WIRE_MAX];
  size_t room = sizeof(p->wire) - p->wire_len;
  size_t len = pull_once(&p->side, out, room);
  if (!len)
    return;
  size_t sent = 1 + roll(p->dice, (uint32_t)len);
  memcpy(p->wire + p->wire_len, out, sent);
  p->wire_len += sent;
  assert_int_equal(peal_ws_conn_sent(p->side.conn, sent), 0);
}

static void deliver_some(peer *p) {
  static char piece[65536];
  if (!p->wire_len)
    return;
  size_t len = 1 + roll(p->dice, roll(p->dice, 2) ? 16 : 65536);
  if (len > p->wire_len)
    len = p->wire_len;
  memcpy(piece, p->wire, len);
  p->wire_len -= len;
  memmove(p->wire, p->wire + len, p->wire_len);
  peal_ws_event event;
  peal_ws_conn_feed(p->other->side.conn, piece, len, 0);
  while (peal_ws_conn_next(p->other->side.conn, &event)) {
    if (event.type == PEAL_WS_EVENT_MESSAGE)
      take_numbered(p->other, &event);
    else
      take_end(p->other, &event);
  }
}

static void step(peer *p, uint32_t messages) {
  switch (roll(p->dice, 4)) {
  case 0:
    if (p->sent < messages)
      send_numbered(p);
    break;
  case 1:
    if (p->sent < messages)
      assert_int_equal(peal_ws_conn_ping(p->side.conn, PEAL_S("?")), PEAL_OK);
    break;
  case 2:
    write_some(p);
    break;
  default:
    deliver_some(p);
  }
}

static void talk(uint64_t seed) {
  enum { MESSAGES = 30 };

  dice d = {seed};
  peer *peers = calloc(2, sizeof(*peers));
  assert_non_null(peers);
  for (int i = 0; i < 2; i++) {
    peers[i].other = &peers[1 - i];
    peers[i].dice = &d;
    peers[i].side.opts = (peal_ws_conn_opts){
        .client = i == 1, .mask = rolled_key, .mask_user = &peers[i]};
    peers[i].side.conn =
        peal_ws_conn_new(&peers[i].side.opts, NULL, (peal_slice){NULL, 0});
    assert_non_null(peers[i].side.conn);
  }
  bool closing = false;
  for (uint32_t i = 0; i < 1000000; i++) {
    step(&peers[roll(&d, 2)], MESSAGES);
    if (!closing && peers[0].sent + peers[1].sent == 2 * MESSAGES) {
      peal_ws_conn_close(peers[roll(&d, 2)].side.conn, 1001, PEAL_S("bye"), 0);
      closing = true;
    }
    if (peal_ws_conn_is_done(peers[0].side.conn) &&
        peal_ws_conn_is_done(peers[1].side.conn))
      break;
  }
  for (int i = 0; i < 2; i++) {
    assert_int_equal(peers[i].side.closes, 1);
    /* The side that closed first got all, the other all before the close. */
    assert_true(peers[i].got <= MESSAGES);
    assert_int_equal(peal_ws_conn_queued(peers[i].side.conn), 0);
    peal_ws_conn_free(peers[i].side.conn);
  }
  assert_true(peers[0].got == MESSAGES || peers[1].got == MESSAGES);
  free(peers);
}

static void two_machines_talk_over_any_pieces(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 40; seed++)
    talk(seed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_all_wire_cases_at_every_split),
      cmocka_unit_test(a_server_sends_prefix_and_bytes_in_one_frame),
      cmocka_unit_test(a_client_masks_prefix_and_bytes),
      cmocka_unit_test(what_is_sent_is_copied_and_not_changed),
      cmocka_unit_test(what_was_pulled_and_not_sent_comes_again),
      cmocka_unit_test(a_pong_overtakes_messages_but_cuts_no_frame),
      cmocka_unit_test(a_pong_between_pull_and_sent_changes_no_order),
      cmocka_unit_test(no_pong_follows_a_close),
      cmocka_unit_test(pings_nobody_reads_the_answers_of_are_bounded),
      cmocka_unit_test(a_ping_of_ours_is_sent_and_its_pong_ignored),
      cmocka_unit_test(many_messages_leave_in_order),
      cmocka_unit_test(closing_sends_queued_messages_first_and_then_nothing),
      cmocka_unit_test(messages_before_the_peers_close_are_still_delivered),
      cmocka_unit_test(codes_that_may_not_be_sent_are_left_out),
      cmocka_unit_test(a_long_reason_is_cut_between_characters),
      cmocka_unit_test(every_close_code_is_taken_or_refused),
      cmocka_unit_test(a_peer_that_does_not_close_is_given_up),
      cmocka_unit_test(a_peer_that_does_not_read_our_close_is_given_up),
      cmocka_unit_test(freeing_behind_a_message_is_allowed),
      cmocka_unit_test(freeing_behind_the_close_is_allowed_everywhere),
      cmocka_unit_test(closing_and_sending_between_events_is_allowed),
      cmocka_unit_test(freeing_nothing_is_allowed),
      cmocka_unit_test(an_idle_connection_owns_no_buffers),
      cmocka_unit_test(whole_messages_are_neither_copied_nor_allocated_for),
      cmocka_unit_test(an_announced_length_reserves_little),
      cmocka_unit_test(a_partial_message_never_holds_more_than_its_limit),
      cmocka_unit_test(tiny_fragments_cost_as_many_bytes_as_they_have),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(running_out_of_memory_while_reading_closes_with_1011),
      cmocka_unit_test(messages_are_pulled_behind_what_waits_here),
      cmocka_unit_test(a_message_of_any_length_is_framed_as_its_length_says),
      cmocka_unit_test(a_message_is_in_the_pull_whole_or_not_at_all),
      cmocka_unit_test(what_left_in_part_goes_on_at_the_next_pull),
      cmocka_unit_test(a_kept_message_is_given_back_when_the_machine_is_freed),
      cmocka_unit_test(no_message_is_pulled_behind_a_close),
      cmocka_unit_test(no_message_overtakes_what_found_no_room),
      cmocka_unit_test(what_is_unfinished_is_charged_and_given_back),
      cmocka_unit_test(an_account_refuses_before_anything_is_allocated),
      cmocka_unit_test(pongs_that_wait_are_charged),
      cmocka_unit_test(frames_are_allowed_in_proportion_to_their_bytes),
      cmocka_unit_test(the_ceiling_of_frames_is_an_option),
      cmocka_unit_test(two_machines_talk_over_any_pieces),
  };
  return cmocka_run_group_tests_name("ws_conn", tests, NULL, NULL);
}
