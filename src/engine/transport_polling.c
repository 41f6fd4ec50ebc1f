/* SPDX-License-Identifier: MIT */
#include "engine/transport_polling.h"

#include "base/buf.h"
#include "engine/engine_limits.h"
#include "engine/polling_answer.h"
#include "wire/eio3_payload.h"
#include "wire/eio_payload.h"

/* A line of 256 kbit/s. */
#define SLOW_BYTES_PER_MS 32u

static const char *sid_of(const peal_engine_conn *conn) {
  return peal_eio_session_sid(&conn->session);
}

static void answer_empty(peal_engine_conn *conn, peal_http_req *req,
                         unsigned status) {
  peal_polling_answer_empty(conn->local->engine, req, sid_of(conn), status);
}

/* -- GET ------------------------------------------------------------------------------- */

/* EIO3: with binary in it the whole body is, unless base64 is wanted. */
static bool becomes_octets(const peal_engine_conn *conn) {
  peal_eio_cursor cursor = {0};
  peal_eio_out out;
  if (!peal_eio_session_is_eio3(&conn->session) || conn->base64)
    return false;
  while (peal_eio_out_peek(&conn->session, PEAL_EIO_POLLING, &cursor, &out))
    if (out.binary)
      return true;
  return false;
}

static void pack(const peal_engine_conn *conn, peal_buf *payload, bool octets,
                 const peal_eio_packet *packet) {
  if (peal_eio_session_is_eio3(&conn->session))
    peal_eio3_payload_add(payload, octets, packet);
  else
    peal_eio_payload_add(payload, 0, packet);
}

/* All packets that wait, in one body; false if there are none. */
static bool collect(peal_engine_conn *conn, peal_buf *payload,
                    peal_polling_answer_form *form) {
  form->octets = becomes_octets(conn);
  bool any = false;
  for (;;) {
    peal_eio_cursor cursor = {0};
    peal_eio_out out;
    if (!peal_eio_out_peek(&conn->session, PEAL_EIO_POLLING, &cursor, &out))
      return any;
    peal_eio_packet packet = {
        .data = out.data, .type = out.type, .binary = out.binary};
    pack(conn, payload, form->octets, &packet);
    form->compress = form->compress || !out.no_compress;
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
                             peal_polling_answer_form form) {
  peal_http_req *req = take_poll(conn);
  if (!payload->err)
    allow_for(conn, payload->len);
  form.initial = conn->first_poll;
  peal_err err = peal_polling_answer_payload(conn->local->engine, req,
                                             sid_of(conn), &form, payload);
  conn->first_poll = 0;
  if (!err)
    return;
  peal_eio_session_detach(&conn->session, PEAL_EIO_POLLING,
                          PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_NOMEM);
  peal_engine_conn_ask(conn); /* nobody looks at it if a queue was full */
}

static void write_now(peal_engine_conn *conn) {
  peal_buf payload;
  peal_polling_answer_form form = {0};
  peal_buf_init(&payload, conn->local->worker->mem, 0);
  if (collect(conn, &payload, &form))
    answer_collected(conn, &payload, form);
  peal_buf_deinit(&payload);
}

/* reference 3.1: "poll connection closed prematurely". */
static void on_poll_abort(peal_http_req *req, void *user) {
  peal_engine_conn *conn = user;
  conn->poll = NULL;
  peal_eio_session_poll_waits(&conn->session, false,
                              peal_engine_conn_now(conn));
  peal_eio_session_detach(
      &conn->session, PEAL_EIO_POLLING, PEAL_EIO_TRANSPORT_ERROR,
      peal_worker_is_ending(conn->local->worker) ? PEAL_ERR_CANCELLED
                                                 : PEAL_ERR_CLOSED);
  /* A deferred request is given back by its answer, though nobody reads it. */
  peal_http_answer(req, 400, NULL, (peal_slice){0});
  peal_engine_conn_react(conn);
}

static void answer_close(peal_engine_conn *conn) {
  peal_polling_answer_close(conn->local->engine, take_poll(conn), sid_of(conn),
                            peal_eio_session_is_eio3(&conn->session));
}

/* reference 3.1: the first is answered with a close, the second refused, the
 * session ends ("overlap from client"). */
static void overlap(peal_engine_conn *conn, peal_http_req *req) {
  answer_empty(conn, req, 400);
  if (conn->poll)
    answer_close(conn);
  if (conn->is_far)
    conn->local->engine->far->leave(conn);
  peal_eio_session_detach(&conn->session, PEAL_EIO_POLLING,
                          PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_EIO_PACKET);
}

void peal_transport_polling_get(peal_engine_conn *conn, peal_http_req *req) {
  if (conn->poll || conn->far_poll) {
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

/* Answered in any case: a body that ended the session gets its `ok`, the next
 * request its 400 (reference 3.1). Its packets are told before the body goes
 * away with the answer. */
static void take_body(peal_engine_conn *conn, peal_http_req *req,
                      peal_slice body) {
  peal_eio_session *session = &conn->session;
  uint64_t now_ms = peal_engine_conn_now(conn);
  body = peal_polling_answer_body(req, body);
  if (peal_polling_answer_is_octets(req))
    (void)!peal_eio_session_feed_octets(session, body, now_ms);
  else
    (void)!peal_eio_session_feed_payload(session, body, now_ms);
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

static void collect_body(peal_engine_conn *conn, peal_http_req *req) {
  conn->post = req;
  peal_polling_answer_headers(conn->local->engine, req, sid_of(conn), false);
  peal_http_req_collect(req, conn->local->engine->max_payload, on_post_body,
                        conn);
}

void peal_transport_polling_post(peal_engine_conn *conn, peal_http_req *req) {
  if (conn->post) {
    overlap(conn, req);
  } else if (peal_polling_answer_is_octets(req) &&
             !peal_eio_session_is_eio3(&conn->session)) {
    answer_empty(conn, req, 400);
    peal_eio_session_kill(&conn->session, PEAL_EIO_TRANSPORT_ERROR,
                          PEAL_ERR_EIO_PACKET);
  } else if (peal_polling_answer_is_too_long(conn->local->engine, req)) {
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
