/* SPDX-License-Identifier: MIT */
#include "engine/transport_websocket.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/http_give.h"
#include "http/http_upgrade.h"
#include "http/ws_accept.h"
#include "net/net_limits.h"
#include "net/taken.h"
#include "wire/base64.h"

/* Frames that are made for one client alone are made so far ahead of the
 * stream. */
#define AHEAD_BYTES 65536u
#define GOING_AWAY 1001u /* RFC6455 7.4.1 */

/* -- session -> WebSocket -------------------------------------------------- */

static void lost(peal_engine_conn *conn, peal_eio_reason reason, peal_err err) {
  peal_eio_session_detach(&conn->session, PEAL_EIO_WEBSOCKET, reason, err);
}

static peal_ws_opcode opcode_of(const peal_eio_out *packet) {
  return packet->binary ? PEAL_WS_BINARY : PEAL_WS_TEXT;
}

static inline char prefix_of(const peal_engine_conn *conn,
                             const peal_eio_out *packet) {
  return peal_eio_out_prefix(&conn->session, packet);
}

/* `make`: for a pull; otherwise as the last pull has shown it. */
static peal_ws_shape shape_of(const peal_engine_conn *conn,
                              const peal_eio_out *packet, bool make) {
  peal_ws_shape shape = {.opcode = (uint8_t)opcode_of(packet),
                         .prefix = prefix_of(conn, packet),
                         .body = packet->data};
  if (packet->message && !packet->no_compress)
    peal_ws_conn_deflate(conn->ws, &shape, packet->message, packet->part, make);
  return shape;
}

/* Behind a `b`, in version 3 with the type of a message. */
static peal_err send_base64(peal_engine_conn *conn,
                            const peal_eio_out *packet) {
  peal_slice data = packet->data;
  const peal_mem *mem = conn->local->worker->mem;
  size_t len = peal_base64_encode_len(data.len);
  char *text = peal_mem_alloc(mem, len + 1);
  if (!text)
    return PEAL_ERR_NOMEM;
  text[0] = '4';
  peal_base64_encode_to(text + 1, data);
  peal_slice body = peal_eio_session_is_eio3(&conn->session)
                        ? (peal_slice){text, len + 1}
                        : (peal_slice){text + 1, len};
  peal_err err = peal_ws_conn_send_with(conn->ws, PEAL_WS_TEXT, 'b', body,
                                        !packet->no_compress);
  peal_mem_free(mem, text);
  return err;
}

static peal_err send_own(peal_engine_conn *conn, const peal_eio_out *packet) {
  if (packet->binary && conn->base64)
    return send_base64(conn, packet);
  return peal_ws_conn_send_with(conn->ws, opcode_of(packet),
                                prefix_of(conn, packet), packet->data,
                                packet->message && !packet->no_compress);
}

/* What a client gets as nobody else does waits in the WebSocket: binary as
 * text, if it asked for that; everything, if what is deflated for it refers to
 * what was before. */
static peal_err stage_own(peal_engine_conn *conn, bool is_all) {
  while (peal_ws_conn_queued(conn->ws) < AHEAD_BYTES) {
    peal_eio_cursor cursor = {0};
    peal_eio_out packet;
    if (!peal_eio_out_peek(&conn->session, PEAL_EIO_WEBSOCKET, &cursor,
                           &packet) ||
        !(is_all || packet.binary))
      return PEAL_OK;
    peal_err err = send_own(conn, &packet);
    if (err == PEAL_ERR_CLOSED) /* it is closing: what waits is lost */
      return PEAL_OK;
    if (err)
      return err;
    peal_eio_out_pop(&conn->session, PEAL_EIO_WEBSOCKET,
                     peal_engine_conn_now(conn));
  }
  return PEAL_OK;
}

/* Where nothing is deflated no shape is made. */
static bool pull_packet(const peal_engine_conn *conn, peal_iovs *out,
                        const peal_eio_out *packet, bool deflates) {
  uint8_t opcode = (uint8_t)opcode_of(packet);
  char prefix = prefix_of(conn, packet);
  peal_slice body = packet->data;
  if (deflates) {
    peal_ws_shape shape = shape_of(conn, packet, true);
    opcode = shape.opcode;
    prefix = shape.prefix;
    body = shape.body;
  }
  return peal_ws_conn_pull_message(conn->ws, out, opcode, prefix, body);
}

/* Returns true if there are no more. */
static bool pull_packets(peal_engine_conn *conn, peal_iovs *out) {
  peal_engine_shown *shown = &conn->local->shown;
  peal_eio_cursor cursor = {0};
  peal_eio_out packet;
  size_t before = out->bytes;
  bool more, deflates = peal_ws_conn_deflates(conn->ws);
  while ((more = peal_eio_out_peek(&conn->session, PEAL_EIO_WEBSOCKET, &cursor,
                                   &packet)) &&
         !(packet.binary && conn->base64) &&
         pull_packet(conn, out, &packet, deflates))
    shown->packets++;
  shown->bytes = out->bytes - before;
  return !more;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_engine_conn *conn = user;
  bool is_own = peal_ws_conn_takes_over(conn->ws);
  if ((is_own | conn->base64) && stage_own(conn, is_own)) {
    peal_stream_close(stream, PEAL_ERR_NOMEM);
    return;
  }
  peal_ws_conn_pull(conn->ws, out);
  bool is_shown = out->bytes == peal_ws_conn_queued(conn->ws);
  conn->local->shown = (peal_engine_shown){0};
  out->is_all =
      (is_own ? !peal_eio_out_wants(&conn->session, PEAL_EIO_WEBSOCKET)
              : pull_packets(conn, out)) &&
      is_shown;
}

/* A frame that has left in part: its rest is the WebSocket's. */
static peal_err keep_rest(peal_engine_conn *conn, const peal_eio_out *packet,
                          const peal_ws_shape *shape, size_t sent) {
  peal_message *message = packet->message;
  if (message)
    return peal_ws_conn_keep(conn->ws, shape->opcode, shape->prefix, message,
                             shape->body, sent);
  message = peal_message_new(packet->data, NULL, 0, conn->local->worker->mem);
  peal_err err =
      message ? peal_ws_conn_keep(conn->ws, shape->opcode, shape->prefix,
                                  message, peal_message_part(message, 0), sent)
              : PEAL_ERR_NOMEM;
  peal_message_unref(message);
  return err;
}

static void pop(peal_engine_conn *conn) {
  peal_eio_out_pop(&conn->session, PEAL_EIO_WEBSOCKET,
                   peal_engine_conn_now(conn));
}

/* `len` bytes of packets have left, not all that were shown. */
static peal_err pop_some(peal_engine_conn *conn, size_t len) {
  peal_err err = PEAL_OK;
  while (len) {
    peal_eio_cursor cursor = {0};
    peal_eio_out packet;
    if (!peal_eio_out_peek(&conn->session, PEAL_EIO_WEBSOCKET, &cursor,
                           &packet))
      return PEAL_ERR_CLOSED; /* it has been dropped meanwhile */
    peal_ws_shape shape = shape_of(conn, &packet, false);
    size_t whole =
        peal_ws_conn_message_len(conn->ws, shape.prefix, shape.body.len);
    if (len < whole)
      err = keep_rest(conn, &packet, &shape, len);
    len -= len < whole ? len : whole;
    pop(conn);
  }
  return err;
}

/* `len` bytes of packets have left: they are the session's no longer. */
static peal_err pop_sent(peal_engine_conn *conn, size_t len) {
  const peal_engine_shown *shown = &conn->local->shown;
  if (len != shown->bytes)
    return pop_some(conn, len);
  for (size_t i = 0; i < shown->packets; i++)
    pop(conn);
  return PEAL_OK;
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_engine_conn *conn = user;
  peal_err err = pop_sent(conn, peal_ws_conn_sent(conn->ws, len));
  if (err)
    peal_stream_close(stream, err);
  else if (peal_ws_conn_is_done(conn->ws))
    peal_stream_finish(stream);
  /* Its queue may be empty again, or its farewell be said. */
  if (peal_eio_session_has_news(&conn->session) ||
      (!conn->ws_ending && peal_eio_session_is_done(&conn->session)))
    peal_engine_conn_ask(conn);
}

/* -- WebSocket -> session -------------------------------------------------- */

/* The reference gives no code; a server that stops says so. */
static void close_ws(peal_engine_conn *conn) {
  bool goes = conn->local->stopping;
  conn->ws_ending = 1;
  peal_ws_conn_close(conn->ws, goes ? GOING_AWAY : 0,
                     goes ? PEAL_S("server shutting down") : (peal_slice){0},
                     peal_engine_conn_now(conn));
}

static void take_message(peal_engine_conn *conn, const peal_ws_event *event) {
  /* A broken probe is seen by _react, behind the last of what was read, which
   * closes only its WebSocket. */
  (void)!peal_eio_session_feed_frame(&conn->session,
                                     event->opcode == PEAL_WS_BINARY,
                                     event->data, peal_engine_conn_now(conn));
  peal_engine_conn_tell(conn);
}

static void take_close(peal_engine_conn *conn, const peal_ws_event *event) {
  bool is_clean = event->err == PEAL_OK || event->err == PEAL_ERR_TIMEOUT;
  conn->ws_ending = 1;
  lost(conn, is_clean ? PEAL_EIO_TRANSPORT_CLOSE : PEAL_EIO_TRANSPORT_ERROR,
       event->err);
  peal_engine_conn_tell(conn);
  if (peal_ws_conn_is_done(conn->ws))
    peal_stream_finish(conn->stream);
  else
    peal_stream_flush(conn->stream);
}

/* The one loop that reads a WebSocket: feed, next, act. */
static void take_events(peal_engine_conn *conn) {
  peal_ws_event event;
  while (peal_ws_conn_next(conn->ws, &event)) {
    if (event.type == PEAL_WS_EVENT_MESSAGE)
      take_message(conn, &event);
    else
      take_close(conn, &event);
  }
}

static void feed(peal_engine_conn *conn, char *data, size_t len) {
  peal_ws_conn_feed(conn->ws, data, len, peal_engine_conn_now(conn));
  take_events(conn);
  peal_engine_conn_react(conn); /* which also flushes pongs, a close frame */
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  feed(user, data, len);
}

static void on_end(peal_stream *stream, void *user) {
  peal_engine_conn *conn = user;
  lost(conn, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
  peal_stream_finish(stream);
  peal_engine_conn_react(conn);
}

static void on_stream_close(peal_stream *stream, peal_err err, void *user) {
  peal_engine_conn *conn = user;
  peal_engine_conn_count_undrained(conn);
  conn->stream = NULL;
  peal_ws_conn_free(conn->ws);
  conn->ws = NULL;
  conn->ws_ending = 0;
  lost(conn, PEAL_EIO_TRANSPORT_CLOSE, err == PEAL_ERR_CLOSED ? PEAL_OK : err);
  peal_http_upgrade_closed(conn->local->engine->http, stream);
  peal_engine_conn_react(conn);
}

static const peal_stream_callbacks plain_callbacks = {
    .on_read = on_read,
    .on_end = on_end,
    .on_pull = on_pull,
    .on_sent = on_sent,
    .on_close = on_stream_close,
};

static const peal_stream_callbacks deflated_callbacks = {
    .on_read = on_read,
    .on_end = on_end,
    .on_pull = on_pull,
    .on_sent = on_sent,
    .on_close = on_stream_close,
    .turn_bytes = PEAL_LIMIT_READ_DEFLATED_BYTES,
};

static const peal_stream_callbacks *callbacks_of(const peal_engine_conn *conn) {
  return peal_ws_conn_deflates(conn->ws) ? &deflated_callbacks
                                         : &plain_callbacks;
}

/* RFC6455 4.1: a client waits for the answer before it sends more. */
static bool is_too_early(const peal_engine_conn *conn, size_t len) {
  return peal_ws_conn_deflates(conn->ws) &&
         len > PEAL_LIMIT_READ_DEFLATED_BYTES;
}

/* -- as a way of the session ----------------------------------------------- */

/* A stream sends its share and no more; here a queue is full: until the kernel
 * takes no more, or all is gone. */
static void write_now(peal_engine_conn *conn) {
  size_t before;
  do {
    before = peal_eio_session_queued_bytes(&conn->session);
    peal_stream_flush_now(conn->stream);
  } while (!peal_stream_is_closing(conn->stream) &&
           !peal_stream_is_blocked(conn->stream) &&
           peal_eio_session_queued_bytes(&conn->session) < before);
}

/* A probe that came to nothing had nothing to say: its peer is not waited
 * for. */
static void finish(peal_engine_conn *conn) {
  bool is_probe = peal_eio_session_current(&conn->session) == PEAL_EIO_POLLING;
  close_ws(conn);
  if (peal_stream_is_closing(conn->stream))
    return;
  if (is_probe || peal_ws_conn_is_done(conn->ws))
    peal_stream_finish(conn->stream);
  else
    peal_stream_flush(conn->stream);
}

static void tick(peal_engine_conn *conn) {
  peal_ws_conn_tick(conn->ws, peal_engine_conn_now(conn));
  take_events(conn);
  if (peal_ws_conn_is_done(conn->ws))
    peal_stream_finish(conn->stream);
}

/* Its pong can come only behind the message that it is sending, and that must
 * keep the pace of ws_conn: a byte now and then spares nobody for long. */
static void look(const peal_engine_conn *conn, peal_eio_life_signs *signs) {
  if (!conn->stream || peal_stream_is_closing(conn->stream))
    return;
  *signs = (peal_eio_life_signs){
      .taken = peal_stream_acked(conn->stream),
      .is_behind = peal_stream_is_blocked(conn->stream) ||
                   peal_stream_unacked(conn->stream) > 0,
      .is_sending = peal_ws_conn_is_receiving(conn->ws),
      .came_at_ms = peal_stream_last_progress_ms(conn->stream)};
}

const peal_engine_way peal_transport_websocket = {
    .write = write_now, .finish = finish, .tick = tick, .look = look};

/* -- opening --------------------------------------------------------------- */

/* The answer waits in the WebSocket, before its first frame. */
static peal_err prepare(peal_engine_conn *conn, peal_http_req *req,
                        const peal_deflate_terms *terms, peal_slice lines) {
  peal_buf answer;
  peal_buf_init(&answer, conn->local->worker->mem, 0);
  peal_err err = peal_ws_accept_answer(
      &answer, peal_http_req_header(req, "sec-websocket-key"), lines);
  if (!err) {
    conn->ws = peal_ws_conn_new(&conn->local->ws_opts, &conn->account,
                                peal_buf_slice(&answer));
    err = conn->ws ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  if (!err)
    peal_ws_conn_agree(conn->ws, terms);
  peal_buf_deinit(&answer);
  return err;
}

static void unprepare(peal_engine_conn *conn) {
  peal_ws_conn_free(conn->ws);
  conn->ws = NULL;
}

static void begin(peal_engine_conn *conn, peal_stream *stream,
                  peal_slice rest) {
  conn->stream = stream;
  peal_stream_set_owner(stream, callbacks_of(conn), conn);
  if (conn->keyed)
    (void)peal_stream_set_lowat(stream, PEAL_LIMIT_KEYED_AHEAD_BYTES);
  peal_stream_flush(stream);
  /* Frames that came behind the head; the feed writes to its input. */
  if (is_too_early(conn, rest.len))
    peal_stream_close(stream, PEAL_ERR_LIMIT);
  else if (rest.len)
    feed(conn, (char *)(uintptr_t)rest.ptr, rest.len);
  else
    peal_engine_conn_react(conn);
}

peal_err peal_transport_websocket_open(peal_engine_conn *conn,
                                       peal_http_req *req,
                                       const peal_deflate_terms *terms,
                                       peal_slice lines) {
  peal_slice rest = {0};
  peal_err err = prepare(conn, req, terms, lines);
  peal_stream *stream = peal_http_upgrade_take(req, &rest);
  if (!err && !stream)
    err = PEAL_ERR_CLOSED;
  if (!err) {
    begin(conn, stream, rest);
  } else {
    unprepare(conn);
    if (stream)
      peal_stream_close(stream, err);
  }
  peal_http_upgrade_free(req);
  return err;
}

/* -- in another process ------------------------------------------------------ */

bool peal_transport_websocket_may_leave(const peal_engine_conn *conn) {
  return conn->stream && !conn->ws_ending &&
         !peal_stream_is_closing(conn->stream) &&
         !peal_stream_is_encrypted(conn->stream) &&
         peal_ws_conn_is_at_rest(conn->ws);
}

void peal_transport_websocket_leave(peal_engine_conn *conn) {
  peal_http_give_stream(conn->local->engine->http, conn->stream);
  conn->stream = NULL;
  unprepare(conn);
}

/* Without a stream. */
static peal_err restore(peal_engine_conn *conn, const peal_deflate_terms *terms,
                        peal_slice window) {
  conn->ws =
      peal_ws_conn_new(&conn->local->ws_opts, &conn->account, (peal_slice){0});
  if (!conn->ws)
    return PEAL_ERR_NOMEM;
  peal_ws_conn_agree(conn->ws, terms);
  peal_err err = peal_ws_conn_remember(conn->ws, window);
  if (err)
    unprepare(conn);
  return err;
}

peal_err peal_transport_websocket_resume(peal_engine_conn *conn, int fd,
                                         const peal_deflate_terms *terms,
                                         peal_slice window) {
  peal_engine_local *local = conn->local;
  peal_err err = restore(conn, terms, window);
  if (err) {
    close(fd);
    return err;
  }
  conn->stream = peal_http_give_take_stream(local->engine->http, local->worker,
                                            fd, callbacks_of(conn), conn);
  if (conn->stream)
    return PEAL_OK;
  unprepare(conn);
  return PEAL_ERR_NOMEM;
}
