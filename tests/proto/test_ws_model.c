/* SPDX-License-Identifier: MIT */
/* A WebSocket machine against a simple model: random verbs and random bytes in
 * random order, whatever comes in told as the model says, whatever goes out
 * read by a reader of its own. Time is virtual, dice are seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ws_conn.h"
#include "torture.h"

enum { STEPS = 400, QUEUE_MAX = 512, INPUT_MAX = 200000, MESSAGE_MAX = 70000 };

typedef struct dice {
  uint64_t state;
} dice;

static uint32_t roll(dice *d, uint32_t below) {
  d->state = d->state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(d->state >> 33) % below;
}

/* A message that has not left: what the owner of a server keeps. */
typedef struct waiting {
  peal_message *message;
  char prefix;
} waiting;

typedef struct model {
  dice dice;
  bool client;
  peal_ws_conn_opts opts;
  torture mem;
  peal_account account;
  peal_ws_conn *conn;
  uint64_t now_ms;

  waiting queue[QUEUE_MAX]; /* of the owner; only a server's */
  unsigned queue_first, queue_end;
  unsigned sent;       /* messages handed over or queued, each told by number */
  unsigned dropped_at; /* number of the first that may not come */
  bool closing, failed;
  uint64_t told_ms; /* when the last message was told */

  char input[INPUT_MAX]; /* what the peer has sent and we have not fed */
  size_t input_len, input_at;
  bool peer_closed, peer_is_wrong;
  bool is_endless; /* the peer neither closes nor errs */
  unsigned made;   /* messages that the peer has written */
  unsigned told;   /* of them by _next */
  uint8_t pings;   /* written by the peer, numbered */
  unsigned closes;

  char *wire; /* all that has left */
  size_t wire_len, wire_cap;
} model;

/* -- what a message of a number looks like ----------------------------------- */

static size_t body_of(unsigned number, char *out) {
  static const char letters[] =
      "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  static const size_t lens[] = {0, 1, 7, 124, 125, 126, 300, 511, 512, 513};
  dice d = {number * 2654435761u + 1};
  size_t len = roll(&d, 12) ? lens[roll(&d, 10)] : roll(&d, MESSAGE_MAX);
  for (size_t i = 0; i < len; i += 26)
    memcpy(out + i, letters + number % 26, len - i < 26 ? len - i : 26);
  return len;
}

static peal_ws_opcode opcode_of(unsigned number) {
  return number % 3 ? PEAL_WS_TEXT : PEAL_WS_BINARY;
}

static char prefix_of(unsigned number) {
  return number % 2 ? '4' : 0;
}

/* -- the peer ------------------------------------------------------------------ */

static void put_frame(model *m, bool fin, unsigned opcode, const char *body,
                      size_t len) {
  uint32_t key = roll(&m->dice, UINT32_MAX);
  peal_ws_frame frame = {
      .len = len, .opcode = (uint8_t)opcode, .fin = fin, .masked = !m->client};
  if (frame.masked)
    memcpy(frame.mask, &key, sizeof(frame.mask));
  char *to = m->input + m->input_len;
  size_t head = peal_ws_frame_encode(to, &frame);
  peal_ws_frame_mask(to + head, body, len, frame.mask, 0);
  m->input_len += head + len;
}

static void put_ping(model *m) {
  char payload[125];
  memset(payload, m->pings, sizeof(payload));
  m->pings++;
  put_frame(m, true, PEAL_WS_PING, payload, 1 + roll(&m->dice, 125));
}

/* In up to five fragments, with pings and pongs between them. */
static void put_message(model *m) {
  static char body[MESSAGE_MAX];
  size_t len = body_of(m->made, body);
  size_t at = 0;
  unsigned opcode = opcode_of(m->made);
  for (unsigned more = roll(&m->dice, 5); more > 0; more--) {
    size_t piece = roll(&m->dice, (uint32_t)(len - at) + 1);
    put_frame(m, false, opcode, body + at, piece);
    opcode = PEAL_WS_CONTINUATION;
    at += piece;
    if (roll(&m->dice, 4) == 0)
      put_ping(m);
    else if (roll(&m->dice, 4) == 0)
      put_frame(m, true, PEAL_WS_PONG, "x", 1);
  }
  put_frame(m, true, opcode, body + at, len - at);
  m->made++;
}

static void peer_writes(model *m) {
  if (m->peer_closed || m->peer_is_wrong ||
      m->input_len + MESSAGE_MAX + 1000 > INPUT_MAX)
    return;
  switch (roll(&m->dice, 60) + (m->is_endless ? 2 : 0)) {
  case 0: /* the end, behind which nothing counts */
    put_frame(m, true, PEAL_WS_CLOSE, "\x03\xe9", 2);
    put_frame(m, true, PEAL_WS_TEXT, "late", 4);
    m->peer_closed = true;
    break;
  case 1: /* a reserved opcode */
    put_frame(m, true, 3, "?", 1);
    m->peer_is_wrong = true;
    break;
  case 2:
  case 3:
  case 4:
  case 5:
    put_ping(m);
    break;
  default:
    put_message(m);
  }
}

/* What the games saw, so that they are not empty. */
static struct figures {
  unsigned told, sent, ended, wrong, refused, timed_out, slow;
} figures;

/* -- what is told --------------------------------------------------------------- */

static void check(const model *m) {
  assert_true(peal_ws_conn_check(m->conn));
  assert_true(m->account.used <= m->mem.bytes);
}

static void take_message(model *m, const peal_ws_event *event) {
  static char expected[MESSAGE_MAX];
  size_t len = body_of(m->told, expected);
  assert_int_equal(m->closes, 0);
  assert_true(m->told < m->made);
  assert_int_equal(event->opcode, opcode_of(m->told));
  assert_int_equal(event->data.len, len);
  if (len)
    assert_memory_equal(event->data.ptr, expected, len);
  m->told++;
  m->told_ms = m->now_ms;
}

static void drop_queue(model *m) {
  while (m->queue_first < m->queue_end)
    peal_message_unref(m->queue[m->queue_first++].message);
}

/* The close event comes once, for one of the reasons that there are. */
static void take_close(model *m, const peal_ws_event *event) {
  bool is_out_of_memory = event->err == PEAL_ERR_NOMEM;
  bool is_refused = event->err == PEAL_ERR_LIMIT;
  assert_int_equal(m->closes, 0);
  m->closes++;
  m->failed = m->failed || event->err != PEAL_OK;
  figures.ended += event->err == PEAL_OK;
  figures.wrong += event->err == PEAL_ERR_WS_OPCODE;
  figures.refused += event->err == PEAL_ERR_LIMIT;
  figures.timed_out += event->err == PEAL_ERR_TIMEOUT && m->closing;
  figures.slow += event->err == PEAL_ERR_TIMEOUT && !m->closing;
  if (event->err == PEAL_OK) {
    assert_true(m->peer_closed);
    assert_int_equal(event->code, 1001);
    assert_int_equal(m->told, m->made);
  } else if (event->err == PEAL_ERR_WS_OPCODE) {
    assert_true(m->peer_is_wrong);
    assert_int_equal(m->told, m->made);
  } else if (is_out_of_memory) {
    assert_true(m->mem.failed);
  } else if (is_refused) {
    assert_int_not_equal(m->account.max, 0);
  } else {
    assert_int_equal(event->err, PEAL_ERR_TIMEOUT);
    /* What is unfinished began behind the last message. */
    assert_true(m->closing || (m->opts.message_ms &&
                               m->now_ms >= m->told_ms + m->opts.message_ms));
  }
  if (!m->closing)
    m->dropped_at = m->sent - (m->queue_end - m->queue_first);
  m->closing = true;
  drop_queue(m);
}

static void take_events(model *m) {
  peal_ws_event event;
  while (peal_ws_conn_next(m->conn, &event)) {
    check(m);
    if (event.type == PEAL_WS_EVENT_MESSAGE)
      take_message(m, &event);
    else
      take_close(m, &event);
  }
  check(m);
}

static void feed_some(model *m) {
  size_t len = m->input_len - m->input_at;
  size_t most = roll(&m->dice, 2) ? 20 : 40000;
  size_t piece = 1 + roll(&m->dice, (uint32_t)most);
  piece = piece < len ? piece : len;
  char *copy = malloc(piece + 1);
  assert_non_null(copy);
  memcpy(copy, m->input + m->input_at, piece);
  m->input_at += piece;
  if (m->input_at == m->input_len)
    m->input_at = m->input_len = 0;
  peal_ws_conn_feed(m->conn, copy, piece, m->now_ms);
  take_events(m);
  free(copy);
}

/* -- what is sent --------------------------------------------------------------- */

static void send_message(model *m) {
  static char body[MESSAGE_MAX];
  peal_slice data = {body, body_of(m->sent, body)};
  char prefix = prefix_of(m->sent);
  bool through =
      m->client || (m->queue_first == m->queue_end && roll(&m->dice, 8) == 0);
  if (m->closing || m->queue_end == QUEUE_MAX)
    return;
  if (through) {
    peal_err err = peal_ws_conn_send(m->conn, opcode_of(m->sent), prefix, data);
    assert_true(err == PEAL_OK || (err == PEAL_ERR_NOMEM && m->mem.failed));
    m->sent += err ? 0 : 1;
    return;
  }
  peal_message *message = peal_message_new(data, NULL, 0, NULL);
  assert_non_null(message);
  m->queue[m->queue_end++] = (waiting){message, prefix};
  m->sent++;
}

static unsigned number_at(const model *m, unsigned index) {
  return m->sent - (m->queue_end - index);
}

static void pull_queue(model *m, peal_iovs *out) {
  if (m->client || roll(&m->dice, 8) == 0)
    return;
  for (unsigned i = m->queue_first; i < m->queue_end; i++)
    if (!peal_ws_conn_pull_message(m->conn, out, opcode_of(number_at(m, i)),
                                   m->queue[i].prefix,
                                   peal_message_part(m->queue[i].message, 0)))
      return;
}

/* `len` bytes of the queue have left. */
static void pop_queue(model *m, size_t len) {
  while (len > 0) {
    assert_true(m->queue_first < m->queue_end);
    waiting *first = &m->queue[m->queue_first];
    peal_ws_opcode opcode = opcode_of(number_at(m, m->queue_first));
    size_t whole = peal_ws_conn_message_len(m->conn, first->prefix,
                                            peal_message_len(first->message));
    if (len < whole) {
      peal_err err =
          peal_ws_conn_keep(m->conn, opcode, first->prefix, first->message,
                            peal_message_part(first->message, 0), len);
      /* The stream would be closed now. */
      if (err)
        m->failed = true;
      assert_true(!err || m->mem.failed);
      len = whole;
    }
    len -= whole;
    peal_message_unref(first->message);
    m->queue_first++;
  }
}

static void put_wire(model *m, const char *data, size_t len) {
  if (len > m->wire_cap - m->wire_len) {
    m->wire_cap = 2 * m->wire_cap + len;
    m->wire = realloc(m->wire, m->wire_cap);
    assert_non_null(m->wire);
  }
  memcpy(m->wire + m->wire_len, data, len);
  m->wire_len += len;
}

static void write_some(model *m) {
  static char scratch[65536];
  peal_iovs iovs;
  if (m->failed)
    return;
  peal_iovs_init(&iovs, scratch, roll(&m->dice, 3) ? sizeof(scratch) : 300);
  peal_ws_conn_pull(m->conn, &iovs);
  pull_queue(m, &iovs);
  check(m);
  if (roll(&m->dice, 8) == 0)
    return; /* nothing could be written: all comes again */
  /* What is queued in between is not counted. */
  if (roll(&m->dice, 8) == 0 && m->input_at < m->input_len && !m->peer_closed)
    feed_some(m);
  if (m->failed)
    return;
  size_t sent =
      roll(&m->dice, 2) ? iovs.bytes : roll(&m->dice, (uint32_t)iovs.bytes + 1);
  size_t left = sent;
  for (size_t i = 0; i < iovs.count && left > 0; i++) {
    size_t piece = iovs.items[i].len < left ? iovs.items[i].len : left;
    put_wire(m, iovs.items[i].ptr, piece);
    left -= piece;
  }
  size_t behind = peal_ws_conn_sent(m->conn, sent);
  assert_true(behind <= sent);
  pop_queue(m, behind);
  check(m);
}

static void close_it(model *m) {
  if (m->queue_first < m->queue_end || m->closing || roll(&m->dice, 4))
    return;
  peal_ws_conn_close(m->conn, 1000, PEAL_S("done"), m->now_ms);
  m->dropped_at = m->sent;
  m->closing = true;
  check(m);
}

static void step(model *m) {
  m->now_ms += roll(&m->dice, 20);
  switch (roll(&m->dice, 16)) {
  case 0:
  case 1:
  case 2:
    peer_writes(m);
    break;
  case 3:
  case 4:
  case 5:
  case 6:
    if (m->input_at < m->input_len)
      feed_some(m);
    break;
  case 7:
  case 8:
  case 9:
    send_message(m);
    break;
  case 10: {
    peal_err err = peal_ws_conn_ping(m->conn, PEAL_S("model"));
    assert_true(err == PEAL_OK || (err == PEAL_ERR_CLOSED && m->closing) ||
                (err == PEAL_ERR_NOMEM && m->mem.failed));
    break;
  }
  case 11:
    if (m->now_ms > 2500)
      close_it(m);
    break;
  case 12:
    peal_ws_conn_tick(m->conn, m->now_ms);
    take_events(m);
    break;
  default:
    write_some(m);
  }
}

/* -- what has left, read by another reader ---------------------------------------- */

typedef struct reader {
  unsigned next; /* number of the message that must come next */
  int pong;      /* number of the last one */
  bool closed;
} reader;

static void read_message(const model *m, reader *r, unsigned opcode,
                         peal_slice data) {
  static char expected[MESSAGE_MAX + 1];
  size_t first = prefix_of(r->next) ? 1 : 0;
  expected[0] = prefix_of(r->next);
  size_t len = first + body_of(r->next, expected + first);
  assert_true(r->next < m->sent);
  assert_int_equal(opcode, opcode_of(r->next));
  assert_int_equal(data.len, len);
  if (len)
    assert_memory_equal(data.ptr, expected, len);
  r->next++;
}

static void read_frame(const model *m, reader *r, const peal_ws_frame *frame,
                       peal_slice data) {
  assert_false(r->closed); /* RFC6455 5.5.1: nothing behind a close frame */
  assert_true(frame->fin && frame->masked == m->client);
  switch (frame->opcode) {
  case PEAL_WS_CLOSE:
    r->closed = true;
    break;
  case PEAL_WS_PING:
    assert_true(peal_slice_is(data, "model"));
    break;
  case PEAL_WS_PONG: /* in the order of the pings; some may be missing */
    assert_true(data.len > 0 && (uint8_t)data.ptr[0] > r->pong);
    r->pong = (uint8_t)data.ptr[0];
    break;
  default:
    read_message(m, r, frame->opcode, data);
  }
}

#define HEAD "HTTP/1.1 101 Switching Protocols\r\n\r\n"

static void read_wire(model *m, reader *r) {
  size_t at = strlen(HEAD);
  if (m->wire_len < at)
    return;
  assert_memory_equal(m->wire, HEAD, at);
  for (;;) {
    peal_ws_frame frame;
    size_t used;
    peal_slice rest = {m->wire + at, m->wire_len - at};
    if (peal_ws_frame_decode(&frame, rest, &used) == PEAL_ERR_AGAIN ||
        frame.len > rest.len - used)
      return;
    char *body = m->wire + at + used;
    size_t len = (size_t)frame.len;
    peal_ws_frame_mask(body, body, len, frame.mask, 0);
    read_frame(m, r, &frame, (peal_slice){body, len});
    at += used + len;
  }
}

/* -- games ------------------------------------------------------------------------ */

static uint32_t rolled_key(void *user) {
  return roll(user, UINT32_MAX);
}

static bool open_it(model *m, uint64_t seed, size_t fail_at, size_t max) {
  m->dice.state = seed;
  m->client = seed % 2;
  m->is_endless = seed % 3 == 0;
  m->account.max = max;
  torture_init(&m->mem, fail_at);
  m->opts = (peal_ws_conn_opts){.client = m->client,
                                .close_timeout_ms = 1000,
                                .message_ms = seed % 4 == 1 ? 50 : 0,
                                .mem = &m->mem.mem,
                                .mask = rolled_key,
                                .mask_user = &m->dice};
  m->conn = peal_ws_conn_new(&m->opts, &m->account, PEAL_S(HEAD));
  return m->conn != NULL;
}

/* What waits on either side goes, if nothing failed. */
static void drain(model *m) {
  while (m->input_at < m->input_len)
    feed_some(m);
  for (int idle = 0; idle < 30 && !m->failed;) {
    size_t before = m->wire_len;
    write_some(m);
    idle = m->wire_len == before ? idle + 1 : 0;
  }
}

static void judge(model *m) {
  reader r = {.pong = -1};
  read_wire(m, &r);
  if (m->failed)
    return;
  assert_int_equal(m->told, m->made);
  assert_int_equal(m->closes, m->peer_closed);
  assert_int_equal(peal_ws_conn_queued(m->conn), 0);
  assert_int_equal(r.next, m->closing ? m->dropped_at : m->sent);
  /* A close frame for which there is no memory is left out. */
  assert_true(r.closed == m->closing || (m->closing && m->mem.failed));
  assert_true(m->pings == 0 || r.pong == m->pings - 1 || m->closing);
}

static void close_game(model *m) {
  drop_queue(m);
  peal_ws_conn_free(m->conn);
  assert_int_equal(m->mem.live, 0);
  assert_int_equal(m->account.used, 0);
  free(m->wire);
  free(m);
}

/* Returns whether an allocation was made to fail. */
static bool play(uint64_t seed, size_t fail_at, size_t max) {
  model *m = calloc(1, sizeof(*m));
  assert_non_null(m);
  if (open_it(m, seed, fail_at, max)) {
    for (int i = 0; i < STEPS && !m->failed; i++)
      step(m);
    drain(m);
    judge(m);
  }
  bool failed = m->mem.failed;
  figures.told += m->told;
  figures.sent += m->sent;
  close_game(m);
  return failed;
}

static void random_verbs_do_what_the_model_does(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 300; seed++)
    (void)play(seed, 0, 0);
  assert_true(figures.told > 5000 && figures.sent > 5000);
  assert_true(figures.ended > 50 && figures.wrong > 50);
  assert_true(figures.timed_out > 10 && figures.slow > 10);
}

static void any_allocation_may_fail_at_any_time(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 6; seed++)
    for (size_t fail_at = 1; play(seed, fail_at, 0); fail_at++)
      continue;
}

static void an_account_may_refuse_at_any_time(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; seed++)
    (void)play(seed, 0, 600 + seed * 500);
  assert_true(figures.refused > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_verbs_do_what_the_model_does),
      cmocka_unit_test(any_allocation_may_fail_at_any_time),
      cmocka_unit_test(an_account_may_refuse_at_any_time),
  };
  return cmocka_run_group_tests_name("ws_model", tests, NULL, NULL);
}
