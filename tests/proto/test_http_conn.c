/* SPDX-License-Identifier: MIT */
/* http_conn alone: byte cases for both roles (tests/wire/http_conn), time,
 * ceilings, what is told when, every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "proto/http_ask.h"
#include "proto/http_conn.h"
#include "proto/http_refusal.h"
#include "proto/http_reply.h"
#include "proto/http_write.h"
#include "proto/proto_limits.h"
#include "torture.h"
#include "wire_case.h"

static const peal_slice none = {NULL, 0};

/* -- a program above, a wire below ----------------------------------------- */

typedef struct player {
  peal_http_conn conn;
  wire_log *log;
  peal_buf body; /* collected */
  peal_buf sent;
  bool in_body; /* of the log's line */
  bool echo, over, closed;
  peal_err why;
  unsigned heads, overs, losts, bads, closes;
} player;

static void open_player(player *p, const peal_http_conn_opts *opts,
                        wire_log *log) {
  memset(p, 0, sizeof(*p));
  p->log = log;
  peal_http_conn_init(&p->conn, opts, 0);
  peal_buf_init(&p->body, NULL, 0);
  peal_buf_init(&p->sent, NULL, 0);
}

static void close_player(player *p) {
  peal_http_conn_deinit(&p->conn);
  peal_buf_deinit(&p->body);
  peal_buf_deinit(&p->sent);
}

static peal_err answer(player *p, unsigned status, peal_slice body,
                       uint64_t now_ms) {
  return peal_http_reply_with(
      &p->conn,
      &(peal_http_reply){
          .status = status, .length = body.len, .body = body, .whole = true},
      now_ms);
}

static void stream(player *p, uint64_t length) {
  peal_err err = peal_http_reply_with(
      &p->conn, &(peal_http_reply){.status = 200, .length = length}, 0);
  assert_int_equal(err, PEAL_OK);
  assert_int_equal(peal_http_write_copy(&p->conn, PEAL_S("abc"), 0), PEAL_OK);
  assert_int_equal(peal_http_write_copy(&p->conn, PEAL_S("def"), 0), PEAL_OK);
  assert_int_equal(peal_http_write_copy(&p->conn, none, 0), PEAL_OK);
  assert_int_equal(peal_http_write_end(&p->conn, 0), PEAL_OK);
}

static void on_head(player *p, const peal_http1_head *head) {
  p->heads++;
  p->echo = peal_slice_is(head->target, "/echo");
  if (p->echo && head->framing != PEAL_HTTP1_NO_BODY)
    peal_http_conn_want(&p->conn, true, p->conn.now_ms);
  else if (peal_slice_is(head->target, "/stream"))
    stream(p, UINT64_MAX);
  else if (peal_slice_is(head->target, "/known"))
    stream(p, 6);
  else if (peal_slice_is(head->target, "/204"))
    assert_int_equal(answer(p, 204, none, 0), PEAL_OK);
  else if (peal_slice_is(head->target, "/304"))
    assert_int_equal(answer(p, 304, none, 0), PEAL_OK);
  else
    assert_int_equal(answer(p, 200, PEAL_S("ok"), 0), PEAL_OK);
}

static void log_head(player *p, const peal_http1_head *head) {
  char line[200];
  if (p->conn.opts->client)
    snprintf(line, sizeof(line), "head %u", head->status);
  else
    snprintf(line, sizeof(line), "head %.*s %.*s", PEAL_SFMT(head->method),
             PEAL_SFMT(head->target));
  if (p->log)
    wire_log_add(p->log, "%s", line);
}

static void end_line(player *p) {
  if (p->in_body && p->log)
    wire_log_end(p->log);
  p->in_body = false;
}

static void on_body(player *p, const peal_http_conn_event *event) {
  if (event->data.len && p->log) {
    wire_log_put_bytes(p->log, event->data);
    p->in_body = true;
  }
  peal_buf_add(&p->body, event->data);
  if (!event->last)
    return;
  end_line(p);
  if (p->log)
    wire_log_add(p->log, "end");
  if (p->conn.opts->client)
    return;
  assert_int_equal(answer(p, 200, peal_buf_slice(&p->body), 0), PEAL_OK);
  peal_buf_reset(&p->body);
}

static void act(player *p, const peal_http_conn_event *event) {
  assert_false(p->closed);
  if (event->kind != PEAL_HTTP_CONN_BODY)
    end_line(p);
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    log_head(p, &event->head);
    if (!p->conn.opts->client)
      on_head(p, &event->head);
    break;
  case PEAL_HTTP_CONN_BODY:
    on_body(p, event);
    break;
  case PEAL_HTTP_CONN_LOST:
    p->losts++;
    if (p->log)
      wire_log_add(p->log, "lost %s", peal_err_name(event->err));
    if (!p->conn.opts->client)
      assert_int_equal(answer(p, peal_err_http_status(event->err), none, 0),
                       PEAL_OK);
    break;
  case PEAL_HTTP_CONN_OVER:
    p->overs++;
    if (p->log)
      wire_log_add(p->log, "over");
    break;
  case PEAL_HTTP_CONN_BAD:
    p->bads++;
    if (p->log)
      wire_log_add(p->log, "bad %s", peal_err_name(event->err));
    break;
  case PEAL_HTTP_CONN_CLOSE:
    p->closes++;
    p->closed = true;
    p->why = event->err;
    if (p->log)
      wire_log_add(p->log, "close%s%s", event->err ? " " : "",
                   event->err ? peal_err_name(event->err) : "");
    break;
  }
}

static void run(player *p) {
  peal_http_conn_event event;
  while (peal_http_conn_next(&p->conn, &event)) {
    act(p, &event);
    peal_http_conn_check(&p->conn);
  }
  peal_http_conn_check(&p->conn);
}

/* Everything leaves, `step` bytes at a time. */
static void drain(player *p, size_t step, uint64_t now_ms) {
  static char scratch[65536];
  peal_iovs iovs;
  while (peal_http_conn_waiting(&p->conn)) {
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    peal_http_conn_pull(&p->conn, &iovs);
    assert_true(iovs.count > 0);
    size_t len = iovs.items[0].len < step ? iovs.items[0].len : step;
    peal_buf_add(&p->sent, (peal_slice){iovs.items[0].ptr, len});
    peal_http_conn_sent(&p->conn, len, now_ms);
    run(p);
  }
}

static void feed(player *p, peal_slice data, uint64_t now_ms) {
  peal_http_conn_feed(&p->conn, data, now_ms);
  run(p);
  drain(p, SIZE_MAX, now_ms);
}

static void ask(player *p, peal_slice method, peal_slice body,
                uint64_t now_ms) {
  const peal_http_ask request = {.method = method,
                                 .target = PEAL_S("/x"),
                                 .host = PEAL_S("h"),
                                 .length = body.len,
                                 .body = body};
  assert_int_equal(peal_http_ask_with(&p->conn, &request, now_ms), PEAL_OK);
  drain(p, SIZE_MAX, now_ms);
}

/* -- byte cases ------------------------------------------------------------- */

static void play(const wire_case *test, wire_feed *in, wire_log *log,
                 void *user) {
  const char *method = wire_case_opt(test, "client");
  const peal_http_conn_opts opts = {.client = method != NULL};
  player p;
  peal_slice piece;
  (void)user;
  open_player(&p, &opts, log);
  if (method)
    ask(&p, peal_slice_of(method), none, 0);
  peal_buf_reset(&p.sent);
  while (wire_feed_next(in, &piece))
    feed(&p, piece, 0);
  if (wire_case_opt(test, "fin")) {
    peal_http_conn_end(&p.conn, 0);
    run(&p);
    drain(&p, SIZE_MAX, 0);
  }
  end_line(&p);
  if (!p.closed)
    wire_log_add(log, "open");
  if (p.sent.len)
    wire_log_add_bytes(log, "sent", peal_buf_slice(&p.sent));
  close_player(&p);
}

static void the_byte_cases_hold_however_they_are_cut(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("http_conn", WIRE_CASE_SPLIT, play, NULL), 0);
}

/* -- what is told to it ------------------------------------------------------ */

#define GET PEAL_S("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
#define POST_HEAD                                                              \
  PEAL_S("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")

static const peal_http_conn_opts server_opts = {0};

/* The next event, of this kind. */
static void expect(peal_http_conn *conn, peal_http_conn_kind kind,
                   peal_http_conn_event *event) {
  assert_true(peal_http_conn_next(conn, event));
  assert_int_equal(event->kind, kind);
  peal_http_conn_check(conn);
}

static void expect_nothing(peal_http_conn *conn) {
  peal_http_conn_event event;
  assert_false(peal_http_conn_next(conn, &event));
  peal_http_conn_check(conn);
}

static void a_second_answer_is_refused(void **state) {
  (void)state;
  player p;
  peal_http_conn_event event;
  open_player(&p, &server_opts, NULL);
  assert_int_equal(answer(&p, 200, none, 0), PEAL_ERR_USAGE);
  peal_http_conn_feed(&p.conn, PEAL_S("GET /b HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  assert_int_equal(peal_http_write_copy(&p.conn, PEAL_S("x"), 0),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_http_write_end(&p.conn, 0), PEAL_ERR_USAGE);
  assert_int_equal(answer(&p, 200, PEAL_S("a"), 0), PEAL_OK);
  assert_int_equal(answer(&p, 200, PEAL_S("b"), 0), PEAL_ERR_USAGE);
  assert_int_equal(peal_http_reply_raw(&p.conn, PEAL_S("b"), 0),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_http_write_copy(&p.conn, PEAL_S("x"), 0),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_http_write_end(&p.conn, 0), PEAL_ERR_USAGE);
  drain(&p, 1, 0);
  assert_int_equal(p.overs, 1);
  assert_int_equal(answer(&p, 200, none, 0), PEAL_ERR_USAGE);
  peal_http_conn_break(&p.conn, PEAL_ERR_CANCELLED);
  peal_http_conn_break(&p.conn, PEAL_OK);
  expect(&p.conn, PEAL_HTTP_CONN_CLOSE, &event);
  assert_int_equal(event.err, PEAL_ERR_CANCELLED);
  peal_http_conn_break(&p.conn, PEAL_OK);
  expect_nothing(&p.conn);
  assert_int_equal(answer(&p, 200, none, 0), PEAL_ERR_CLOSED);
  close_player(&p);
}

static void an_answer_shorter_than_announced_breaks_the_connection(
    void **state) {
  (void)state;
  player p;
  peal_http_conn_event event;
  open_player(&p, &server_opts, NULL);
  peal_http_conn_feed(&p.conn, GET, 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  const peal_http_reply reply = {.status = 200, .length = 3};
  assert_int_equal(peal_http_reply_with(&p.conn, &reply, 0), PEAL_OK);
  assert_int_equal(peal_http_write_copy(&p.conn, PEAL_S("abcd"), 0),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_http_write_copy(&p.conn, PEAL_S("ab"), 0), PEAL_OK);
  assert_int_equal(peal_http_write_end(&p.conn, 0), PEAL_ERR_USAGE);
  expect(&p.conn, PEAL_HTTP_CONN_CLOSE, &event);
  assert_int_equal(event.err, PEAL_ERR_USAGE);
  close_player(&p);
}

static void a_body_waits_until_it_is_wanted(void **state) {
  (void)state;
  player p;
  peal_http_conn_event event;
  open_player(&p, &server_opts, NULL);
  peal_http_conn_feed(&p.conn, POST_HEAD, 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  expect_nothing(&p.conn);
  assert_true(peal_http_conn_wants_read(&p.conn));
  peal_http_conn_feed(&p.conn, PEAL_S("he"), 0);
  expect_nothing(&p.conn);
  assert_false(peal_http_conn_wants_read(&p.conn));
  peal_http_conn_want(&p.conn, true, 0);
  assert_true(peal_http_conn_wants_read(&p.conn));
  expect(&p.conn, PEAL_HTTP_CONN_BODY, &event);
  assert_true(peal_slice_is(event.data, "he"));
  assert_false(event.last);
  assert_int_equal(event.left, 3);
  peal_http_conn_want(&p.conn, false, 0);
  peal_http_conn_feed(&p.conn, PEAL_S("lloGET"), 0);
  expect_nothing(&p.conn);
  peal_http_conn_want(&p.conn, true, 0);
  expect(&p.conn, PEAL_HTTP_CONN_BODY, &event);
  assert_true(event.last);
  assert_true(peal_slice_is(event.data, "llo"));
  assert_true(peal_slice_is(peal_http_conn_rest(&p.conn), "GET"));
  close_player(&p);
}

static void an_early_peer_is_held_back(void **state) {
  (void)state;
  static char pipeline[PEAL_LIMIT_HTTP_PIPELINE_BYTES];
  player p;
  peal_http_conn_event event;
  memset(pipeline, 'x', sizeof(pipeline));
  open_player(&p, &server_opts, NULL);
  peal_http_conn_feed(&p.conn, GET, 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  expect_nothing(&p.conn);
  peal_http_conn_feed(&p.conn, (peal_slice){pipeline, 1000}, 0);
  expect_nothing(&p.conn);
  assert_true(peal_http_conn_wants_read(&p.conn));
  peal_http_conn_feed(&p.conn, (peal_slice){pipeline, sizeof(pipeline) - 1000},
                      0);
  expect_nothing(&p.conn);
  assert_false(peal_http_conn_wants_read(&p.conn));
  close_player(&p);
}

static void who_expects_100_gets_it_when_the_body_is_wanted(void **state) {
  (void)state;
  static const char head[] =
      "POST /echo HTTP/1.1\r\nHost: a\r\n"
      "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n";
  player p;
  peal_http_conn_event event;
  open_player(&p, &server_opts, NULL);
  peal_http_conn_feed(&p.conn, peal_slice_of(head), 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  assert_int_equal(peal_http_reply_continue(&p.conn, 0), PEAL_OK);
  assert_int_equal(peal_http_reply_continue(&p.conn, 0), PEAL_OK);
  drain(&p, 7, 0);
  assert_true(
      peal_slice_is(peal_buf_slice(&p.sent), "HTTP/1.1 100 Continue\r\n\r\n"));
  peal_buf_reset(&p.sent);
  peal_http_conn_want(&p.conn, true, 0);
  feed(&p, PEAL_S("x"), 0);
  assert_non_null(memmem(p.sent.ptr, p.sent.len, "keep-alive\r\n\r\nx", 15));
  /* Nobody wanted it: the body will not come, and nobody can know. */
  peal_buf_reset(&p.sent);
  peal_http_conn_feed(&p.conn, peal_slice_of(head), 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  assert_int_equal(answer(&p, 403, none, 0), PEAL_OK);
  drain(&p, SIZE_MAX, 0);
  assert_non_null(memmem(p.sent.ptr, p.sent.len, "Connection: close", 17));
  assert_true(p.closed);
  close_player(&p);
}

static void an_upgrade_gives_what_is_behind_the_head(void **state) {
  (void)state;
  static const char text[] = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: w\r\n"
                             "Connection: upgrade\r\n\r\nframes";
  for (int kept_before = 0; kept_before < 2; kept_before++) {
    player p;
    peal_http_conn_event event;
    peal_buf kept;
    peal_slice rest;
    open_player(&p, &server_opts, NULL);
    if (kept_before) {
      peal_http_conn_feed(&p.conn, (peal_slice){text, 20}, 0);
      expect_nothing(&p.conn);
      peal_http_conn_feed(&p.conn, (peal_slice){text + 20, sizeof(text) - 21},
                          0);
    } else {
      peal_http_conn_feed(&p.conn, peal_slice_of(text), 0);
    }
    expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
    assert_true(event.head.upgrade);
    peal_http_conn_upgrade(&p.conn, &kept, &rest);
    assert_true(peal_slice_is(rest, "frames"));
    expect_nothing(&p.conn);
    assert_int_equal(peal_http_conn_deadline(&p.conn), UINT64_MAX);
    assert_int_equal(answer(&p, 200, none, 0), PEAL_ERR_CLOSED);
    peal_http_conn_feed(&p.conn, GET, 0);
    expect_nothing(&p.conn);
    peal_buf_deinit(&kept);
    close_player(&p);
  }
}

static void a_stop_ends_what_is_idle_and_lets_the_rest_finish(void **state) {
  (void)state;
  player p;
  peal_http_conn_event event;
  open_player(&p, &server_opts, NULL);
  peal_http_conn_stop(&p.conn);
  run(&p);
  assert_true(p.closed);
  close_player(&p);
  open_player(&p, &server_opts, NULL);
  peal_http_conn_feed(&p.conn, GET, 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  peal_http_conn_stop(&p.conn);
  expect_nothing(&p.conn);
  assert_int_equal(answer(&p, 200, none, 0), PEAL_OK);
  drain(&p, SIZE_MAX, 0);
  assert_true(p.closed);
  assert_int_equal(p.why, PEAL_OK);
  assert_non_null(memmem(p.sent.ptr, p.sent.len, "Connection: close", 17));
  close_player(&p);
}

static void a_peer_that_ends_is_gone_unless_its_answer_is_certain(
    void **state) {
  (void)state;
  for (int certain = 0; certain < 2; certain++) {
    player p;
    peal_http_conn_event event;
    open_player(&p, &server_opts, NULL);
    peal_http_conn_feed(&p.conn, GET, 0);
    expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
    const peal_http_reply reply = {
        .status = 200, .length = 2, .certain = certain != 0};
    assert_int_equal(peal_http_reply_with(&p.conn, &reply, 0), PEAL_OK);
    peal_http_conn_end(&p.conn, 0);
    if (!certain) {
      expect(&p.conn, PEAL_HTTP_CONN_CLOSE, &event);
      assert_int_equal(event.err, PEAL_ERR_CLOSED);
    } else {
      expect_nothing(&p.conn);
      assert_int_equal(peal_http_write_copy(&p.conn, PEAL_S("ab"), 0), PEAL_OK);
      assert_int_equal(peal_http_write_end(&p.conn, 0), PEAL_OK);
      drain(&p, SIZE_MAX, 0);
      assert_int_equal(p.overs, 1);
      assert_true(p.closed);
      assert_int_equal(p.why, PEAL_OK);
    }
    close_player(&p);
  }
}

static void shared_bytes_leave_behind_the_head_and_are_given_back(
    void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_bytes *bytes = peal_bytes_alloc(50000, &t.mem);
  memset(peal_bytes_data(bytes), 'b', 50000);
  for (int broken = 0; broken < 2; broken++) {
    player p;
    peal_http_conn_event event;
    open_player(&p, &server_opts, NULL);
    peal_http_conn_feed(&p.conn, GET, 0);
    expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
    const peal_http_reply reply = {
        .status = 200, .length = 50000, .bytes = bytes, .whole = true};
    assert_int_equal(peal_http_reply_with(&p.conn, &reply, 0), PEAL_OK);
    if (!broken) {
      drain(&p, 777, 0);
      assert_int_equal(p.overs, 1);
      assert_memory_equal(p.sent.ptr + p.sent.len - 50000,
                          peal_bytes_slice(bytes).ptr, 50000);
    }
    close_player(&p);
  }
  peal_bytes_unref(bytes);
  assert_int_equal(t.live, 0);
}

static void expect_asked(const peal_http_ask *request, const char *bytes) {
  static const peal_http_conn_opts opts = {.client = true};
  player p;
  open_player(&p, &opts, NULL);
  assert_int_equal(peal_http_ask_with(&p.conn, request, 0), PEAL_OK);
  drain(&p, 5, 0);
  assert_int_equal(p.sent.len, strlen(bytes));
  assert_memory_equal(p.sent.ptr, bytes, p.sent.len);
  /* One at a time. */
  assert_int_equal(peal_http_ask_with(&p.conn, request, 0), PEAL_ERR_USAGE);
  close_player(&p);
}

static void a_client_asks_with_host_length_and_connection(void **state) {
  (void)state;
  peal_http_ask request = {.method = PEAL_S("GET"),
                           .target = PEAL_S("/a?b"),
                           .host = PEAL_S("h:80")};
  expect_asked(&request, "GET /a?b HTTP/1.1\r\nHost: h:80\r\n\r\n");
  request.lines = PEAL_S("Upgrade: websocket\r\n");
  request.upgrade = true;
  expect_asked(&request, "GET /a?b HTTP/1.1\r\nUpgrade: websocket\r\n"
                         "Host: h:80\r\nConnection: Upgrade\r\n\r\n");
  request = (peal_http_ask){.method = PEAL_S("POST"),
                            .target = PEAL_S("/"),
                            .host = PEAL_S("h"),
                            .close = true};
  expect_asked(&request, "POST / HTTP/1.1\r\nContent-Length: 0\r\n"
                         "Host: h\r\nConnection: close\r\n\r\n");
  request.close = false;
  request.type = PEAL_S("text/plain");
  request.length = 2;
  request.body = PEAL_S("hi");
  expect_asked(&request, "POST / HTTP/1.1\r\nContent-Type: text/plain\r\n"
                         "Content-Length: 2\r\nHost: h\r\n\r\nhi");
  request.length = UINT64_MAX;
  request.body = none;
  expect_asked(&request, "POST / HTTP/1.1\r\nContent-Type: text/plain\r\n"
                         "Transfer-Encoding: chunked\r\nHost: h\r\n\r\n");
}

static void what_cannot_be_asked_is_refused(void **state) {
  (void)state;
  static const peal_http_conn_opts opts = {.client = true};
  const peal_http_ask good = {
      .method = PEAL_S("GET"), .target = PEAL_S("/"), .host = PEAL_S("h")};
  peal_http_ask bad[] = {good, good, good, good, good};
  bad[0].method = PEAL_S("G T");
  bad[1].host = PEAL_S("h\r\nX: y");
  bad[2].target = none;
  bad[3].body = PEAL_S("more than announced");
  bad[4].target = PEAL_S("/ HTTP/1.1\r\nX: y");
  player p;
  open_player(&p, &opts, NULL);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(peal_http_ask_with(&p.conn, &bad[i], 0), PEAL_ERR_USAGE);
  assert_int_equal(peal_http_conn_waiting(&p.conn), 0);
  assert_int_equal(peal_http_ask_with(&p.conn, &good, 0), PEAL_OK);
  close_player(&p);
  open_player(&p, &server_opts, NULL);
  assert_int_equal(peal_http_ask_with(&p.conn, &good, 0), PEAL_ERR_USAGE);
  close_player(&p);
}

/* -- time --------------------------------------------------------------------- */

static const peal_http_conn_opts timed = {
    .head_ms = 1000, .body_ms = 3000, .idle_ms = 500, .write_ms = 4000};

/* Time passes; returns when the machine had something to say about it. */
static uint64_t wait_until(player *p, uint64_t now_ms, uint64_t end_ms) {
  while (!p->closed && !p->losts) {
    uint64_t at_ms = peal_http_conn_deadline(&p->conn);
    if (at_ms > end_ms)
      return UINT64_MAX;
    now_ms = at_ms > now_ms ? at_ms : now_ms;
    peal_http_conn_tick(&p->conn, now_ms);
    run(p);
  }
  return now_ms;
}

static void heads_and_idle_connections_have_a_time(void **state) {
  (void)state;
  player p;
  open_player(&p, &timed, NULL);
  assert_int_equal(wait_until(&p, 0, 10000), 1000); /* nothing ever came */
  assert_int_equal(p.why, PEAL_ERR_TIMEOUT);
  assert_int_equal(p.sent.len, 0);
  close_player(&p);
  open_player(&p, &timed, NULL);
  for (uint64_t now = 900; now < 1800; now += 100)
    feed(&p, PEAL_S("G"), now);
  assert_int_equal(wait_until(&p, 1800, 10000), 1900);
  assert_int_equal(p.bads, 1);
  drain(&p, SIZE_MAX, 1900);
  assert_non_null(memmem(p.sent.ptr, p.sent.len, "408 Request Timeout", 19));
  close_player(&p);
  open_player(&p, &timed, NULL);
  feed(&p, PEAL_S("GET /b HTTP/1.1\r\nHost: a\r\n\r\n"), 700);
  assert_int_equal(p.overs, 1);
  assert_int_equal(wait_until(&p, 700, 10000), 1200);
  assert_int_equal(p.why, PEAL_ERR_TIMEOUT);
  close_player(&p);
}

static void a_body_must_keep_its_pace(void **state) {
  (void)state;
  static const char head[] =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
  static char bytes[1000];
  player p;
  /* Nothing more comes. */
  open_player(&p, &timed, NULL);
  feed(&p, peal_slice_of(head), 100);
  assert_int_equal(wait_until(&p, 100, 10000), 3100);
  assert_int_equal(p.losts, 1);
  drain(&p, SIZE_MAX, 3100);
  assert_non_null(memmem(p.sent.ptr, p.sent.len, "408 Request Timeout", 19));
  assert_true(p.closed);
  close_player(&p);
  /* It trickles. */
  open_player(&p, &timed, NULL);
  feed(&p, peal_slice_of(head), 0);
  uint64_t now = 0;
  while (!p.losts && now < 20000) {
    now += 100;
    feed(&p, PEAL_S("x"), now);
    (void)wait_until(&p, now, now);
  }
  assert_in_range(now, 3000, 3100);
  close_player(&p);
  /* It is slow and steady. */
  open_player(&p, &timed, NULL);
  feed(&p, peal_slice_of(head), 0);
  for (now = 1000; now <= 100000 && !p.losts; now += 1000) {
    feed(&p, (peal_slice){bytes, sizeof(bytes)}, now);
    (void)wait_until(&p, now, now);
  }
  assert_int_equal(p.losts, 0);
  assert_int_equal(p.overs, 1);
  close_player(&p);
  /* Where more is asked for, that is too slow. */
  peal_http_conn_opts faster = timed;
  faster.body_pace = 1500;
  open_player(&p, &faster, NULL);
  feed(&p, peal_slice_of(head), 0);
  for (now = 1000; now <= 100000 && !p.losts; now += 1000) {
    feed(&p, (peal_slice){bytes, sizeof(bytes)}, now);
    (void)wait_until(&p, now, now);
  }
  assert_int_equal(p.losts, 1);
  close_player(&p);
}

/* A pause is the program's, not the peer's. */
static void a_paused_body_has_no_deadline(void **state) {
  (void)state;
  player p;
  open_player(&p, &timed, NULL);
  feed(&p, POST_HEAD, 0);
  peal_http_conn_want(&p.conn, false, 100);
  assert_int_equal(wait_until(&p, 100, 100000), UINT64_MAX);
  peal_http_conn_want(&p.conn, true, 100000);
  assert_int_equal(wait_until(&p, 100000, 200000), 103000);
  close_player(&p);
}

/* A peer that takes `bytes` of a long answer every `every_ms`; the time it is
 * cut at, or UINT64_MAX if it gets all of it. In front of it is a buffer of
 * the kernel's. */
static uint64_t take_slowly(size_t bytes, uint64_t every_ms) {
  static char scratch[65536];
  const size_t kernel = 300000;
  size_t in_kernel = 0;
  player p;
  peal_http_conn_event event;
  peal_iovs iovs;
  open_player(&p, &timed, NULL);
  peal_http_conn_feed(&p.conn, GET, 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  peal_bytes *big = peal_bytes_alloc(1000000, NULL);
  memset(peal_bytes_data(big), 'x', 1000000);
  const peal_http_reply reply = {
      .status = 200, .length = 1000000, .bytes = big, .whole = true};
  assert_int_equal(peal_http_reply_with(&p.conn, &reply, 0), PEAL_OK);
  uint64_t now = 0;
  while (!p.closed && !p.overs) {
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    peal_http_conn_pull(&p.conn, &iovs);
    size_t room = kernel - in_kernel;
    size_t len = iovs.bytes < room ? iovs.bytes : room;
    in_kernel += len;
    if (len)
      peal_http_conn_sent(&p.conn, len, now);
    peal_http_conn_set_unacked(&p.conn, in_kernel);
    peal_http_conn_tick(&p.conn, now);
    run(&p);
    now += every_ms;
    in_kernel -= bytes < in_kernel ? bytes : in_kernel;
  }
  bool cut = p.closed;
  if (cut)
    assert_int_equal(p.why, PEAL_ERR_TIMEOUT);
  close_player(&p);
  peal_bytes_unref(big);
  return cut ? now : UINT64_MAX;
}

static void an_answer_must_be_taken_at_a_pace(void **state) {
  (void)state;
  assert_in_range(take_slowly(0, 100), 3900, 5200);
  assert_in_range(take_slowly(10, 100), 3900, 5200);   /* 100 bytes a second */
  assert_in_range(take_slowly(250, 1000), 3900, 7000); /* 250 */
  assert_int_equal(take_slowly(2000, 1000), UINT64_MAX); /* 2000 */
  assert_int_equal(take_slowly(100, 50), UINT64_MAX);
}

static void a_client_has_times_for_answers_and_bodies(void **state) {
  (void)state;
  peal_http_conn_opts opts = timed;
  opts.client = true;
  player p;
  open_player(&p, &opts, NULL);
  assert_int_equal(wait_until(&p, 0, 10000), 500);
  close_player(&p);
  open_player(&p, &opts, NULL);
  ask(&p, PEAL_S("GET"), none, 100);
  assert_int_equal(wait_until(&p, 100, 10000), 1100);
  assert_int_equal(p.why, PEAL_ERR_TIMEOUT);
  close_player(&p);
  open_player(&p, &opts, NULL);
  ask(&p, PEAL_S("GET"), none, 0);
  feed(&p, PEAL_S("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), 900);
  assert_int_equal(wait_until(&p, 900, 10000), 3900);
  assert_int_equal(p.why, PEAL_ERR_TIMEOUT);
  close_player(&p);
}

/* -- memory --------------------------------------------------------------------- */

static void an_idle_connection_owns_nothing(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_account_server server;
  peal_account_worker worker;
  peal_account_server_init(&server, 0);
  peal_account_worker_init(&worker, &server);
  const peal_http_conn_opts opts = {.mem = &t.mem, .account = &worker};
  player p;
  open_player(&p, &opts, NULL);
  assert_int_equal(t.live, 0);
  for (int i = 0; i < 3; i++) {
    feed(&p, PEAL_S("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Le"), 0);
    assert_true(worker.used > 0);
    feed(&p, PEAL_S("ngth: 5\r\n\r\nhello"), 0);
    assert_int_equal(p.overs, i + 1);
    assert_int_equal(t.live, 0);
    assert_int_equal(worker.used, 0);
  }
  close_player(&p);
  peal_account_worker_deinit(&worker);
}

/* Every status that there is fits the room of a refusal. */
static void a_refusal_is_text_or_json(void **state) {
  char out[PEAL_HTTP_REFUSAL_BYTES];
  (void)state;
  for (unsigned status = 400; status < 600; status++) {
    peal_slice text = peal_http_refusal_write(out, status, false);
    assert_null(memmem(text.ptr, text.len, "json", 4));
    peal_slice json = peal_http_refusal_write(out, status, true);
    assert_non_null(memmem(json.ptr, json.len, "{\"status\":\"error\",", 18));
    assert_memory_equal(json.ptr + json.len - 2, "\"}", 2);
  }
}

/* Everything is charged before it is there, and given back however it ends. */
static void over_the_ceiling_it_is_503_and_the_end(void **state) {
  (void)state;
  static char bytes[5000];
  memset(bytes, 'x', sizeof(bytes));
  peal_account_server server;
  peal_account_worker worker;
  peal_account_server_init(&server, 3000);
  peal_account_worker_init(&worker, &server);
  const peal_http_conn_opts opts = {.account = &worker};
  player p;
  open_player(&p, &opts, NULL);
  feed(&p, PEAL_S("GET /"), 0);
  feed(&p, (peal_slice){bytes, sizeof(bytes)}, 0);
  assert_true(p.closed);
  assert_non_null(memmem(p.sent.ptr, p.sent.len, "503 Service", 11));
  close_player(&p);
  assert_int_equal(worker.used, 0);
  open_player(&p, &opts, NULL);
  peal_http_conn_event event;
  peal_http_conn_feed(&p.conn, GET, 0);
  expect(&p.conn, PEAL_HTTP_CONN_HEAD, &event);
  assert_int_equal(answer(&p, 200, (peal_slice){bytes, sizeof(bytes)}, 0),
                   PEAL_ERR_NOMEM);
  assert_int_equal(worker.used, 0);
  assert_int_equal(answer(&p, 503, none, 0), PEAL_OK);
  close_player(&p);
  assert_int_equal(worker.used, 0);
  peal_account_worker_deinit(&worker);
}

static const char *const steps[] = {
    "GET /b HT", "TP/1.1\r\nHost: a\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel", "lo",
    "GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /k"};

static peal_err go_through(const peal_mem *mem, void *user) {
  const peal_http_conn_opts opts = {.mem = mem};
  peal_http_conn conn;
  peal_http_conn_event event;
  peal_err err = PEAL_OK;
  char scratch[1000];
  (void)user;
  peal_http_conn_init(&conn, &opts, 0);
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
    peal_http_conn_feed(&conn, peal_slice_of(steps[i]), 0);
    while (peal_http_conn_next(&conn, &event)) {
      peal_http_conn_check(&conn);
      if (event.kind == PEAL_HTTP_CONN_HEAD)
        peal_http_conn_want(&conn, true, 0);
      if (event.kind == PEAL_HTTP_CONN_CLOSE && !err)
        err = event.err ? event.err : PEAL_ERR_NOMEM;
      bool answers = event.kind == PEAL_HTTP_CONN_HEAD
                         ? event.head.framing == PEAL_HTTP1_NO_BODY
                         : event.kind == PEAL_HTTP_CONN_BODY && event.last;
      if (!answers)
        continue;
      const peal_http_reply reply = {.status = 200, .length = UINT64_MAX};
      peal_err failed = peal_http_reply_with(&conn, &reply, 0);
      if (!failed)
        failed = peal_http_write_copy(&conn, PEAL_S("abc"), 0);
      if (!failed)
        failed = peal_http_write_end(&conn, 0);
      if (failed && !err)
        err = failed;
      if (failed)
        peal_http_conn_break(&conn, failed);
    }
    peal_iovs iovs;
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    peal_http_conn_pull(&conn, &iovs);
    if (iovs.bytes)
      peal_http_conn_sent(&conn, iovs.bytes, 0);
    while (peal_http_conn_next(&conn, &event))
      if (event.kind == PEAL_HTTP_CONN_CLOSE && !err)
        err = event.err ? event.err : PEAL_ERR_NOMEM;
  }
  peal_http_conn_deinit(&conn);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(go_through, NULL, false, &count));
  assert_in_range(count, 5, 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_byte_cases_hold_however_they_are_cut),
      cmocka_unit_test(a_second_answer_is_refused),
      cmocka_unit_test(an_answer_shorter_than_announced_breaks_the_connection),
      cmocka_unit_test(a_body_waits_until_it_is_wanted),
      cmocka_unit_test(an_early_peer_is_held_back),
      cmocka_unit_test(who_expects_100_gets_it_when_the_body_is_wanted),
      cmocka_unit_test(an_upgrade_gives_what_is_behind_the_head),
      cmocka_unit_test(a_stop_ends_what_is_idle_and_lets_the_rest_finish),
      cmocka_unit_test(a_peer_that_ends_is_gone_unless_its_answer_is_certain),
      cmocka_unit_test(shared_bytes_leave_behind_the_head_and_are_given_back),
      cmocka_unit_test(a_client_asks_with_host_length_and_connection),
      cmocka_unit_test(what_cannot_be_asked_is_refused),
      cmocka_unit_test(heads_and_idle_connections_have_a_time),
      cmocka_unit_test(a_body_must_keep_its_pace),
      cmocka_unit_test(a_paused_body_has_no_deadline),
      cmocka_unit_test(an_answer_must_be_taken_at_a_pace),
      cmocka_unit_test(a_client_has_times_for_answers_and_bodies),
      cmocka_unit_test(an_idle_connection_owns_nothing),
      cmocka_unit_test(a_refusal_is_text_or_json),
      cmocka_unit_test(over_the_ceiling_it_is_503_and_the_end),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
