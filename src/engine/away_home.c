/* SPDX-License-Identifier: MIT */
#include "engine/away_home.h"

#include <string.h>

#include "base/mem.h"
#include "engine/away_send.h"
#include "engine/engine_limits.h"
#include "wire/base64.h"
#include "wire/eio3_packet.h"
#include "wire/eio3_payload.h"
#include "wire/eio_payload.h"

/* A line of 256 kbit/s. */
#define SLOW_BYTES_PER_MS 32u
/* Packets of one message. */
#define PACKETS 256u

static peal_away *away_of(const peal_engine_conn *conn) {
  return conn->local->away;
}

static peal_slice sid_of(const peal_engine_conn *conn) {
  return (peal_slice){conn->session.sid, PEAL_SID_LEN};
}

static peal_away_home *home_of(const peal_engine_conn *conn) {
  return peal_map_get(&away_of(conn)->homes, sid_of(conn));
}

static bool is_on(const peal_engine_conn *conn, peal_eio_via via) {
  return peal_eio_session_current(&conn->session) == via;
}

static bool is_at(const char *node, peal_slice sender) {
  return peal_slice_is(sender, node);
}

/* -- life ---------------------------------------------------------------------------- */

static peal_away_home *home_new(peal_engine_conn *conn) {
  peal_engine_local *local = conn->local;
  if (peal_account_worker_charge(local->account, sizeof(peal_away_home)))
    return NULL;
  peal_away_home *home = peal_mem_zalloc(local->worker->mem, sizeof *home);
  if (home && !peal_map_add(&local->away->homes, sid_of(conn), home)) {
    home->conn = conn;
    conn->is_far = 1;
    return home;
  }
  peal_mem_free(local->worker->mem, home);
  peal_account_worker_release(local->account, sizeof *home);
  return NULL;
}

static peal_away_home *home_for(peal_engine_conn *conn) {
  peal_away_home *home = home_of(conn);
  return home ? home : home_new(conn);
}

/* -- to the entry ---------------------------------------------------------------------- */

/* What was for a client is lost: the session is over, and the client begins
 * anew. */
static void on_drained(peal_away_post *post) {
  peal_away *away = post->away;
  peal_slice sid = {post->sid, PEAL_SID_LEN};
  bool is_lost = post->err || !post->heard;
  bool is_ending = peal_worker_impl_is_ending(away->local->worker);
  peal_engine_conn *conn =
      is_lost && !is_ending ? peal_engine_conn_find(away->local, sid) : NULL;
  if (conn) {
    peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_CLOSE,
                          PEAL_ERR_CLOSED);
    peal_engine_conn_react(conn);
  }
  peal_away_send_end(post);
}

static peal_err drain_to(peal_engine_conn *conn, const char *node,
                         const peal_eio_packet *packets, size_t count) {
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_DRAIN,
                       .recipient = peal_slice_of(node),
                       .sid = sid_of(conn),
                       .packets = packets,
                       .packet_count = count};
  return peal_away_send(away_of(conn), &msg, 0, on_drained);
}

static void drain_close(peal_engine_conn *conn, const char *node) {
  const peal_eio_packet close = {.type = PEAL_EIO_CLOSE};
  (void)!drain_to(conn, node, &close, 1);
}

/* Up to `max` bytes, one packet in any case. */
static size_t look_at(peal_engine_conn *conn, peal_eio_via via, size_t max,
                      peal_eio_packet *packets, size_t *bytes) {
  peal_eio_cursor cursor = {0};
  peal_eio_out out;
  size_t count = 0;
  *bytes = 0;
  while (count < PACKETS && (!count || *bytes < max) &&
         peal_eio_out_peek(&conn->session, via, &cursor, &out)) {
    packets[count++] = (peal_eio_packet){
        .data = out.data, .type = out.type, .binary = out.binary};
    *bytes += out.data.len;
  }
  return count;
}

/* The packets leave the queue when the message has been made of them. Returns
 * how many bytes of them; 0 with *ok false: there was no way. */
static size_t drain(peal_engine_conn *conn, peal_eio_via via, const char *node,
                    size_t max, bool *ok) {
  peal_worker *worker = conn->local->worker;
  size_t bytes = 0;
  peal_eio_packet *packets =
      peal_arena_alloc(&worker->turn, PACKETS * sizeof *packets);
  size_t count = packets ? look_at(conn, via, max, packets, &bytes) : 0;
  *ok = count && !drain_to(conn, node, packets, count);
  if (!*ok)
    return 0;
  while (count--)
    peal_eio_out_pop(&conn->session, via, worker->now_ms);
  return bytes;
}

static void no_way(peal_engine_conn *conn) {
  peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_CLOSE,
                        PEAL_ERR_CLOSED);
  peal_engine_conn_ask(conn);
}

static void release_poll(peal_engine_conn *conn) {
  conn->far_poll = 0;
  peal_eio_session_poll_waits(&conn->session, false,
                              peal_engine_conn_now(conn));
}

static void write_poll(peal_engine_conn *conn, const peal_away_home *home) {
  bool ok;
  size_t bytes = drain(conn, PEAL_EIO_POLLING, home->poll_at, SIZE_MAX, &ok);
  release_poll(conn);
  if (ok)
    peal_eio_session_spare(&conn->session, peal_engine_conn_now(conn) +
                                               bytes / SLOW_BYTES_PER_MS);
  else
    no_way(conn);
}

static bool has_window(const peal_away_home *home) {
  return home->unheard < PEAL_LIMIT_AWAY_WINDOW_BYTES;
}

static bool wants_poll(const peal_engine_conn *conn) {
  return conn->far_poll && is_on(conn, PEAL_EIO_POLLING) &&
         peal_eio_out_wants(&conn->session, PEAL_EIO_POLLING);
}

static bool wants_socket(const peal_engine_conn *conn,
                         const peal_away_home *home) {
  return conn->far_socket && is_on(conn, PEAL_EIO_WEBSOCKET) &&
         has_window(home) &&
         peal_eio_out_wants(&conn->session, PEAL_EIO_WEBSOCKET);
}

static bool wants(const peal_engine_conn *conn) {
  const peal_away_home *home = home_of(conn);
  return home && (wants_poll(conn) || wants_socket(conn, home));
}

static void write_now(peal_engine_conn *conn) {
  peal_away_home *home = home_of(conn);
  if (!home)
    return;
  if (wants_poll(conn))
    write_poll(conn, home);
  while (wants_socket(conn, home)) {
    bool ok;
    home->unheard +=
        drain(conn, PEAL_EIO_WEBSOCKET, home->socket_at,
              PEAL_LIMIT_AWAY_WINDOW_BYTES - (size_t)home->unheard, &ok);
    if (!ok)
      no_way(conn);
  }
}

/* The GET is answered with a close: polling is over. */
static void leave(peal_engine_conn *conn) {
  const peal_away_home *home = home_of(conn);
  if (!conn->far_poll || !home)
    return;
  drain_close(conn, home->poll_at);
  release_poll(conn);
}

static void end(peal_engine_conn *conn) {
  peal_away_home *home = home_of(conn);
  if (!home)
    return;
  leave(conn);
  if (conn->far_socket)
    drain_close(conn, home->socket_at);
  conn->far_socket = 0;
  conn->is_far = 0;
  peal_map_remove(&away_of(conn)->homes, sid_of(conn));
  peal_mem_free(conn->local->worker->mem, home);
  peal_account_worker_release(conn->local->account, sizeof *home);
}

const peal_engine_far peal_away_home_far = {
    .wants = wants, .write = write_now, .leave = leave, .end = end};

/* -- who asks ------------------------------------------------------------------------------ */

static void answer_lock(peal_away *away, const peal_eio_away *msg, bool yes) {
  peal_eio_away answer = {.type = PEAL_EIO_AWAY_LOCK_ANSWER,
                          .request = msg->request,
                          .recipient = msg->sender,
                          .success = yes};
  (void)!peal_away_send(away, &answer, 0, NULL);
}

/* Two GETs, or two POSTs, at a time: as on one node the session ends. */
static void overlap(peal_engine_conn *conn) {
  leave(conn);
  peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_ERROR,
                        PEAL_ERR_EIO_PACKET);
}

static bool lock_polling(peal_engine_conn *conn, const peal_eio_away *msg) {
  if (!is_on(conn, PEAL_EIO_POLLING))
    return false;
  if (msg->writes ? conn->post != NULL : conn->poll || conn->far_poll) {
    overlap(conn);
    return false;
  }
  peal_away_home *home = home_for(conn);
  if (!home || msg->writes)
    return home != NULL;
  memcpy(home->poll_at, msg->sender.ptr, PEAL_EIO_AWAY_NODE);
  conn->far_poll = 1;
  peal_eio_session_poll_waits(&conn->session, true, peal_engine_conn_now(conn));
  return true;
}

/* The entry answers the probe; here its question alone is known, for the no-op
 * that frees the GET. */
static void note_probe(peal_engine_conn *conn) {
  peal_eio_cursor cursor = {0};
  peal_eio_out out;
  uint64_t now = peal_engine_conn_now(conn);
  (void)!peal_eio_session_feed_frame(&conn->session, false, PEAL_S("2probe"),
                                     now);
  if (peal_eio_out_peek(&conn->session, PEAL_EIO_WEBSOCKET, &cursor, &out))
    peal_eio_out_pop(&conn->session, PEAL_EIO_WEBSOCKET, now);
}

static bool lock_socket(peal_engine_conn *conn, const peal_eio_away *msg) {
  uint64_t now = peal_engine_conn_now(conn);
  if (!is_on(conn, PEAL_EIO_POLLING) || conn->stream)
    return false;
  peal_away_home *home = home_for(conn);
  if (!home || peal_eio_session_attach(&conn->session, now))
    return false;
  memcpy(home->socket_at, msg->sender.ptr, PEAL_EIO_AWAY_NODE);
  home->unheard = 0;
  conn->far_socket = 1;
  note_probe(conn);
  return true;
}

/* The answer goes before what the session has to say. */
static void lock(peal_engine_conn *conn, const peal_eio_away *msg) {
  peal_engine_conn_confirm(conn);
  bool yes = !conn->told_close && (msg->is_websocket ? lock_socket(conn, msg)
                                                     : lock_polling(conn, msg));
  answer_lock(away_of(conn), msg, yes);
}

/* -- what the client says ------------------------------------------------------------------- */

/* As text: a digit and its data, or base64 in a body. What could not be read
 * there cannot be read here. */
static size_t text_len(const peal_eio_packet *packet) {
  return 1 + (packet->binary ? peal_base64_encode_len(packet->data.len)
                             : packet->data.len);
}

static void put_text(char *out, const peal_eio_packet *packet) {
  out[0] = packet->binary ? 'b' : (char)('0' + packet->type);
  if (packet->binary)
    peal_base64_encode_to(out + 1, packet->data);
  else if (packet->data.len)
    memcpy(out + 1, packet->data.ptr, packet->data.len);
}

/* A body of all of them; empty without memory. */
static peal_slice body_of(const peal_engine_conn *conn,
                          const peal_eio_away *msg) {
  size_t len = msg->packet_count - 1, at = 0;
  for (size_t i = 0; i < msg->packet_count; i++)
    len += text_len(&msg->packets[i]);
  char *body = peal_arena_alloc(&conn->local->worker->turn, len);
  if (!body)
    return (peal_slice){0};
  for (size_t i = 0; i < msg->packet_count; i++) {
    if (i)
      body[at++] = PEAL_EIO_PAYLOAD_SEPARATOR;
    put_text(body + at, &msg->packets[i]);
    at += text_len(&msg->packets[i]);
  }
  return (peal_slice){body, len};
}

/* The same for a session of version 3; `frame`: one packet of bytes as a frame
 * has it. */
static peal_slice eio3_of(const peal_engine_conn *conn,
                          const peal_eio_away *msg, bool frame) {
  peal_buf buf;
  peal_buf_init(&buf, conn->local->worker->mem, 0);
  if (frame) {
    peal_buf_add_char(&buf, PEAL_EIO3_PACKET_BINARY);
    peal_buf_add(&buf, msg->packets->data);
  }
  for (size_t i = 0; !frame && i < msg->packet_count; i++)
    peal_eio3_payload_add(&buf, false, &msg->packets[i]);
  char *copy = buf.err ? NULL
                       : peal_arena_str(&conn->local->worker->turn,
                                        peal_buf_slice(&buf));
  peal_slice out = {copy, copy ? buf.len : 0};
  peal_buf_deinit(&buf);
  return out;
}

/* From its WebSocket, where it has one, one at a time; a POST may come from any
 * node. */
static void take_packets(peal_engine_conn *conn, const peal_away_home *home,
                         const peal_eio_away *msg) {
  uint64_t now = peal_engine_conn_now(conn);
  bool on_socket = is_on(conn, PEAL_EIO_WEBSOCKET);
  bool eio3 = peal_eio_session_is_eio3(&conn->session);
  if (!on_socket) {
    (void)!peal_eio_session_feed_payload(
        &conn->session, eio3 ? eio3_of(conn, msg, false) : body_of(conn, msg),
        now);
    return;
  }
  if (!conn->far_socket || !is_at(home->socket_at, msg->sender) ||
      msg->packet_count != 1)
    return;
  bool binary = msg->packets->binary;
  peal_slice data = !binary ? body_of(conn, msg)
                    : eio3  ? eio3_of(conn, msg, true)
                            : msg->packets->data;
  (void)!peal_eio_session_feed_frame(&conn->session, binary, data, now);
}

static void upgrade(peal_engine_conn *conn, const peal_away_home *home,
                    const peal_eio_away *msg) {
  if (!conn->far_socket || !is_at(home->socket_at, msg->sender) ||
      !is_on(conn, PEAL_EIO_POLLING))
    return;
  if (!msg->success || !peal_eio_session_is_upgrading(&conn->session)) {
    conn->far_socket = 0;
    peal_eio_session_detach(&conn->session, PEAL_EIO_WEBSOCKET,
                            PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
    return;
  }
  (void)!peal_eio_session_feed_frame(&conn->session, false, PEAL_S("5"),
                                     peal_engine_conn_now(conn));
  peal_engine_conn_tell(conn); /* a GET that waits is answered first */
  peal_eio_away answer = {.type = PEAL_EIO_AWAY_UPGRADE_ANSWER,
                          .request = msg->request,
                          .recipient = msg->sender};
  (void)!peal_away_send(away_of(conn), &answer, 0, NULL);
}

static void close_by(peal_engine_conn *conn, const peal_away_home *home,
                     const peal_eio_away *msg) {
  bool is_clean = peal_slice_is(msg->reason, "transport close");
  peal_eio_reason reason =
      is_clean ? PEAL_EIO_TRANSPORT_CLOSE : PEAL_EIO_TRANSPORT_ERROR;
  peal_err err = is_clean ? PEAL_OK : PEAL_ERR_CLOSED;
  if (is_on(conn, PEAL_EIO_WEBSOCKET)) {
    if (!conn->far_socket || !is_at(home->socket_at, msg->sender))
      return;
    conn->far_socket = 0;
    peal_eio_session_detach(&conn->session, PEAL_EIO_WEBSOCKET, reason, err);
    return;
  }
  if (conn->far_poll && is_at(home->poll_at, msg->sender))
    release_poll(conn);
  peal_eio_session_detach(&conn->session, PEAL_EIO_POLLING, reason, err);
}

static void credit(const peal_engine_conn *conn, peal_away_home *home,
                   const peal_eio_away *msg) {
  if (conn->far_socket && is_at(home->socket_at, msg->sender))
    home->unheard -= msg->bytes < home->unheard ? msg->bytes : home->unheard;
}

static void feed(peal_engine_conn *conn, const peal_eio_away *msg) {
  peal_away_home *home = home_of(conn);
  if (!home)
    return; /* nothing has been asked for */
  switch (msg->type) {
  case PEAL_EIO_AWAY_PACKET:
    take_packets(conn, home, msg);
    break;
  case PEAL_EIO_AWAY_UPGRADE:
    upgrade(conn, home, msg);
    break;
  case PEAL_EIO_AWAY_CLOSE:
    close_by(conn, home, msg);
    break;
  case PEAL_EIO_AWAY_CREDIT:
    credit(conn, home, msg);
    break;
  default:
    break;
  }
}

void peal_away_home_feed(peal_away *away, const peal_eio_away *msg) {
  peal_engine_conn *conn = peal_engine_conn_find(away->local, msg->sid);
  if (conn && msg->type == PEAL_EIO_AWAY_LOCK)
    lock(conn, msg);
  else if (conn)
    feed(conn, msg);
  if (conn)
    peal_engine_conn_react(conn);
  if (msg->type == PEAL_EIO_AWAY_PACKET && msg->request)
    answer_lock(away, msg, conn != NULL);
}

/* -- what is lost ----------------------------------------------------------------------------- */

/* Has the node a part in it? Without a bus: a POST that was answered may not
 * have come. A client whose WebSocket goes while it changes to it has polling
 * at rest, and would find out by its ping timeout alone. */
static bool depends(const peal_away_home *home, const char *node) {
  const peal_engine_conn *conn = home->conn;
  bool is_over = is_on(conn, PEAL_EIO_POLLING) &&
                 !peal_eio_session_is_upgrading(&conn->session);
  if (conn->far_socket && !is_over && (!node || !strcmp(node, home->socket_at)))
    return true;
  if (is_on(conn, PEAL_EIO_WEBSOCKET))
    return false;
  return !node || (conn->far_poll && !strcmp(node, home->poll_at));
}

static void lose(peal_away_home *home, const char *node) {
  peal_engine_conn *conn = home->conn;
  if (!depends(home, node))
    return;
  /* A GET that waits there will not be answered; one elsewhere is, with the
   * end. */
  if (conn->far_poll && (!node || !strcmp(node, home->poll_at)))
    release_poll(conn);
  conn->far_socket = 0;
  peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_CLOSE,
                        PEAL_ERR_CLOSED);
}

/* None is added or taken away in here: a session ends when its turn does. */
void peal_away_home_lost(peal_away *away, const char *node) {
  uint32_t cursor = 0;
  for (peal_away_home *home; (home = peal_map_next(&away->homes, &cursor));) {
    peal_engine_conn *conn = home->conn;
    lose(home, node);
    peal_engine_conn_ask(conn);
  }
}
