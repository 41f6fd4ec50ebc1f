/* SPDX-License-Identifier: MIT */
#include "ws/ws_upgrade.h"

#include "base/buf.h"
#include "http/cors_ask.h"
#include "http/cors_refused.h"
#include "http/http_upgrade.h"
#include "http/ws_accept.h"
#include "http/ws_extend.h"
#include "ws/ws_link.h"
#include "ws/ws_offer.h"

/* -- refusals -------------------------------------------------------------- */

/* The peer thinks that what follows is a WebSocket: the connection ends. */
static void refuse(peal_http_req *req, unsigned status, const char *text) {
  if (!text)
    text = peal_http_status_text(status);
  peal_http_answer_close(req);
  peal_http_answer(req, status, "text/plain", peal_slice_of(text));
}

/* Anybody can make us write it. */
static void refuse_aloud(const peal_ws_endpoint *endpoint, peal_http_req *req,
                         unsigned status, const char *text) {
  peal_logger_write(endpoint->log, PEAL_LOG_DEBUG, "ws",
                    peal_http_req_address(req), (peal_slice){0},
                    "request refused: %s (%u)",
                    text ? text : peal_http_status_text(status), status);
  refuse(req, status, text);
}

/* RFC9110 15.5.22: it says what would do. */
static void refuse_426(const peal_ws_endpoint *endpoint, peal_http_req *req,
                       const char *text) {
  (void)peal_http_answer_header(req, "Upgrade", PEAL_S("websocket"));
  (void)peal_http_answer_header(req, "Sec-WebSocket-Version", PEAL_S("13"));
  refuse_aloud(endpoint, req, 426, text);
}

/* -- the new connection ---------------------------------------------------- */

static void add_line(peal_buf *lines, const char *name, const char *value) {
  peal_buf_add_str(lines, name);
  peal_buf_add_str(lines, ": ");
  peal_buf_add_str(lines, value);
  peal_buf_add_str(lines, "\r\n");
}

/* The 101, which waits in the machine before its first frame. */
static peal_ws *prepare(peal_ws_local *local, const peal_http_req *req,
                        const peal_deflate_terms *terms, const char *protocol) {
  peal_buf lines, answer;
  peal_ws *ws = NULL;
  peal_buf_init(&lines, local->worker->mem, 0);
  peal_buf_init(&answer, local->worker->mem, 0);
  if (*protocol)
    add_line(&lines, "Sec-WebSocket-Protocol", protocol);
  peal_ws_extend_line(&lines, terms);
  peal_buf_add(&lines, peal_http_upgrade_lines(req));
  if (!lines.err && !peal_ws_accept_answer(
                        &answer, peal_http_req_header(req, "sec-websocket-key"),
                        peal_buf_slice(&lines)))
    ws = peal_ws_link_new(local, peal_buf_slice(&answer), terms, protocol);
  peal_buf_deinit(&answer);
  peal_buf_deinit(&lines);
  return ws;
}

static void open_connection(peal_ws_local *local, peal_http_req *req,
                            const char *wanted) {
  const char *protocol = peal_ws_offer_choose(local->endpoint, req, wanted);
  peal_deflate_terms terms;
  if (peal_ws_extend_agree(&terms, &local->endpoint->opts.deflate, req))
    terms.on = false; /* it has been refused before */
  peal_ws *ws = local->is_stopping || peal_http_req_is_aborted(req)
                    ? NULL
                    : prepare(local, req, &terms, protocol);
  if (!ws) {
    refuse(req, 503, NULL);
    return;
  }
  peal_slice rest;
  peal_stream *stream = peal_http_upgrade_take(req, &rest);
  if (stream) {
    peal_ws_link_begin(ws, stream, req, rest);
  } else {
    peal_ws_link_drop(ws);
    refuse(req, 503, NULL);
  }
}

/* -- allow ----------------------------------------------------------------- */

static void ask(peal_ws_local *local, peal_http_req *req) {
  const peal_ws_opts *opts = &local->endpoint->opts;
  peal_ws_ask *made = peal_ticket_pool_open(&local->asks);
  if (!made) {
    refuse(req, 503, NULL);
    return;
  }
  made->req = req;
  made->local = local;
  peal_http_defer(req);
  opts->allow(req, made, opts->user);
}

/* Its request, the first time. */
static peal_http_req *take_answer(peal_ws_ask *answered) {
  peal_http_req *req = answered ? answered->req : NULL;
  if (!req)
    return NULL;
  answered->req = NULL;
  peal_ticket_pool_close(&answered->local->asks, &answered->ticket);
  return req;
}

void peal_ws_accept(peal_ws_ask *answered, const char *protocol) {
  PEAL_ON_WS(answered, "peal_worker_post");
  peal_http_req *req = take_answer(answered);
  if (req)
    open_connection(answered->local, req, protocol);
}

void peal_ws_refuse(peal_ws_ask *answered, unsigned status, const char *text) {
  PEAL_ON_WS(answered, "peal_worker_post");
  peal_http_req *req = take_answer(answered);
  if (req)
    refuse_aloud(answered->local->endpoint, req,
                 status >= 400 && status <= 599 ? status : 403, text);
}

/* -- the request ----------------------------------------------------------- */

/* Its origin is known to be allowed or not. */
static void admit(peal_http_req *req, void *user) {
  peal_ws_endpoint *endpoint = user;
  peal_ws_local *local = peal_ws_local_of(endpoint, peal_http_req_worker(req));
  if (!peal_cors_allows(endpoint->cors, req)) {
    peal_cors_refused_log(endpoint->cors, req, endpoint->log, "ws");
    refuse(req, 403, "origin not allowed");
  } else if (endpoint->opts.allow && !local->is_stopping) {
    ask(local, req);
  } else {
    open_connection(local, req, NULL);
  }
}

/* Is it an opening handshake? If not it has been refused. */
static bool check_extensions(const peal_ws_endpoint *endpoint,
                             peal_http_req *req) {
  peal_deflate_terms terms;
  if (!peal_ws_extend_agree(&terms, &endpoint->opts.deflate, req))
    return true;
  refuse_aloud(endpoint, req, 400, "malformed Sec-WebSocket-Extensions");
  return false;
}

static bool check_handshake(const peal_ws_endpoint *endpoint,
                            peal_http_req *req) {
  const peal_ws_accept_head head = peal_http_upgrade_ws_head(req);
  if (!peal_http_upgrade_is_asked(req) ||
      !peal_ws_accept_is_offered(head.upgrade)) {
    refuse_426(endpoint, req, "a WebSocket is spoken here");
    return false;
  }
  switch (peal_ws_accept_check(&head)) {
  case PEAL_WS_ACCEPT_OK:
    return check_extensions(endpoint, req);
  case PEAL_WS_ACCEPT_VERSION:
    refuse_426(endpoint, req, "Sec-WebSocket-Version must be 13");
    return false;
  case PEAL_WS_ACCEPT_REQUEST:
    break;
  }
  refuse_aloud(endpoint, req, 400, "missing or invalid Sec-WebSocket-Key");
  return false;
}

void peal_ws_upgrade(peal_ws_endpoint *endpoint, peal_http_req *req) {
  PEAL_ON_WORKER(req ? peal_http_req_worker(req) : NULL, "peal_worker_post");
  if (!endpoint || !req || !peal_http_upgrade_is_open(req))
    return;
  if (peal_http_upgrade_server(req) != endpoint->http) {
    refuse(req, 500, NULL);
    return;
  }
  if (check_handshake(endpoint, req))
    peal_cors_ask_begin(endpoint->cors, req, admit, endpoint);
}

void peal_ws_upgrade_request(peal_http_req *req, void *user) {
  peal_ws_upgrade(user, req);
}
