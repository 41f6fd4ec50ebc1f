/* SPDX-License-Identifier: MIT */
#include "proto/http_reply.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err_site.h"
#include "proto/proto_limits.h"

static const peal_slice none = {NULL, 0};

/* A body up to this many bytes goes into one buffer with the head. */
#define INLINE_BYTES 16384u

/* What is left of the body would have to be read first. */
static bool body_is_in_the_way(const peal_http_conn *conn) {
  if (peal_http_conn_body_is_whole(conn))
    return false;
  if (conn->body_dead || (conn->expects && !conn->continued))
    return true;
  return conn->recv.body.framing == PEAL_HTTP1_LENGTH && !conn->wants &&
         conn->recv.body.left > PEAL_LIMIT_HTTP_DRAIN_BYTES;
}

static bool stays(const peal_http_conn *conn, const peal_http_reply *answer,
                  bool bodyless) {
  if (!conn->keep_alive || conn->close || conn->stopping || answer->close)
    return false;
  /* RFC9112 6.1: no chunks for HTTP/1.0; the end of the connection ends it */
  if (answer->length == UINT64_MAX && conn->http10 && !bodyless)
    return false;
  return !body_is_in_the_way(conn);
}

/* RFC9110 8.6: no Content-Length in a 204; the reference's preflight has one,
 * and so has ours. RFC9110 15.4.5: a 304's would be that of a 200. */
static peal_http1_framing framing_of(const peal_http_conn *conn,
                                     const peal_http_reply *answer) {
  if ((answer->status == 204 && !answer->length_204) || answer->status == 304)
    return PEAL_HTTP1_NO_BODY;
  if (answer->length != UINT64_MAX)
    return PEAL_HTTP1_LENGTH;
  return conn->http10 ? PEAL_HTTP1_UNTIL_CLOSE : PEAL_HTTP1_CHUNKED;
}

static peal_slice tail_of(const peal_http_conn *conn, bool closes) {
  if (closes)
    return PEAL_S("\r\nConnection: close\r\n\r\n");
  if (conn->opts->keep_alive.len)
    return conn->opts->keep_alive;
  return PEAL_S("\r\nConnection: keep-alive\r\n\r\n");
}

static peal_err may_answer(const peal_http_conn *conn) {
  if (conn->closed || conn->phase == PEAL_HTTP_CONN_CLOSING)
    return PEAL_ERR_CLOSED;
  bool asked = !conn->opts->client && conn->phase == PEAL_HTTP_CONN_EXCHANGE;
  return asked && !conn->send.begun ? PEAL_OK : PEAL_ERR_USAGE;
}

/* A long body, copied; NULL if there is none to copy, or no memory. */
static peal_bytes *copy_long(const peal_http_conn *conn, peal_slice body) {
  peal_bytes *copy = peal_bytes_alloc(body.len, conn->opts->mem);
  if (copy)
    memcpy(peal_bytes_data(copy), body.ptr, body.len);
  return copy;
}

static peal_err begin_answer(peal_http_conn *conn,
                             const peal_http_reply *answer, peal_slice body,
                             bool bodyless) {
  bool closes = !stays(conn, answer, bodyless);
  const peal_http_head head = {
      .status = answer->status,
      .type = answer->type,
      .lines = answer->lines,
      .date = answer->date,
      .framing = (uint8_t)framing_of(conn, answer),
      .length = answer->length,
      .tail = tail_of(conn, closes),
  };
  peal_err err =
      peal_http_send_begin(&conn->send, &head, answer->length, bodyless, body);
  if (err)
    return err;
  conn->close = closes;
  conn->certain = answer->certain;
  return PEAL_OK;
}

/* The head is queued: what cannot follow it breaks the connection. */
static peal_err go_on(peal_http_conn *conn, const peal_http_reply *answer,
                      peal_bytes *copy) {
  peal_bytes *bytes = copy ? copy : answer->bytes;
  peal_err err = PEAL_OK;
  if (bytes)
    err = peal_http_send_share(&conn->send, bytes, peal_bytes_slice(bytes).len,
                               copy || answer->own);
  if (!err && answer->whole)
    err = peal_http_send_end(&conn->send);
  if (err)
    peal_http_conn_break(conn, err);
  return err;
}

/* What the body will have charged while it waits. */
static size_t charge_of(const peal_http_reply *answer, bool is_long) {
  if (is_long)
    return answer->body.len;
  return answer->bytes && answer->own ? peal_bytes_slice(answer->bytes).len : 0;
}

/* RFC9110 6.4.1: these have no content, whatever the fields say. */
static bool has_no_body(const peal_http_conn *conn, unsigned status) {
  return conn->to_head || status == 204 || status == 304;
}

peal_err peal_http_reply_with(peal_http_conn *conn,
                              const peal_http_reply *answer, uint64_t now_ms) {
  peal_err err = may_answer(conn);
  if (err)
    return err;
  bool bodyless = has_no_body(conn, answer->status);
  bool is_long = answer->body.len > INLINE_BYTES && !bodyless;
  size_t charged = bodyless ? 0 : charge_of(answer, is_long);
  if (charged && !peal_http_send_affords(&conn->send, charged))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_bytes *copy = is_long ? copy_long(conn, answer->body) : NULL;
  if (is_long && !copy)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  err = begin_answer(conn, answer, is_long ? none : answer->body, bodyless);
  if (!err)
    err = go_on(conn, answer, copy);
  peal_bytes_unref(copy);
  peal_http_conn_watch(conn, now_ms);
  return err;
}

peal_err peal_http_reply_raw(peal_http_conn *conn, peal_slice raw,
                             uint64_t now_ms) {
  peal_err err = may_answer(conn);
  if (!err)
    err = peal_http_send_raw(&conn->send, raw);
  if (err)
    return err;
  conn->send.begun = conn->send.ended = true;
  conn->close = true;
  peal_http_conn_watch(conn, now_ms);
  return PEAL_OK;
}

peal_err peal_http_reply_continue(peal_http_conn *conn, uint64_t now_ms) {
  if (conn->opts->client || conn->phase != PEAL_HTTP_CONN_EXCHANGE ||
      !conn->expects || conn->continued || conn->send.begun)
    return PEAL_OK;
  conn->continued = true;
  /* RFC9110 10.1.1: it may be left out if the body has begun to come. */
  if (peal_http_conn_rest(conn).len)
    return PEAL_OK;
  peal_err err =
      peal_http_send_raw(&conn->send, PEAL_S("HTTP/1.1 100 Continue\r\n\r\n"));
  peal_http_conn_watch(conn, now_ms);
  return err;
}
