/* SPDX-License-Identifier: MIT */
#include "engine/engine_request.h"

#include <string.h>

#include "engine/admission.h"
#include "engine/arrivals.h"
#include "engine/away_ask.h"
#include "engine/engine_use.h"
#include "engine/refusal.h"
#include "engine/sid.h"
#include "engine/transport_polling.h"
#include "http/cors_ask.h"
#include "http/cors_refused.h"
#include "http/ws_accept.h"
#include "wire/percent.h"
#include "wire/query.h"

/* Does the request belong to a session that was begun from the same origin?
 * That has been decided then. */
static bool is_origin_known(peal_engine *engine, peal_http_req *req) {
  peal_slice sid, origin = peal_http_req_header(req, "origin");
  if (!peal_http_req_param(req, "sid", &sid))
    return false;
  const peal_engine_conn *conn = peal_engine_conn_find(
      peal_engine_local_of(engine, peal_http_req_worker(req)), sid);
  return conn && peal_slice_eq(origin, peal_engine_handshake_field(
                                           conn->handshake, "origin"));
}

/* The verdict on the origin is needed for every answer: a page sees none
 * without its header. */
static void ask_origin(peal_engine *engine, peal_http_req *req,
                       peal_http_req_fn then) {
  if (peal_cors_is_asking(engine->cors, req) && is_origin_known(engine, req))
    peal_cors_note(req, PEAL_CORS_ALLOWED);
  peal_cors_ask_begin(engine->cors, req, then, engine);
}

/* RFC9110 15.5.6: it is the method that is wrong, nothing of ours (the
 * reference says 500). As there (3.1) the session stays. */
static void refuse_method(peal_http_req *req) {
  (void)peal_http_answer_header(req, "Allow", PEAL_S("GET, POST"));
  peal_http_answer(req, 405, NULL, (peal_slice){0});
}

static void with_session(const peal_incoming *incoming) {
  peal_http_req *req = incoming->req;
  peal_engine_conn_confirm(incoming->conn);
  if (peal_http_req_is_method(req, "GET"))
    peal_transport_polling_get(incoming->conn, req);
  else if (peal_http_req_is_method(req, "POST"))
    peal_transport_polling_post(incoming->conn, req);
  else
    refuse_method(req);
}

static bool is_client_file(const peal_incoming *incoming) {
  peal_slice path = peal_http_req_path(incoming->req), transport;
  return incoming->engine->serve_client &&
         path.len > strlen(incoming->engine->path) &&
         !peal_http_req_param(incoming->req, "transport", &transport);
}

/* Behind a preflight that names it no origin a browser asks for nothing more,
 * and says little. */
static bool is_preflight_answered(peal_engine *engine, peal_http_req *req) {
  if (!peal_http_req_is_method(req, "OPTIONS"))
    return false;
  if (!peal_cors_allows(engine->cors, req))
    peal_cors_refused_log(engine->cors, req, engine->log, "engine");
  return peal_cors_preflight(engine->cors, req);
}

/* It has waited for its session, which comes from another process. */
static void plain_again(peal_http_req *req, void *user);
static void upgrade_again(peal_http_req *req, void *user);

static void plain_passed(const peal_incoming *passed) {
  peal_incoming incoming = *passed;
  peal_incoming_code code = peal_incoming_check(&incoming);
  if (code == PEAL_INCOMING_SID_UNKNOWN &&
      (peal_arrivals_wait(&incoming, plain_again, incoming.engine) ||
       peal_away_ask(&incoming)))
    return;
  if (code != PEAL_INCOMING_OK)
    peal_refusal_answer(&incoming, code, NULL);
  else if (incoming.has_sid)
    with_session(&incoming);
  else
    peal_admission_begin(&incoming);
}

static void plain_again(peal_http_req *req, void *user) {
  plain_passed(&(peal_incoming){.engine = user, .req = req});
}

static void plain(peal_http_req *req, void *user) {
  const peal_incoming incoming = {.engine = user, .req = req};
  if (is_preflight_answered(incoming.engine, req))
    return;
  if (is_client_file(&incoming))
    incoming.engine->serve_client(req, incoming.engine->serve_client_user);
  else
    peal_engine_use_run(&incoming, plain_passed);
}

void peal_engine_request_plain(peal_http_req *req, void *user) {
  ask_origin(user, req, plain);
}

static void upgrade_session(const peal_incoming *incoming) {
  peal_engine_conn *conn = incoming->conn;
  peal_err err = PEAL_ERR_SIO_STATE;
  peal_engine_conn_confirm(conn);
  if (!conn->stream)
    err = peal_eio_session_attach(&conn->session, peal_engine_conn_now(conn));
  if (err == PEAL_ERR_NOMEM)
    peal_refusal_unavailable(incoming);
  else if (err)
    peal_refusal_second_websocket(incoming);
  else
    peal_admission_open_websocket(incoming, conn, false);
}

static void refuse_upgrade(peal_incoming *incoming) {
  incoming->why = "TRANSPORT_HANDSHAKE_ERROR";
  peal_refusal_answer(incoming, PEAL_INCOMING_BAD_REQUEST, NULL);
}

static void upgrade_passed(const peal_incoming *passed) {
  peal_incoming incoming = *passed;
  peal_incoming_code code = peal_incoming_check(&incoming);
  if (code == PEAL_INCOMING_SID_UNKNOWN &&
      (peal_arrivals_wait(&incoming, upgrade_again, incoming.engine) ||
       peal_away_ask(&incoming)))
    return;
  if (code != PEAL_INCOMING_OK)
    peal_refusal_answer(&incoming, code, NULL);
  else if (incoming.via == PEAL_EIO_POLLING) /* no transport to upgrade to */
    refuse_upgrade(&incoming);
  else if (!peal_refusal_check_websocket(&incoming))
    return;
  else if (incoming.has_sid)
    upgrade_session(&incoming);
  else
    peal_admission_begin(&incoming);
}

static void upgrade_again(peal_http_req *req, void *user) {
  upgrade_passed(
      &(peal_incoming){.engine = user, .req = req, .is_upgrade = true});
}

static void upgrade(peal_http_req *req, void *user) {
  peal_engine_use_run(
      &(peal_incoming){.engine = user, .req = req, .is_upgrade = true},
      upgrade_passed);
}

void peal_engine_request_upgrade(peal_http_req *req, void *user) {
  /* RFC9110 7.8: what we do not speak (h2c, as curl and Java offer) is ignored.
   */
  bool is_ours =
      peal_ws_accept_is_offered(peal_http_req_header(req, "upgrade"));
  ask_origin(user, req, is_ours ? upgrade : plain);
}

int peal_engine_request_worker(const peal_http_req *req, void *user) {
  const peal_engine *engine = user;
  char text[3 * PEAL_SID_LEN]; /* each character at most three as %XY */
  peal_slice sid;
  if (!peal_query_find(peal_http_req_query(req), "sid", &sid))
    return -1;
  if (sid.len > sizeof text)
    sid.len = sizeof text;
  sid = (peal_slice){text, peal_percent_decode_form(text, sid)};
  int worker = peal_sid_worker(sid, engine->worker_count);
  /* What is there of a session elsewhere has to be found by the others, too. */
  if (worker < 0 && (engine->far || engine->takes_over))
    worker = (int)peal_sid_any_worker(sid, engine->worker_count);
  return worker;
}
