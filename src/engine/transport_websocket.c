/* SPDX-License-Identifier: MIT */
#include "engine/transport_websocket.h"

#include <string.h>

#include "base/bytes.h"
#include "http/http_upgrade.h"
#include "net/crypto.h"
#include "wire/base64.h"

/* Messages are taken from the session only as the stream drains, so that what
 * waits can still be replaced or dropped. */
#define AHEAD_BYTES 65536u

/* -- session -> WebSocket -------------------------------------------------------------- */

static peal_bytes *as_base64(const peal_engine_conn *conn, peal_slice data) {
  peal_bytes *text =
      peal_bytes_alloc(peal_base64_encode_len(data.len), conn->worker->mem);
  if (text)
    peal_base64_encode_to(peal_bytes_data(text), data);
  return text;
}

static peal_bytes *text_of(const peal_engine_conn *conn, peal_slice text) {
  peal_bytes *bytes = peal_bytes_alloc(text.len, conn->worker->mem);
  if (bytes && text.len)
    memcpy(peal_bytes_data(bytes), text.ptr, text.len);
  return bytes;
}

/* `bytes` is taken. */
static peal_err send_taken(peal_engine_conn *conn, peal_ws_opcode opcode,
                           char prefix, peal_bytes *bytes) {
  if (!bytes)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_ws_conn_send(conn->ws, opcode, prefix, bytes);
  peal_bytes_unref(bytes);
  return err;
}

/* One packet per frame (EIO4 WebSocket). */
static peal_err send_packet(peal_engine_conn *conn, const peal_eio_out *out) {
  if (out->binary && conn->base64)
    return send_taken(conn, PEAL_WS_TEXT, 'b', as_base64(conn, out->data));
  if (out->binary)
    return send_taken(conn, PEAL_WS_BINARY, 0, text_of(conn, out->data));
  return send_taken(conn, PEAL_WS_TEXT, (char)('0' + out->type),
                    text_of(conn, out->data));
}

static void push(peal_engine_conn *conn) {
  peal_eio_out out;
  while (peal_ws_conn_queued(conn->ws) < AHEAD_BYTES &&
         peal_eio_session_next(conn->session, PEAL_EIO_WEBSOCKET, &out)) {
    peal_err err = send_packet(conn, &out);
    if (err) {
      peal_eio_session_detach(conn->session, PEAL_EIO_WEBSOCKET,
                              PEAL_EIO_TRANSPORT_ERROR, err,
                              conn->worker->now_ms);
      return;
    }
    peal_eio_session_pop(conn->session, PEAL_EIO_WEBSOCKET,
                         conn->worker->now_ms);
  }
}

/* -- the stream ------------------------------------------------------------------------ */

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_engine_conn *conn = user;
  (void)stream;
  /* Taking packets may tell on_drain, or end the session. */
  peal_engine_conn_enter(conn);
  push(conn);
  peal_ws_conn_pull(conn->ws, out);
  peal_engine_conn_leave_pull(conn);
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_engine_conn *conn = user;
  (void)stream;
  peal_ws_conn_sent(conn->ws, len);
  /* What is over is closed when its last byte has left. */
  if (conn->told_close || peal_ws_conn_is_done(conn->ws)) {
    peal_engine_conn_enter(conn);
    peal_engine_conn_leave(conn);
  }
}

/* A violation needs no answer here: the WebSocket tells it by on_close. */
static void feed(peal_engine_conn *conn, char *data, size_t len) {
  peal_err err = peal_ws_conn_feed(conn->ws, data, len, conn->worker->now_ms);
  (void)err;
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  peal_engine_conn *conn = user;
  (void)stream;
  peal_engine_conn_enter(conn);
  feed(conn, data, len);
  peal_engine_conn_leave(conn);
}

static void lost(peal_engine_conn *conn, peal_eio_reason reason, peal_err err) {
  peal_eio_session_detach(conn->session, PEAL_EIO_WEBSOCKET, reason, err,
                          conn->worker->now_ms);
}

static void on_end(peal_stream *stream, void *user) {
  peal_engine_conn *conn = user;
  peal_engine_conn_enter(conn);
  lost(conn, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
  peal_stream_finish(stream);
  peal_engine_conn_leave(conn);
}

static void on_stream_close(peal_stream *stream, peal_err err, void *user) {
  peal_engine_conn *conn = user;
  peal_engine_conn_enter(conn);
  conn->stream = NULL;
  lost(conn, PEAL_EIO_TRANSPORT_CLOSE, err == PEAL_ERR_CLOSED ? PEAL_OK : err);
  peal_ws_conn_free(conn->ws);
  conn->ws = NULL;
  peal_http_upgrade_closed(conn->engine->http, stream);
  peal_engine_conn_leave(conn);
}

static const peal_stream_callbacks stream_callbacks = {
    .on_read = on_read,
    .on_end = on_end,
    .on_pull = on_pull,
    .on_sent = on_sent,
    .on_close = on_stream_close,
};

/* -- WebSocket -> session --------------------------------------------------------------- */

static void on_ws_message(peal_ws_conn *ws, peal_ws_opcode opcode,
                          peal_slice data, void *user) {
  peal_engine_conn *conn = user;
  uint64_t now_ms = conn->worker->now_ms;
  peal_err err =
      peal_eio_session_feed_frame(conn->session, opcode == PEAL_WS_BINARY, data,
                                  &conn->worker->turn, now_ms);
  /* A session that closed is wound up when the feed returns; a broken probe
   * closes only its WebSocket. */
  if (err == PEAL_ERR_SIO_STATE)
    peal_ws_conn_close(ws, 0, (peal_slice){0}, now_ms);
}

static void on_ws_close(peal_ws_conn *ws, peal_err err, unsigned code,
                        peal_slice reason, void *user) {
  peal_engine_conn *conn = user;
  (void)ws;
  (void)code;
  (void)reason;
  bool is_clean = err == PEAL_OK || err == PEAL_ERR_TIMEOUT;
  lost(conn, is_clean ? PEAL_EIO_TRANSPORT_CLOSE : PEAL_EIO_TRANSPORT_ERROR,
       err);
}

static const peal_ws_conn_callbacks ws_callbacks = {
    .on_message = on_ws_message,
    .on_close = on_ws_close,
};

/* -- opening ------------------------------------------------------------------------------ */

static peal_bytes *answer_101(peal_http_req *req, peal_slice headers,
                              const peal_mem *mem) {
  char accept[29];
  if (peal_crypto_ws_accept(accept,
                            peal_http_req_header(req, "sec-websocket-key")))
    return NULL;
  peal_buf buf;
  peal_buf_init(&buf, mem, 0);
  peal_buf_add_str(&buf, "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: ");
  peal_buf_add_str(&buf, accept);
  peal_buf_add_str(&buf, "\r\n");
  peal_buf_add(&buf, headers);
  peal_buf_add_str(&buf, "\r\n");
  peal_bytes *bytes = buf.err ? NULL : peal_bytes_alloc(buf.len, mem);
  if (bytes)
    memcpy(peal_bytes_data(bytes), buf.ptr, buf.len);
  peal_buf_deinit(&buf);
  return bytes;
}

static peal_err prepare(peal_engine_conn *conn, peal_http_req *req,
                        peal_slice headers) {
  peal_bytes *answer = answer_101(req, headers, conn->worker->mem);
  if (!answer)
    return PEAL_ERR_NOMEM;
  peal_ws_conn_opts opts = {.max_message_bytes = conn->engine->max_payload,
                            .head = answer,
                            .mem = conn->worker->mem};
  conn->ws = peal_ws_conn_new(&opts, &ws_callbacks, conn);
  peal_bytes_unref(answer);
  return conn->ws ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void unprepare(peal_engine_conn *conn) {
  peal_ws_conn_free(conn->ws);
  conn->ws = NULL;
}

peal_err peal_transport_websocket_open(peal_engine_conn *conn,
                                       peal_http_req *req, peal_slice headers) {
  peal_slice rest = {0};
  peal_err err = prepare(conn, req, headers);
  peal_stream *stream = peal_http_upgrade_take(req, &rest);
  if (!err && !stream)
    err = PEAL_ERR_CLOSED;
  if (err) {
    unprepare(conn);
    if (stream)
      peal_stream_close(stream, err);
    peal_http_upgrade_free(req);
    return err;
  }
  conn->stream = stream;
  peal_stream_set_owner(stream, &stream_callbacks, conn);
  peal_eio_session_set_writable(
      conn->session,
      peal_eio_session_current(conn->session) == PEAL_EIO_WEBSOCKET ||
          peal_eio_session_is_writable(conn->session));
  peal_engine_conn_enter(conn);
  /* Frames that came behind the head; the feed writes to its input. */
  if (rest.len)
    feed(conn, (char *)(uintptr_t)rest.ptr, rest.len);
  peal_http_upgrade_free(req);
  peal_engine_conn_leave(conn);
  return PEAL_OK;
}

void peal_transport_websocket_finish(peal_engine_conn *conn) {
  if (!conn->stream || peal_stream_is_closing(conn->stream))
    return;
  peal_ws_conn_close(conn->ws, 0, (peal_slice){0}, conn->worker->now_ms);
  if (peal_ws_conn_is_done(conn->ws))
    peal_stream_finish(conn->stream);
  else
    peal_stream_flush(conn->stream);
}
