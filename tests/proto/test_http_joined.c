/* SPDX-License-Identifier: MIT */
/* http_conn against itself and against a model. Joined: a client and a server
 * over a wire played here; pieces, delays, sizes and what both do come from a
 * seeded dice, so that a failing seed can be replayed. Model: random verbs in
 * random order; what is told and returned must fit what a few flags know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "proto/http_ask.h"
#include "proto/http_conn.h"
#include "proto/http_reply.h"
#include "proto/http_write.h"
#include "torture.h"

static const peal_slice none = {NULL, 0};

static uint64_t dice;
static uint64_t seed_at_work;

static unsigned roll(unsigned sides) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(dice >> 33) % sides;
}

/* Content that tells where it is from. */
static char pattern[300000];

static void fill_pattern(void) {
  for (size_t i = 0; i < sizeof(pattern); i++)
    pattern[i] = (char)('a' + (i * 7 + i / 26) % 26);
}

/* -- joined ------------------------------------------------------------------ */

#define REQUESTS 40u

/* How the server answers. */
typedef enum mode { WHOLE, SHARED, LENGTH, CHUNKED, EARLY, EMPTY, MODES } mode;

typedef struct side {
  peal_http_conn conn;
  peal_buf out; /* on its way to the other */
  size_t out_pos;
  bool closed, end_told;
  size_t got;     /* of the body that comes */
  bool wrong;     /* its content */
  size_t to_send; /* of the body that goes; SIZE_MAX: nothing goes */
  size_t sent;
} side;

typedef struct world {
  side client, server;
  peal_account_server accounts;
  peal_account_worker account;
  peal_http_conn_opts client_opts, server_opts;
  uint64_t now;
  unsigned asked, answered, connections;
  mode mode;
  size_t up, down; /* sizes of the two bodies */
  bool chunked_up, to_head, asking, is_read;
  unsigned status;
} world;

static void open_world(world *w) {
  peal_http_conn_init(&w->client.conn, &w->client_opts, w->now);
  peal_http_conn_init(&w->server.conn, &w->server_opts, w->now);
  side *sides[] = {&w->client, &w->server};
  for (int i = 0; i < 2; i++) {
    peal_buf_init(&sides[i]->out, NULL, 0);
    sides[i]->out_pos = 0;
    sides[i]->closed = sides[i]->end_told = false;
    sides[i]->to_send = SIZE_MAX;
  }
  w->asking = false;
  w->connections++;
}

static void close_world(world *w) {
  peal_http_conn_deinit(&w->client.conn);
  peal_http_conn_deinit(&w->server.conn);
  peal_buf_deinit(&w->client.out);
  peal_buf_deinit(&w->server.out);
  assert_int_equal(w->account.used, 0);
}

static size_t size_of_body(void) {
  static const size_t sizes[] = {0, 1, 100, 5000, 20000, 200000};
  return sizes[roll(6)];
}

/* Above the client: ask the next thing. */
static void ask(world *w) {
  static const char *const methods[] = {"GET", "POST", "HEAD", "PUT"};
  unsigned method = roll(4);
  w->to_head = method == 2;
  w->up = method == 1 || method == 3 ? size_of_body() : 0;
  w->chunked_up = w->up > 0 && roll(2);
  w->mode = (mode)roll(MODES);
  w->down = w->mode == EMPTY ? 0 : size_of_body();
  size_t first = w->chunked_up || !w->up ? 0 : roll((unsigned)w->up + 1);
  bool expects = w->up > 0 && !first && roll(4) == 0;
  const peal_http_ask request = {
      .method = peal_slice_of(methods[method]),
      .target = PEAL_S("/"),
      .host = PEAL_S("h"),
      .lines = expects ? PEAL_S("Expect: 100-continue\r\n") : none,
      .length = w->chunked_up ? UINT64_MAX : w->up,
      .body = {pattern, first},
      .close = roll(8) == 0};
  assert_int_equal(peal_http_ask_with(&w->client.conn, &request, w->now),
                   PEAL_OK);
  w->client.got = 0;
  w->client.sent = first;
  w->client.to_send = w->up > first || w->chunked_up ? w->up : SIZE_MAX;
  w->asking = true;
  w->asked++;
}

/* More of a body that goes; over when all of it went. */
static void write_more(world *w, side *s) {
  if (s->to_send == SIZE_MAX || s->closed)
    return;
  if (s->sent == s->to_send) {
    peal_err err = peal_http_write_end(&s->conn, w->now);
    /* A length is over with its last byte only if that came first. */
    assert_true(err == PEAL_OK || err == PEAL_ERR_USAGE ||
                err == PEAL_ERR_CLOSED);
    s->to_send = SIZE_MAX;
    return;
  }
  size_t len = 1 + roll((unsigned)(s->to_send - s->sent));
  peal_err err = peal_http_write_copy(
      &s->conn, (peal_slice){pattern + s->sent, len}, w->now);
  if (err == PEAL_OK)
    s->sent += len;
  else
    s->to_send = SIZE_MAX; /* the exchange is over already */
}

static peal_http_reply reply_of(const world *w) {
  peal_http_reply reply = {.status = 200, .length = w->down};
  if (w->mode == EMPTY) {
    reply.status = 204;
    reply.whole = true;
  } else if (w->mode == CHUNKED) {
    reply.length = UINT64_MAX;
  } else if (w->mode == WHOLE || w->mode == EARLY) {
    reply.body = (peal_slice){pattern, w->down};
    reply.whole = true;
  }
  return reply;
}

static void answer(world *w) {
  side *s = &w->server;
  peal_http_reply reply = reply_of(w);
  peal_bytes *shared = NULL;
  if (w->mode == SHARED) {
    shared = peal_bytes_new((peal_slice){pattern, w->down});
    reply.bytes = shared;
    reply.own = roll(2);
    reply.whole = true;
  }
  assert_int_equal(peal_http_reply_with(&s->conn, &reply, w->now), PEAL_OK);
  peal_bytes_unref(shared);
  s->sent = 0;
  s->to_send = reply.whole ? SIZE_MAX : w->down;
}

static void take_body(side *s, const peal_http_conn_event *event) {
  if (memcmp(event->data.ptr, pattern + s->got, event->data.len) != 0)
    s->wrong = true;
  s->got += event->data.len;
}

static void on_server_event(world *w, const peal_http_conn_event *event) {
  side *s = &w->server;
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    s->got = 0;
    w->is_read = event->head.framing != PEAL_HTTP1_NO_BODY &&
                 w->mode != EARLY && w->up > 0;
    if (!w->is_read) {
      answer(w);
      break;
    }
    assert_int_equal(peal_http_reply_continue(&s->conn, w->now), PEAL_OK);
    peal_http_conn_want(&s->conn, true, w->now);
    break;
  case PEAL_HTTP_CONN_BODY:
    assert_true(w->is_read);
    if (event->data.len)
      take_body(s, event);
    if (event->last) {
      assert_int_equal(s->got, w->up);
      assert_false(s->wrong);
      w->is_read = false;
      answer(w);
    }
    break;
  case PEAL_HTTP_CONN_OVER:
    break;
  case PEAL_HTTP_CONN_CLOSE:
    s->closed = true;
    break;
  case PEAL_HTTP_CONN_LOST:
  case PEAL_HTTP_CONN_BAD:
    fail_msg("the server said %s", peal_err_name(event->err));
  }
}

static void on_client_event(world *w, const peal_http_conn_event *event) {
  side *s = &w->client;
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    w->status = event->head.status;
    break;
  case PEAL_HTTP_CONN_BODY:
    if (event->data.len)
      take_body(s, event);
    break;
  case PEAL_HTTP_CONN_OVER:
    assert_true(w->asking);
    assert_int_equal(w->status, w->mode == EMPTY ? 204 : 200);
    assert_int_equal(s->got, w->to_head ? 0 : w->down);
    assert_false(s->wrong);
    w->asking = false;
    w->answered++;
    s->to_send = SIZE_MAX;
    break;
  case PEAL_HTTP_CONN_CLOSE:
    assert_int_equal(event->err, PEAL_OK);
    assert_false(w->asking);
    s->closed = true;
    break;
  case PEAL_HTTP_CONN_LOST:
  case PEAL_HTTP_CONN_BAD:
    fail_msg("the client said %s", peal_err_name(event->err));
  }
}

static void run(world *w, side *s) {
  peal_http_conn_event event;
  while (peal_http_conn_next(&s->conn, &event)) {
    if (s == &w->server)
      on_server_event(w, &event);
    else
      on_client_event(w, &event);
    peal_http_conn_check(&s->conn);
  }
  peal_http_conn_check(&s->conn);
}

/* Some of what waits leaves. */
static void leave(world *w, side *s, size_t max) {
  char scratch[2000];
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  peal_http_conn_pull(&s->conn, &iovs);
  size_t sent = 0;
  for (size_t i = 0; i < iovs.count && sent < max; i++) {
    peal_slice piece = iovs.items[i];
    size_t len = piece.len < max - sent ? piece.len : max - sent;
    peal_buf_add(&s->out, (peal_slice){piece.ptr, len});
    sent += len;
  }
  if (sent)
    peal_http_conn_sent(&s->conn, sent, w->now);
  run(w, s);
}

/* Some of what is on its way arrives, if the other reads. */
static void arrive(world *w, side *from, side *to, size_t max) {
  size_t len = from->out.len - from->out_pos;
  if (len > max)
    len = max;
  if (len && (to->closed || peal_http_conn_wants_read(&to->conn))) {
    peal_http_conn_feed(
        &to->conn, (peal_slice){from->out.ptr + from->out_pos, len}, w->now);
    from->out_pos += len;
    run(w, to);
  }
  if (from->out_pos == from->out.len && from->closed && !to->end_told &&
      !peal_http_conn_waiting(&from->conn)) {
    to->end_told = true;
    peal_http_conn_end(&to->conn, w->now);
    run(w, to);
  }
}

static void step(world *w) {
  size_t some = roll(3) ? 1 + roll(3000) : 1 + roll(100000);
  switch (roll(8)) {
  case 0:
    arrive(w, &w->client, &w->server, some);
    break;
  case 1:
    arrive(w, &w->server, &w->client, some);
    break;
  case 2:
    leave(w, &w->client, some);
    break;
  case 3:
    leave(w, &w->server, some);
    break;
  case 4:
    write_more(w, &w->client);
    run(w, &w->client);
    break;
  case 5:
    write_more(w, &w->server);
    run(w, &w->server);
    break;
  case 6:
    if (!w->asking && !w->client.closed && w->asked < REQUESTS &&
        w->client.conn.phase == PEAL_HTTP_CONN_IDLE)
      ask(w);
    break;
  default:
    w->now += roll(5);
    peal_http_conn_tick(&w->client.conn, w->now);
    peal_http_conn_tick(&w->server.conn, w->now);
    run(w, &w->client);
    run(w, &w->server);
  }
}

static void play_world(uint64_t seed) {
  world w;
  memset(&w, 0, sizeof(w));
  dice = seed;
  peal_account_server_init(&w.accounts, 0);
  peal_account_worker_init(&w.account, &w.accounts);
  w.server_opts = (peal_http_conn_opts){.account = &w.account,
                                        .head_ms = 1u << 30,
                                        .body_ms = 1u << 30,
                                        .idle_ms = 1u << 30,
                                        .write_ms = 1u << 30};
  w.client_opts = w.server_opts;
  w.client_opts.client = true;
  open_world(&w);
  for (unsigned steps = 0; w.answered < REQUESTS; steps++) {
    assert_true(steps < 2000000);
    step(&w);
    if (w.client.closed && w.server.closed) {
      close_world(&w);
      open_world(&w);
    }
  }
  assert_int_equal(w.asked, REQUESTS);
  close_world(&w);
  peal_account_worker_deinit(&w.account);
}

static void every_request_gets_its_answer_whatever_the_wire_does(void **state) {
  (void)state;
  fill_pattern();
  for (uint64_t seed = 1; seed <= 60; seed++) {
    play_world(seed_at_work = seed);
  }
}

/* -- the model ------------------------------------------------------------------ */

typedef struct model {
  peal_http_conn conn;
  uint64_t now;
  char *script;
  size_t len, pos;
  char *lent; /* a block of its own, freed when it may not be used any more */
  bool in_exchange, begun, ended, wants, body_open, lost;
  bool asked_next; /* _next has returned false since the last feed */
  bool said_closed, closed, expects_close;
  uint64_t left; /* of what was announced */
  unsigned heads, overs, closes;
} model;

static const char *const requests[] = {
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    "HEAD /d HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
    "Content-Length: 3\r\n\r\nxyz",
    "GET /f HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /g HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST /h HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz",
    "nonsense\r\n\r\n",
};

/* Mostly requests that keep the connection. */
static void write_script(model *m) {
  static char script[4000];
  m->script = script;
  m->len = 0;
  for (int i = 0; i < 12; i++) {
    const char *one = requests[roll(20) ? roll(6) : roll(9)];
    memcpy(script + m->len, one, strlen(one));
    m->len += strlen(one);
  }
}

static void hear(model *m, const peal_http_conn_event *event) {
  assert_false(m->closed);
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    assert_false(m->in_exchange);
    m->in_exchange = true;
    m->begun = m->ended = m->wants = m->lost = false;
    m->body_open = event->head.framing != PEAL_HTTP1_NO_BODY;
    m->heads++;
    break;
  case PEAL_HTTP_CONN_BODY:
    assert_true(m->in_exchange && m->body_open && m->wants && !m->lost);
    assert_true(event->data.len > 0 || event->last);
    m->body_open = !event->last;
    break;
  case PEAL_HTTP_CONN_LOST:
    assert_true(m->in_exchange && m->body_open && !m->lost);
    m->lost = true;
    break;
  case PEAL_HTTP_CONN_OVER:
    assert_true(m->in_exchange && m->ended);
    assert_int_equal(peal_http_conn_waiting(&m->conn), 0);
    m->in_exchange = false;
    m->overs++;
    break;
  case PEAL_HTTP_CONN_BAD:
    assert_false(m->in_exchange);
    m->expects_close = true;
    break;
  case PEAL_HTTP_CONN_CLOSE:
    m->closed = true;
    m->closes++;
    break;
  }
}

static void do_next(model *m) {
  peal_http_conn_event event;
  memset(&event, 0x5a, sizeof(event));
  if (peal_http_conn_next(&m->conn, &event)) {
    hear(m, &event);
    return;
  }
  m->asked_next = true;
  test_free(m->lent);
  m->lent = NULL;
}

static void do_feed(model *m) {
  while (!m->asked_next)
    do_next(m);
  if (m->pos == m->len || !peal_http_conn_wants_read(&m->conn))
    return;
  size_t len = 1 + roll(roll(2) ? 10 : 400);
  if (len > m->len - m->pos)
    len = m->len - m->pos;
  m->lent = test_malloc(len);
  memcpy(m->lent, m->script + m->pos, len);
  m->pos += len;
  peal_http_conn_feed(&m->conn, (peal_slice){m->lent, len}, m->now);
  m->asked_next = false;
}

/* CLOSED is said only when CLOSE has come or is about to. */
static bool is_refused(model *m, peal_err err, bool allowed) {
  if (err == PEAL_ERR_CLOSED) {
    m->expects_close = true;
    return true;
  }
  assert_int_equal(err == PEAL_OK, allowed && !m->closed);
  assert_true(err == PEAL_OK || err == PEAL_ERR_USAGE);
  return err != PEAL_OK;
}

static void do_answer(model *m) {
  bool whole = roll(2);
  uint64_t length = roll(2) ? UINT64_MAX : 20;
  peal_http_reply reply = {.status = roll(5) ? 200 : 204,
                           .length = whole ? 3 : length,
                           .body = whole ? PEAL_S("abc") : none,
                           .whole = whole,
                           .close = roll(20) == 0,
                           .certain = roll(2)};
  peal_err err = peal_http_reply_with(&m->conn, &reply, m->now);
  if (is_refused(m, err, m->in_exchange && !m->begun))
    return;
  m->begun = true;
  m->ended = whole;
  m->left = length;
}

static void do_write(model *m) {
  peal_slice data = {"0123456789abcdef", roll(8)};
  peal_err err = peal_http_write_copy(&m->conn, data, m->now);
  bool may = m->in_exchange && m->begun && !m->ended && data.len <= m->left;
  if (!is_refused(m, err, may) && m->left != UINT64_MAX)
    m->left -= data.len;
}

static void do_finish(model *m) {
  bool may = m->in_exchange && m->begun && !m->ended;
  peal_err err = peal_http_write_end(&m->conn, m->now);
  if (may && err == PEAL_ERR_USAGE) {
    assert_true(m->left != UINT64_MAX && m->left > 0);
    m->expects_close = true;
    return;
  }
  if (!is_refused(m, err, may))
    m->ended = true;
}

static void do_pull(model *m) {
  char scratch[500];
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  peal_http_conn_pull(&m->conn, &iovs);
  assert_int_equal(iovs.bytes > 0, peal_http_conn_waiting(&m->conn) > 0);
  if (iovs.bytes)
    peal_http_conn_sent(&m->conn, 1 + roll((unsigned)iovs.bytes), m->now);
}

static void do_rare(model *m) {
  switch (roll(7)) {
  case 0:
    peal_http_conn_drop_body(&m->conn);
    m->wants = false;
    break;
  case 1:
    peal_http_conn_stop(&m->conn);
    break;
  case 2:
    peal_http_conn_end(&m->conn, m->now);
    break;
  case 3:
    peal_http_conn_break(&m->conn, PEAL_ERR_CANCELLED);
    m->expects_close = true;
    break;
  case 4:
    m->now += 40000;
    break;
  case 5:
    if (!is_refused(m, peal_http_reply_raw(&m->conn, PEAL_S("raw"), m->now),
                    m->in_exchange && !m->begun))
      m->begun = m->ended = true;
    break;
  default:
    peal_http_conn_refuse(&m->conn, 503);
    m->expects_close = true;
  }
}

static void do_one(model *m, bool rare) {
  switch (roll(10)) {
  case 0:
  case 1:
    do_feed(m);
    break;
  case 2:
    do_answer(m);
    break;
  case 3:
    do_write(m);
    break;
  case 4:
    do_finish(m);
    break;
  case 5:
    do_pull(m);
    break;
  case 6:
    m->wants = m->in_exchange ? roll(4) > 0 : m->wants;
    if (m->in_exchange)
      peal_http_conn_want(&m->conn, m->wants, m->now);
    break;
  case 7:
    m->now += roll(50);
    peal_http_conn_tick(&m->conn, m->now);
    break;
  case 8:
    if (peal_http_reply_continue(&m->conn, m->now))
      fail();
    if (rare && roll(30) == 0)
      do_rare(m);
    break;
  default:
    do_next(m);
  }
}

static void play_model(uint64_t seed, bool rare) {
  static const peal_http_conn_opts opts = {
      .head_ms = 10000, .body_ms = 30000, .idle_ms = 5000, .write_ms = 30000};
  model m;
  memset(&m, 0, sizeof(m));
  dice = seed;
  m.asked_next = true;
  write_script(&m);
  peal_http_conn_init(&m.conn, &opts, 0);
  for (int i = 0; i < 600; i++) {
    do_one(&m, rare);
    peal_http_conn_check(&m.conn);
    if (m.closed)
      assert_int_equal(peal_http_conn_deadline(&m.conn), UINT64_MAX);
  }
  /* What was promised comes. */
  for (int i = 0; i < 100; i++)
    do_next(&m);
  if (m.expects_close)
    assert_int_equal(m.closes, 1);
  assert_in_range(m.heads - m.overs, 0, 1);
  peal_http_conn_deinit(&m.conn);
  test_free(m.lent);
}

static void random_verbs_in_random_order_fit_the_model(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    play_model(seed_at_work = seed, seed % 3 > 0);
  }
}

static int say_seed(void **state) {
  (void)state;
  print_message("last seed: %u\n", (unsigned)seed_at_work);
  return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, say_seed)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_request_gets_its_answer_whatever_the_wire_does),
      TEST(random_verbs_in_random_order_fit_the_model),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
