/* SPDX-License-Identifier: MIT */
#include "engine/transport_polling.h"

#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "engine/engine_headers.h"
#include "engine/engine_limits.h"
#include "http/compress_answer.h"
#include "wire/eio_payload.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/query.h"

#define TEXT_TYPE "text/plain; charset=UTF-8"
/* A line of 256 kbit/s. */
#define SLOW_BYTES_PER_MS 32u

/* -- answers ------------------------------------------------------------------------- */

/* reference 3.1: old browsers guess scripts in answers. */
static bool is_old_browser(const peal_http_req *req) {
  peal_slice agent = peal_http_req_header(req, "user-agent");
  return agent.len && (memmem(agent.ptr, agent.len, ";MSIE", 5) ||
                       memmem(agent.ptr, agent.len, "Trident/", 8));
}

static void answer_headers(peal_engine_conn *conn, peal_http_req *req,
                           bool initial) {
  peal_engine_headers_answer(conn->local->engine, req,
                             peal_eio_session_sid(&conn->session), initial);
  (void)peal_http_answer_header(req, "cache-control", PEAL_S("no-store"));
  if (is_old_browser(req))
    (void)peal_http_answer_header(req, "X-XSS-Protection", PEAL_S("0"));
}

static void answer_empty(peal_engine_conn *conn, peal_http_req *req,
                         unsigned status) {
  answer_headers(conn, req, false);
  peal_http_answer(req, status, NULL, (peal_slice){0});
}

/* A JSON string that every script engine takes: before ECMAScript 2019 two line
 * ends of Unicode could not stand in one (reference 3.1 escapes them, too). */
static void add_script_string(peal_buf *out, peal_slice text) {
  peal_buf json;
  peal_buf_init(&json, out->mem, 0);
  peal_json_encode_str(&json, text);
  peal_slice rest = peal_buf_slice(&json);
  const char *at;
  while (rest.len && (at = memmem(rest.ptr, rest.len, "\xe2\x80", 2))) {
    size_t len = (size_t)(at - rest.ptr);
    unsigned char last = (unsigned char)at[2]; /* at worst the quote */
    bool is_end = last == 0xa8 || last == 0xa9;
    peal_buf_add(out, (peal_slice){rest.ptr, is_end ? len : len + 3});
    if (is_end)
      peal_buf_add_str(out, last == 0xa8 ? "\\u2028" : "\\u2029");
    rest = (peal_slice){at + 3, rest.len - len - 3};
  }
  peal_buf_add(out, rest);
  if (json.err && !out->err)
    out->err = json.err;
  peal_buf_deinit(&json);
}

/* JSONP: ___eio[<digits>](<JSON string>); reference 3.1. */
static bool wrap_jsonp(peal_http_req *req, peal_slice payload, peal_buf *out) {
  peal_slice index;
  if (!peal_http_req_param(req, "j", &index))
    return false;
  peal_buf_add_str(out, "___eio[");
  for (size_t i = 0; i < index.len; i++)
    if (index.ptr[i] >= '0' && index.ptr[i] <= '9')
      peal_buf_add_char(out, index.ptr[i]);
  peal_buf_add_str(out, "](");
  add_script_string(out, payload);
  peal_buf_add_str(out, ");");
  return true;
}

static peal_compress coding_for(const peal_engine_conn *conn,
                                const peal_http_req *req, size_t len) {
  if (len < conn->local->engine->compress_threshold)
    return PEAL_COMPRESS_NONE;
  return peal_compress_choose(peal_http_req_header(req, "accept-encoding"));
}

static void answer_payload(peal_engine_conn *conn, peal_http_req *req,
                           peal_slice payload, bool compress) {
  answer_headers(conn, req, conn->first_poll);
  conn->first_poll = 0;
  peal_compress coding =
      compress ? coding_for(conn, req, payload.len) : PEAL_COMPRESS_NONE;
  peal_bytes *body = NULL;
  if (coding != PEAL_COMPRESS_NONE)
    body = peal_bytes_alloc(payload.len, conn->local->worker->mem);
  if (!body) { /* its packets are out of the queue: they go as they are */
    peal_http_answer(req, 200, TEXT_TYPE, payload);
    return;
  }
  memcpy(peal_bytes_data(body), payload.ptr, payload.len);
  peal_compress_answer(req, 200, TEXT_TYPE, body, coding);
  peal_bytes_unref(body);
}

/* -- GET ------------------------------------------------------------------------------- */

/* All packets that wait, in one body; false if there are none. */
static bool collect(peal_engine_conn *conn, peal_buf *payload, bool *compress) {
  bool any = false;
  for (;;) {
    peal_eio_cursor cursor = {0};
    peal_eio_out out;
    if (!peal_eio_out_peek(&conn->session, PEAL_EIO_POLLING, &cursor, &out))
      return any;
    peal_eio_packet packet = {
        .data = out.data, .type = out.type, .binary = out.binary};
    peal_eio_payload_add(payload, 0, &packet);
    *compress = *compress || !out.no_compress;
    peal_eio_out_pop(&conn->session, PEAL_EIO_POLLING,
                     peal_engine_conn_now(conn));
    any = true;
  }
}

static peal_http_req *take_poll(peal_engine_conn *conn) {
  peal_http_req *req = conn->poll;
  conn->poll = NULL;
  peal_http_req_on_abort(req, NULL, NULL);
  peal_eio_session_poll_waits(&conn->session, false,
                              peal_engine_conn_now(conn));
  return req;
}

/* The client's pong comes behind this answer: a ping in it has so much more
 * time as a slow line needs. */
static void allow_for(peal_engine_conn *conn, size_t len) {
  peal_eio_session_spare(&conn->session,
                         peal_engine_conn_now(conn) + len / SLOW_BYTES_PER_MS);
}

static void answer_collected(peal_engine_conn *conn, const peal_buf *payload,
                             bool compress) {
  peal_buf wrapped;
  peal_buf_init(&wrapped, conn->local->worker->mem, 0);
  peal_http_req *req = take_poll(conn);
  bool is_jsonp = wrap_jsonp(req, peal_buf_slice(payload), &wrapped);
  if (payload->err || wrapped.err) {
    answer_empty(conn, req, 503);
    peal_eio_session_detach(&conn->session, PEAL_EIO_POLLING,
                            PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_NOMEM);
    peal_engine_conn_ask(conn); /* nobody looks at it if a queue was full */
  } else {
    allow_for(conn, payload->len);
    answer_payload(conn, req, peal_buf_slice(is_jsonp ? &wrapped : payload),
                   compress);
  }
  peal_buf_deinit(&wrapped);
}

static void write_now(peal_engine_conn *conn) {
  peal_buf payload;
  bool compress = false;
  peal_buf_init(&payload, conn->local->worker->mem, 0);
  if (collect(conn, &payload, &compress))
    answer_collected(conn, &payload, compress);
  peal_buf_deinit(&payload);
}

/* reference 3.1: "poll connection closed prematurely". */
static void on_poll_abort(peal_http_req *req, void *user) {
  peal_engine_conn *conn = user;
  conn->poll = NULL;
  peal_eio_session_poll_waits(&conn->session, false,
                              peal_engine_conn_now(conn));
  peal_eio_session_detach(&conn->session, PEAL_EIO_POLLING,
                          PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_CLOSED);
  /* A deferred request is given back by its answer, though nobody reads it. */
  peal_http_answer(req, 400, NULL, (peal_slice){0});
  peal_engine_conn_react(conn);
}

static void answer_close(peal_engine_conn *conn) {
  peal_http_req *req = take_poll(conn);
  answer_headers(conn, req, false);
  peal_http_answer(req, 200, TEXT_TYPE, PEAL_S("1"));
}

/* reference 3.1: the first is answered with a close, the second refused, the
 * session ends ("overlap from client"). */
static void overlap(peal_engine_conn *conn, peal_http_req *req) {
  answer_empty(conn, req, 400);
  if (conn->poll)
    answer_close(conn);
  peal_eio_session_detach(&conn->session, PEAL_EIO_POLLING,
                          PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_EIO_PACKET);
}

void peal_transport_polling_get(peal_engine_conn *conn, peal_http_req *req) {
  if (conn->poll) {
    overlap(conn, req);
  } else {
    conn->poll = req;
    peal_http_defer(req);
    peal_http_req_on_abort(req, on_poll_abort, conn);
    peal_eio_session_poll_waits(&conn->session, true,
                                peal_engine_conn_now(conn));
  }
  peal_engine_conn_react(conn);
}

/* -- POST ------------------------------------------------------------------------------- */

/* reference 3.1: the JSONP client sends a backslash and an n for a line end,
 * and one backslash more in front of its own ones that an n follows. */
static size_t restore_line_ends(char *text, size_t len) {
  size_t out = 0, slashes = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] == 'n' && slashes == 1)
      text[out - 1] = '\n';
    else if (text[i] == 'n' && slashes)
      text[out - 1] = 'n';
    else
      text[out++] = text[i];
    slashes = text[i] == '\\' ? slashes + 1 : 0;
  }
  return out;
}

/* The body of a form whose field `d` is the payload. */
static peal_slice unwrap_jsonp(peal_slice body, peal_arena *arena) {
  peal_slice field;
  if (!peal_query_find(body, "d", &field))
    return body;
  char *out = peal_arena_alloc(arena, field.len);
  if (!out)
    return (peal_slice){0};
  size_t len = peal_percent_decode_form(out, field);
  return (peal_slice){out, restore_line_ends(out, len)};
}

/* Answered in any case: a body that ended the session gets its `ok`, the next
 * request its 400 (reference 3.1). Its packets are told before the body goes
 * away with the answer. */
static void take_body(peal_engine_conn *conn, peal_http_req *req,
                      peal_slice body) {
  peal_slice index;
  if (peal_http_req_param(req, "j", &index))
    body = unwrap_jsonp(body, &conn->local->worker->turn);
  (void)!peal_eio_session_feed_payload(&conn->session, body,
                                       peal_engine_conn_now(conn));
  peal_engine_conn_react(conn);
  peal_http_answer(req, 200, "text/html", PEAL_S("ok"));
}

static void on_post_body(peal_http_req *req, peal_err err, peal_slice body,
                         void *user) {
  peal_engine_conn *conn = user;
  conn->post = NULL;
  if (!err) {
    take_body(conn, req, body);
    return;
  }
  if ((err == PEAL_ERR_CLOSED || err == PEAL_ERR_TIMEOUT) &&
      peal_eio_session_current(&conn->session) == PEAL_EIO_POLLING)
    peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_ERROR, err);
  peal_engine_conn_react(conn);
}

static bool is_octet_stream(const peal_http_req *req) {
  return peal_slice_starts(peal_http_req_header(req, "content-type"),
                           "application/octet-stream");
}

static bool is_too_long(const peal_engine_conn *conn,
                        const peal_http_req *req) {
  uint64_t len = peal_http_req_length(req);
  return len != UINT64_MAX && len > conn->local->engine->max_payload;
}

static void collect_body(peal_engine_conn *conn, peal_http_req *req) {
  conn->post = req;
  answer_headers(conn, req, false);
  peal_http_req_collect(req, conn->local->engine->max_payload, on_post_body,
                        conn);
}

void peal_transport_polling_post(peal_engine_conn *conn, peal_http_req *req) {
  if (conn->post) {
    overlap(conn, req);
  } else if (is_octet_stream(req)) {
    /* EIO4 has no binary bodies. */
    answer_empty(conn, req, 400);
    peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_ERROR,
                          PEAL_ERR_EIO_PACKET);
  } else if (is_too_long(conn, req)) {
    answer_empty(conn, req, 413); /* reference 3.1: the session stays */
  } else {
    collect_body(conn, req);
    return;
  }
  peal_engine_conn_react(conn);
}

/* -- as a way of the session ----------------------------------------------- */

/* Its pong can come only behind the body that it is sending, whose pace the
 * HTTP side demands; that sees to what it takes of an answer, too. */
static void look(const peal_engine_conn *conn, peal_eio_life_signs *signs) {
  signs->is_sending = conn->post != NULL;
  signs->came_at_ms = UINT64_MAX;
}

/* The WebSocket has taken over. */
static void finish(peal_engine_conn *conn) {
  answer_close(conn);
}

const peal_engine_way peal_transport_polling = {
    .write = write_now, .finish = finish, .look = look};
