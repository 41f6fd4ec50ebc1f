/* SPDX-License-Identifier: MIT */
#include "proto/http_conn.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "proto/http_refusal.h"
#include "proto/proto_limits.h"

static const peal_slice none = {NULL, 0};

static bool is_server(const peal_http_conn *conn) {
  return !conn->opts->client;
}

static bool is_in(const peal_http_conn *conn, peal_http_conn_phase phase) {
  return conn->phase == phase;
}

/* -- life ------------------------------------------------------------------ */

void peal_http_conn_init(peal_http_conn *conn, const peal_http_conn_opts *opts,
                         uint64_t now_ms) {
  memset(conn, 0, sizeof(*conn));
  conn->opts = opts;
  conn->now_ms = conn->since_ms = now_ms;
  conn->fresh = true;
  peal_http_recv_init(&conn->recv, opts->mem, opts->account);
  peal_http_send_init(&conn->send, opts->mem, opts->account);
}

void peal_http_conn_deinit(peal_http_conn *conn) {
  peal_http_recv_deinit(&conn->recv);
  peal_http_send_deinit(&conn->send);
}

size_t peal_http_conn_waiting(const peal_http_conn *conn) {
  return peal_http_send_waiting(&conn->send);
}

bool peal_http_conn_body_is_whole(const peal_http_conn *conn) {
  return peal_http_recv_is_whole(&conn->recv);
}

bool peal_http_conn_is_at_rest(const peal_http_conn *conn) {
  return (is_in(conn, PEAL_HTTP_CONN_IDLE) ||
          is_in(conn, PEAL_HTTP_CONN_READS_HEAD)) &&
         !conn->due && !conn->closed && !conn->ended &&
         !peal_http_conn_waiting(conn);
}

peal_slice peal_http_conn_rest(const peal_http_conn *conn) {
  return peal_http_recv_rest(&conn->recv);
}

static void go_to(peal_http_conn *conn, peal_http_conn_phase phase) {
  conn->phase = (uint8_t)phase;
  conn->since_ms = conn->now_ms;
}

/* -- the end --------------------------------------------------------------- */

static void set_due(peal_http_conn *conn, peal_http_conn_kind kind,
                    peal_err err) {
  conn->due = (uint8_t)kind;
  conn->due_err = (int16_t)err;
}

void peal_http_conn_break(peal_http_conn *conn, peal_err err) {
  if (conn->closed || conn->due == PEAL_HTTP_CONN_CLOSE)
    return;
  go_to(conn, PEAL_HTTP_CONN_CLOSING);
  conn->body_dead = true;
  set_due(conn, PEAL_HTTP_CONN_CLOSE, err);
}

void peal_http_conn_stop(peal_http_conn *conn) {
  conn->stopping = true;
  if (is_in(conn, PEAL_HTTP_CONN_IDLE) || is_in(conn, PEAL_HTTP_CONN_DRAIN))
    peal_http_conn_break(conn, PEAL_OK);
}

static void become_idle(peal_http_conn *conn) {
  go_to(conn, PEAL_HTTP_CONN_IDLE);
  if (conn->stopping)
    peal_http_conn_break(conn, PEAL_OK);
}

void peal_http_conn_upgrade(peal_http_conn *conn, peal_buf *kept,
                            peal_slice *rest) {
  peal_http_recv_give(&conn->recv, kept, rest);
  go_to(conn, PEAL_HTTP_CONN_CLOSING);
  conn->due = PEAL_HTTP_CONN_HEAD;
  conn->closed = true;
}

/* -- time ------------------------------------------------------------------ */

static bool reads_body(const peal_http_conn *conn) {
  if (peal_http_conn_body_is_whole(conn) || conn->body_dead)
    return false;
  if (is_in(conn, PEAL_HTTP_CONN_DRAIN))
    return true;
  return is_in(conn, PEAL_HTTP_CONN_EXCHANGE) && !conn->awaits && conn->wants;
}

static uint64_t after(uint64_t since_ms, uint32_t limit_ms) {
  return limit_ms ? since_ms + limit_ms : UINT64_MAX;
}

/* What the phase has to be done by. */
static uint64_t phase_deadline(const peal_http_conn *conn) {
  const peal_http_conn_opts *opts = conn->opts;
  switch ((peal_http_conn_phase)conn->phase) {
  case PEAL_HTTP_CONN_IDLE:
    return after(conn->since_ms, conn->fresh && is_server(conn)
                                     ? opts->head_ms
                                     : opts->idle_ms);
  case PEAL_HTTP_CONN_READS_HEAD:
    return after(conn->since_ms, opts->head_ms);
  case PEAL_HTTP_CONN_EXCHANGE:
    if (conn->awaits && conn->send.ended)
      return after(conn->since_ms, conn->answer_ms);
    /* fall through */
  case PEAL_HTTP_CONN_DRAIN:
    return reads_body(conn) && opts->body_ms
               ? peal_http_pace_deadline(&conn->reads, opts->body_ms)
               : UINT64_MAX;
  case PEAL_HTTP_CONN_CLOSING:
    break;
  }
  return UINT64_MAX;
}

uint64_t peal_http_conn_deadline(const peal_http_conn *conn) {
  uint64_t phase_ms = phase_deadline(conn);
  uint64_t write_ms =
      conn->closed
          ? UINT64_MAX
          : peal_http_watch_deadline(&conn->watch, conn->opts->write_ms);
  return phase_ms < write_ms ? phase_ms : write_ms;
}

void peal_http_conn_watch(peal_http_conn *conn, uint64_t now_ms) {
  conn->now_ms = now_ms;
  if (peal_http_conn_waiting(conn) > 0)
    peal_http_watch_start(&conn->watch, now_ms);
}

void peal_http_conn_set_unacked(peal_http_conn *conn, size_t bytes) {
  conn->watch.unacked = bytes;
}

static bool body_is_late(peal_http_conn *conn, uint64_t now_ms) {
  uint32_t pace =
      conn->opts->body_pace ? conn->opts->body_pace : PEAL_LIMIT_HTTP_BODY_PACE;
  return reads_body(conn) && conn->opts->body_ms &&
         peal_http_pace_is_late(&conn->reads, conn->opts->body_ms, pace,
                                now_ms);
}

static void lose(peal_http_conn *conn, peal_err err) {
  conn->body_dead = true;
  conn->close = true;
  set_due(conn, PEAL_HTTP_CONN_LOST, err);
}

static void late_exchange(peal_http_conn *conn, uint64_t now_ms) {
  if (conn->awaits && conn->send.ended && now_ms >= phase_deadline(conn))
    peal_http_conn_break(conn, PEAL_FAIL(PEAL_ERR_TIMEOUT));
  else if (body_is_late(conn, now_ms))
    lose(conn, PEAL_FAIL(PEAL_ERR_TIMEOUT));
}

void peal_http_conn_tick(peal_http_conn *conn, uint64_t now_ms) {
  conn->now_ms = now_ms;
  if (conn->closed || conn->due)
    return;
  if (peal_http_watch_is_late(&conn->watch, conn->opts->write_ms,
                              conn->send.total, now_ms)) {
    peal_http_conn_break(conn, PEAL_FAIL(PEAL_ERR_TIMEOUT));
    return;
  }
  switch ((peal_http_conn_phase)conn->phase) {
  case PEAL_HTTP_CONN_IDLE:
    if (now_ms >= phase_deadline(conn))
      peal_http_conn_break(conn, PEAL_FAIL(PEAL_ERR_TIMEOUT));
    break;
  case PEAL_HTTP_CONN_READS_HEAD:
    if (now_ms >= phase_deadline(conn))
      set_due(conn, PEAL_HTTP_CONN_BAD, PEAL_FAIL(PEAL_ERR_TIMEOUT));
    break;
  case PEAL_HTTP_CONN_EXCHANGE:
    late_exchange(conn, now_ms);
    break;
  case PEAL_HTTP_CONN_DRAIN:
    if (body_is_late(conn, now_ms))
      peal_http_conn_break(conn, PEAL_FAIL(PEAL_ERR_TIMEOUT));
    break;
  case PEAL_HTTP_CONN_CLOSING:
    break;
  }
}

/* -- refusing -------------------------------------------------------------- */

void peal_http_conn_refuse(peal_http_conn *conn, unsigned status) {
  if (conn->closed || conn->due == PEAL_HTTP_CONN_CLOSE)
    return;
  char bytes[PEAL_HTTP_REFUSAL_BYTES];
  peal_err err = peal_http_send_last_word(
      &conn->send,
      peal_http_refusal_write(bytes, status, conn->opts->json_errors));
  peal_http_conn_break(conn, err);
  peal_http_conn_watch(conn, conn->now_ms);
}

/* There is no memory for what came: say so, if that is still possible. */
static void run_out(peal_http_conn *conn) {
  if (is_server(conn) && !conn->send.begun)
    peal_http_conn_refuse(conn, 503);
  else
    peal_http_conn_break(conn, PEAL_FAIL(PEAL_ERR_NOMEM));
}

/* -- reading or not -------------------------------------------------------- */

bool peal_http_conn_wants_read(const peal_http_conn *conn) {
  size_t rest = peal_http_conn_rest(conn).len;
  if (conn->switched)
    return false;
  if (!is_in(conn, PEAL_HTTP_CONN_EXCHANGE) || conn->body_dead || conn->awaits)
    return true;
  if (peal_http_conn_body_is_whole(conn))
    return rest < PEAL_LIMIT_HTTP_PIPELINE_BYTES;
  return conn->wants || conn->send.ended || rest == 0;
}

void peal_http_conn_feed(peal_http_conn *conn, peal_slice data,
                         uint64_t now_ms) {
  conn->now_ms = now_ms;
  conn->reads.last_ms = now_ms;
  if (is_in(conn, PEAL_HTTP_CONN_CLOSING) || conn->closed)
    return;
  if (peal_http_recv_lend(&conn->recv, data))
    run_out(conn);
}

static void end_client(peal_http_conn *conn) {
  if (is_in(conn, PEAL_HTTP_CONN_IDLE))
    peal_http_conn_break(conn, PEAL_OK);
}

void peal_http_conn_end(peal_http_conn *conn, uint64_t now_ms) {
  conn->now_ms = now_ms;
  conn->ended = true;
  if (!is_server(conn)) {
    end_client(conn);
  } else if (is_in(conn, PEAL_HTTP_CONN_EXCHANGE)) {
    if (!conn->send.ended && !conn->certain)
      peal_http_conn_break(conn, PEAL_ERR_CLOSED);
  } else {
    peal_http_conn_break(conn, PEAL_OK);
  }
}

/* -- heads ----------------------------------------------------------------- */

static bool tell(peal_http_conn_event *event, peal_http_conn_kind kind,
                 peal_err err) {
  event->kind = kind;
  event->err = err;
  event->msg = NULL;
  event->data = none;
  return true;
}

/* RFC9112 11.2: nothing behind an error is a request. */
static bool tell_bad(peal_http_conn *conn, peal_http_conn_event *event,
                     peal_err err, const char *msg) {
  unsigned status = peal_err_http_status(err);
  tell(event, PEAL_HTTP_CONN_BAD, err);
  event->msg = msg;
  peal_http_recv_drop(&conn->recv);
  if (is_server(conn))
    peal_http_conn_refuse(conn, status ? status : 400);
  else
    peal_http_conn_break(conn, err);
  return true;
}

static void begin_exchange(peal_http_conn *conn, const peal_http1_head *head) {
  go_to(conn, PEAL_HTTP_CONN_EXCHANGE);
  conn->fresh = false;
  conn->http10 = head->minor == 0;
  conn->keep_alive = head->keep_alive;
  conn->expects = head->expect_continue;
  conn->to_head = peal_slice_is(head->method, "HEAD");
  conn->continued = false;
  conn->wants = false;
  conn->body_dead = false;
  conn->close = false;
  conn->certain = false;
  conn->drain_left = PEAL_LIMIT_HTTP_DRAIN_BYTES;
  peal_http_send_next(&conn->send);
}

static bool next_request(peal_http_conn *conn, peal_http_conn_event *event) {
  tell(event, PEAL_HTTP_CONN_HEAD, PEAL_OK);
  peal_err err =
      peal_http_recv_head(&conn->recv, &event->head, &conn->opts->limits, false,
                          false, &event->data, &event->msg);
  if (err == PEAL_ERR_AGAIN) {
    if (is_in(conn, PEAL_HTTP_CONN_IDLE) && peal_http_conn_rest(conn).len)
      go_to(conn, PEAL_HTTP_CONN_READS_HEAD);
    return false;
  }
  if (err)
    return tell_bad(conn, event, err, event->msg);
  begin_exchange(conn, &event->head);
  return true;
}

/* Client: a final answer, or one on the way to it. */
static void take_answer(peal_http_conn *conn, const peal_http1_head *head) {
  if (head->status == 101) {
    conn->awaits = false;
    conn->switched = true;
    return;
  }
  if (head->status < 200)
    return;
  conn->awaits = false;
  conn->close = conn->close || !head->keep_alive;
  peal_http_pace_start(&conn->reads, conn->now_ms);
}

static bool next_answer(peal_http_conn *conn, peal_http_conn_event *event) {
  tell(event, PEAL_HTTP_CONN_HEAD, PEAL_OK);
  peal_err err =
      peal_http_recv_head(&conn->recv, &event->head, &conn->opts->limits, true,
                          conn->to_head, &event->data, &event->msg);
  if (err == PEAL_ERR_AGAIN) {
    if (conn->ended)
      peal_http_conn_break(conn, PEAL_ERR_CLOSED);
    return false;
  }
  if (err)
    return tell_bad(conn, event, err, event->msg);
  take_answer(conn, &event->head);
  return true;
}

/* -- bodies ---------------------------------------------------------------- */

/* Nobody takes what has come. Beyond a bound it is not worth the wait. */
static bool drains(peal_http_conn *conn, size_t len) {
  if (len > conn->drain_left)
    return false;
  conn->drain_left -= (uint32_t)len;
  return true;
}

/* Behind a complete answer. Returns false if no more is worth reading. */
static bool drain_body(peal_http_conn *conn) {
  peal_slice data = none;
  size_t used = 0;
  peal_err err = PEAL_ERR_AGAIN;
  while (err == PEAL_ERR_AGAIN && peal_http_conn_rest(conn).len) {
    err = peal_http_recv_body(&conn->recv, &data, &used);
    peal_http_pace_add(&conn->reads, used, conn->now_ms);
    if (!drains(conn, data.len))
      return false;
  }
  return err == PEAL_OK || err == PEAL_ERR_AGAIN;
}

static bool tell_body(peal_http_conn *conn, peal_http_conn_event *event) {
  size_t used = 0;
  tell(event, PEAL_HTTP_CONN_BODY, PEAL_OK);
  peal_err err = peal_http_recv_body(&conn->recv, &event->data, &used);
  peal_http_pace_add(&conn->reads, used, conn->now_ms);
  if (err != PEAL_OK && err != PEAL_ERR_AGAIN) {
    lose(conn, err);
    return false;
  }
  event->last = err == PEAL_OK;
  event->left = conn->recv.body.left;
  return event->data.len > 0 || event->last;
}

/* The stream's end is the end of an answer without a length; of any other it
 * is the loss. */
static bool end_of_stream(peal_http_conn *conn, peal_http_conn_event *event) {
  if (conn->recv.body.framing != PEAL_HTTP1_UNTIL_CLOSE) {
    lose(conn, PEAL_ERR_CLOSED);
    return false;
  }
  peal_http1_body_init(&conn->recv.body,
                       &(peal_http1_head){.framing = PEAL_HTTP1_NO_BODY});
  tell(event, PEAL_HTTP_CONN_BODY, PEAL_OK);
  event->last = true;
  event->left = 0;
  return true;
}

static bool next_body(peal_http_conn *conn, peal_http_conn_event *event) {
  if (conn->body_dead) {
    peal_http_recv_drop(&conn->recv);
    return false;
  }
  if (peal_http_conn_body_is_whole(conn))
    return false;
  if (is_server(conn) && conn->send.ended) {
    if (!drain_body(conn)) {
      conn->body_dead = true;
      conn->close = true;
    }
    return false;
  }
  while (conn->wants && !conn->due && peal_http_conn_rest(conn).len)
    if (tell_body(conn, event))
      return true;
  if (!is_server(conn) && conn->ended && !conn->due &&
      !peal_http_conn_rest(conn).len)
    return end_of_stream(conn, event);
  return false;
}

/* -- the exchange ---------------------------------------------------------- */

/* Does the connection live on behind this exchange? */
static bool keeps(const peal_http_conn *conn) {
  if (!conn->keep_alive || conn->close || conn->stopping)
    return false;
  bool more = peal_http_conn_rest(conn).len > 0;
  return !conn->ended ||
         (is_server(conn) && more && peal_http_conn_body_is_whole(conn));
}

static bool is_over(const peal_http_conn *conn) {
  if (is_server(conn))
    return conn->send.ended && peal_http_conn_waiting(conn) == 0;
  return !conn->awaits && !conn->switched &&
         (conn->body_dead || peal_http_conn_body_is_whole(conn));
}

static bool tell_over(peal_http_conn *conn, peal_http_conn_event *event) {
  bool all_sent = conn->send.ended && peal_http_conn_waiting(conn) == 0;
  tell(event, PEAL_HTTP_CONN_OVER, PEAL_OK);
  peal_http_send_next(&conn->send);
  if (!keeps(conn) || !all_sent) {
    peal_http_conn_break(conn, PEAL_OK);
  } else if (!peal_http_conn_body_is_whole(conn)) {
    go_to(conn, PEAL_HTTP_CONN_DRAIN);
    peal_http_pace_start(&conn->reads, conn->now_ms);
  } else {
    become_idle(conn);
  }
  return true;
}

static bool next_of_exchange(peal_http_conn *conn,
                             peal_http_conn_event *event) {
  if (conn->switched)
    return false;
  if (conn->awaits)
    return next_answer(conn, event);
  if (next_body(conn, event))
    return true;
  if (!conn->due && is_over(conn))
    return tell_over(conn, event);
  return false;
}

/* RFC9112 9.2: what nobody asked for is no answer. */
static bool next_of_idle_client(peal_http_conn *conn) {
  if (peal_http_conn_rest(conn).len)
    peal_http_conn_break(conn, PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX));
  return false;
}

static bool next_of_drain(peal_http_conn *conn) {
  if (!drain_body(conn)) {
    peal_http_conn_break(conn, PEAL_OK);
    return false;
  }
  if (!peal_http_conn_body_is_whole(conn))
    return false;
  become_idle(conn);
  return true;
}

static bool tell_due(peal_http_conn *conn, peal_http_conn_event *event) {
  peal_http_conn_kind kind = (peal_http_conn_kind)conn->due;
  peal_err err = (peal_err)conn->due_err;
  conn->due = PEAL_HTTP_CONN_HEAD;
  if (kind == PEAL_HTTP_CONN_BAD)
    return tell_bad(conn, event, err, NULL);
  if (kind == PEAL_HTTP_CONN_CLOSE) {
    conn->closed = true;
    peal_http_recv_drop(&conn->recv);
  } else if (!is_server(conn)) {
    peal_http_conn_break(conn, err);
  }
  return tell(event, kind, err);
}

/* One step. Returns true if there is an event, or (`*again`) more to do. */
static bool step(peal_http_conn *conn, peal_http_conn_event *event,
                 bool *again) {
  if (conn->due)
    return tell_due(conn, event);
  switch ((peal_http_conn_phase)conn->phase) {
  case PEAL_HTTP_CONN_IDLE:
    if (!is_server(conn))
      return next_of_idle_client(conn);
    /* fall through */
  case PEAL_HTTP_CONN_READS_HEAD:
    return next_request(conn, event);
  case PEAL_HTTP_CONN_EXCHANGE:
    return next_of_exchange(conn, event);
  case PEAL_HTTP_CONN_DRAIN:
    *again = next_of_drain(conn);
    return false;
  case PEAL_HTTP_CONN_CLOSING:
    peal_http_recv_drop(&conn->recv);
    break;
  }
  return false;
}

bool peal_http_conn_next(peal_http_conn *conn, peal_http_conn_event *event) {
  bool again = true;
  while (again) {
    again = false;
    if (step(conn, event, &again))
      return true;
    /* What went wrong in this step is told now. */
    again = again || conn->due;
  }
  if (peal_http_recv_keep(&conn->recv) == PEAL_OK)
    return false;
  run_out(conn);
  return conn->due && tell_due(conn, event);
}

/* -- what is wanted -------------------------------------------------------- */

void peal_http_conn_want(peal_http_conn *conn, bool wants, uint64_t now_ms) {
  if (wants && !conn->wants)
    peal_http_pace_start(&conn->reads, now_ms);
  conn->wants = wants;
}

void peal_http_conn_drop_body(peal_http_conn *conn) {
  conn->wants = false;
  if (peal_http_conn_body_is_whole(conn))
    return;
  conn->body_dead = true;
  conn->close = true;
}

/* -- leaving --------------------------------------------------------------- */

void peal_http_conn_pull(peal_http_conn *conn, peal_iovs *out) {
  peal_http_send_pull(&conn->send, out);
}

void peal_http_conn_sent(peal_http_conn *conn, size_t len, uint64_t now_ms) {
  conn->now_ms = now_ms;
  peal_http_send_sent(&conn->send, len);
  if (peal_http_conn_waiting(conn) == 0)
    peal_http_watch_stop(&conn->watch);
}

/* -- what always holds ----------------------------------------------------- */

void peal_http_conn_check(const peal_http_conn *conn) {
  peal_http_recv_check(&conn->recv);
  peal_http_send_check(&conn->send);
  assert(conn->phase <= PEAL_HTTP_CONN_CLOSING);
  assert(!conn->closed || is_in(conn, PEAL_HTTP_CONN_CLOSING));
  assert(!conn->closed || !conn->due);
  assert(conn->due != PEAL_HTTP_CONN_CLOSE ||
         is_in(conn, PEAL_HTTP_CONN_CLOSING));
  assert(!is_in(conn, PEAL_HTTP_CONN_IDLE) || !conn->send.begun);
  assert(!is_in(conn, PEAL_HTTP_CONN_READS_HEAD) || is_server(conn));
  assert(!conn->awaits || !is_server(conn));
  assert(conn->watch.on || peal_http_conn_waiting(conn) == 0);
  (void)conn;
}
