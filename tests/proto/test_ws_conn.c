/* SPDX-License-Identifier: MIT */
#include "ws_side.h"

#define WIRE_MAX (1u << 21)

/* -- wire cases --------------------------------------------------------------- */

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

/* What a pull shows, as text; `message` NULL: the owner has none, so the close
 * frame may be shown. */
static size_t pull_of_owner(side *s, const char *message, char out[64]) {
  char scratch[256];
  size_t len = 0;
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof scratch);
  peal_ws_conn_pull(s->conn, &iovs);
  if (!message)
    peal_ws_conn_pull_close(s->conn, &iovs);
  else
    assert_true(peal_ws_conn_pull_message(s->conn, &iovs, PEAL_WS_TEXT, 0,
                                          peal_slice_of(message)));
  for (size_t i = 0; i < iovs.count; i++) {
    memcpy(out + len, iovs.items[i].ptr, iovs.items[i].len);
    len += iovs.items[i].len;
  }
  return len;
}

/* The peer pings and closes while a message of the owner waits: pong, message,
 * close; the message may have left in part. */
static void the_owners_messages_may_go_before_the_close(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  s.opts.messages_first = true;
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p\x88\x82\0\0\0\0\x03\xe8"),
                   PEAL_OK);
  assert_int_equal(s.closes, 1);
  assert_int_equal(pull_of_owner(&s, "last", out), 9);
  assert_memory_equal(out, "\x8a\x01p\x81\x04last", 9);
  assert_int_equal(peal_ws_conn_sent(s.conn, 3 + 4), 4); /* the owner's */
  peal_message *message =
      peal_message_new(PEAL_S("last"), NULL, 0, peal_mem_libc());
  assert_non_null(message);
  assert_int_equal(peal_ws_conn_keep(s.conn, PEAL_WS_TEXT, 0, message,
                                     peal_message_part(message, 0), 4),
                   PEAL_OK);
  peal_message_unref(message);
  assert_false(peal_ws_conn_is_done(s.conn));
  assert_int_equal(pull_of_owner(&s, NULL, out), 6);
  assert_memory_equal(out, "st\x88\x02\x03\xe8", 6);
  assert_int_equal(peal_ws_conn_sent(s.conn, 6), 0);
  assert_true(peal_ws_conn_is_done(s.conn));
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
  err = peal_ws_conn_keep(b.conn, PEAL_WS_TEXT, '4', message,
                          peal_message_part(message, 0), 0);
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
      cmocka_unit_test(closing_sends_queued_messages_first_and_then_nothing),
      cmocka_unit_test(the_owners_messages_may_go_before_the_close),
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
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(running_out_of_memory_while_reading_closes_with_1011),
      cmocka_unit_test(two_machines_talk_over_any_pieces),
  };
  return cmocka_run_group_tests_name("ws_conn", tests, NULL, NULL);
}
