/* SPDX-License-Identifier: MIT */
#include "engine/admission.h"

#include <string.h>

#include "base/buf.h"
#include "engine/allow.h"
#include "engine/engine_headers.h"
#include "engine/refusal.h"
#include "engine/transport_polling.h"
#include "engine/transport_websocket.h"
#include "http/http_upgrade.h"
#include "http/ws_extend.h"
#include "wire/http1.h"

/* -- the new session ------------------------------------------------------- */

/* ws chooses the first protocol that the client offers (reference 3.2). */
static void add_subprotocol(peal_http_req *req, peal_buf *lines) {
  peal_slice offered = peal_http_req_header(req, "sec-websocket-protocol");
  const char *comma =
      offered.len ? memchr(offered.ptr, ',', offered.len) : NULL;
  if (comma)
    offered.len = (size_t)(comma - offered.ptr);
  while (offered.len && offered.ptr[offered.len - 1] == ' ')
    offered.len--;
  if (!offered.len || !peal_http1_is_token(offered))
    return;
  peal_buf_add_str(lines, "Sec-WebSocket-Protocol: ");
  peal_buf_add(lines, offered);
  peal_buf_add_str(lines, "\r\n");
}

void peal_admission_lines(const peal_incoming *incoming, const char *sid,
                          bool is_first, peal_buf *lines,
                          peal_deflate_terms *terms) {
  add_subprotocol(incoming->req, lines);
  /* Of those whom it has passed (engine_use). */
  peal_buf_add(lines, peal_http_upgrade_lines(incoming->req));
  /* What is no list has been refused before. */
  (void)!peal_ws_extend_agree(terms, &incoming->engine->opts.deflate,
                              incoming->req);
  peal_ws_extend_line(lines, terms);
  peal_engine_headers_lines(incoming->engine, incoming->req, sid, is_first,
                            lines);
}

void peal_admission_open_websocket(const peal_incoming *incoming,
                                   peal_engine_conn *conn, bool is_first) {
  peal_deflate_terms terms;
  peal_buf lines;
  peal_buf_init(&lines, conn->local->worker->mem, 0);
  peal_admission_lines(incoming, peal_eio_session_sid(&conn->session), is_first,
                       &lines, &terms);
  peal_err err = lines.err;
  if (err)
    peal_refusal_unavailable(incoming);
  else
    err = peal_transport_websocket_open(conn, incoming->req, &terms,
                                        peal_buf_slice(&lines));
  peal_buf_deinit(&lines);
  if (!err)
    return;
  peal_eio_session_detach(&conn->session, PEAL_EIO_WEBSOCKET,
                          PEAL_EIO_TRANSPORT_ERROR, err);
  peal_engine_conn_react(conn);
}

static peal_engine_conn *new_conn(const peal_incoming *incoming) {
  peal_worker *worker = peal_http_req_worker(incoming->req);
  peal_engine_local *local = peal_engine_local_of(incoming->engine, worker);
  if (local->stopping)
    return NULL;
  peal_engine_handshake *handshake =
      peal_engine_handshake_new(incoming->req, &local->heads, &worker->turn);
  if (!handshake)
    return NULL;
  peal_engine_conn *conn;
  const peal_engine_conn_form form = {.via = incoming->via,
                                      .eio3 = peal_incoming_is_eio3(incoming),
                                      .base64 =
                                          peal_incoming_wants_base64(incoming)};
  if (peal_engine_conn_new(&conn, local, handshake, &form))
    peal_engine_handshake_free(handshake, &local->heads);
  return conn;
}

static void open_session(const peal_incoming *incoming) {
  peal_engine_conn *conn = new_conn(incoming);
  if (!conn) {
    peal_refusal_unavailable(incoming);
  } else if (incoming->is_upgrade) {
    peal_admission_open_websocket(incoming, conn, true);
  } else {
    conn->first_poll = 1;
    peal_transport_polling_get(conn, incoming->req);
  }
}

/* Behind allow_request (reference: the version comes last). */
static void admit(const peal_incoming *incoming) {
  if (peal_http_req_is_aborted(incoming->req))
    /* Nobody is there: only the request is given back. */
    peal_refusal_unavailable(incoming);
  else if (!peal_incoming_is_spoken(incoming))
    peal_refusal_answer(incoming, PEAL_INCOMING_BAD_VERSION, NULL);
  else
    open_session(incoming);
}

/* -- allow_request --------------------------------------------------------- */

/* False if it has been answered before. */
static bool take_answer(peal_allow *allow, peal_incoming *incoming) {
  *incoming = (peal_incoming){0};
  if (!allow)
    return false;
  incoming->engine = allow->engine;
  incoming->via = (peal_eio_via)allow->via;
  incoming->is_upgrade = allow->is_upgrade;
  incoming->req = peal_allow_answer(allow);
  return incoming->req != NULL;
}

void peal_allow_accept(peal_allow *allow) {
  PEAL_ON_ALLOW(allow, "peal_worker_post");
  peal_incoming incoming;
  if (take_answer(allow, &incoming))
    admit(&incoming);
}

void peal_allow_refuse(peal_allow *allow, const char *message) {
  PEAL_ON_ALLOW(allow, "peal_worker_post");
  peal_incoming incoming;
  if (take_answer(allow, &incoming))
    peal_refusal_answer(&incoming, PEAL_INCOMING_FORBIDDEN, message);
}

static void ask(const peal_incoming *incoming) {
  peal_engine *engine = incoming->engine;
  const peal_worker *worker = peal_http_req_worker(incoming->req);
  peal_allow *allow =
      peal_allow_open(&peal_engine_local_of(engine, worker)->allows);
  if (!allow) {
    peal_refusal_unavailable(incoming);
    return;
  }
  allow->engine = engine;
  allow->req = incoming->req;
  allow->via = (uint8_t)incoming->via;
  allow->is_upgrade = incoming->is_upgrade;
  peal_http_defer(incoming->req);
  engine->opts.allow_request(incoming->req, allow, engine->opts.allow_user);
}

void peal_admission_begin(const peal_incoming *incoming) {
  if (!peal_incoming_is_origin_allowed(incoming))
    peal_refusal_origin(incoming);
  else if (incoming->engine->opts.allow_request)
    ask(incoming);
  else
    admit(incoming);
}
