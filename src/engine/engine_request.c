/* SPDX-License-Identifier: MIT */
#include "engine/engine_request.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "engine/engine_conn.h"
#include "engine/engine_headers.h"
#include "engine/transport_polling.h"
#include "engine/transport_websocket.h"
#include "engine/ws_accept.h"
#include "http/http_upgrade.h"
#include "wire/http1.h"
#include "wire/json.h"

/* Codes and texts of the reference (1.3). */
typedef enum request_code {
  ACCEPTED = -1,
  TRANSPORT_UNKNOWN = 0,
  SID_UNKNOWN = 1,
  BAD_METHOD = 2,
  BAD_REQUEST = 3,
  FORBIDDEN = 4,
  BAD_VERSION = 5
} request_code;

static const char *const code_texts[] = {
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};

/* What a request asks for. */
typedef struct incoming {
  peal_engine *engine;
  peal_http_req *req;
  peal_engine_conn *conn; /* of the sid, if there is one */
  peal_eio_via via;
  bool is_upgrade;
  bool has_sid;
} incoming;

struct peal_allow {
  peal_engine *engine;
  peal_http_req *req;
  peal_eio_via via;
  bool is_upgrade;
  bool aborted;
};

/* -- refusing ------------------------------------------------------------------------- */

static void log_refusal(const incoming *request, unsigned code,
                        const char *text) {
  peal_logger_write(request->engine->log, PEAL_LOG_INFO, "engine",
                    peal_http_req_peer(request->req), (peal_slice){0},
                    "request refused: %s (code %u)", text, code);
}

static void refuse_plain(const incoming *request, unsigned code,
                         const char *text) {
  peal_buf body;
  peal_buf_init(&body, peal_http_req_worker(request->req)->mem, 0);
  peal_buf_add_str(&body, "{\"code\":");
  peal_buf_add_u64(&body, code);
  peal_buf_add_str(&body, ",\"message\":");
  peal_json_encode_str(&body, peal_slice_of(text));
  peal_buf_add_char(&body, '}');
  peal_engine_headers_answer(request->engine, request->req, NULL, false);
  /* reference 1.3: this very type, without a charset. */
  peal_http_answer(request->req, code == FORBIDDEN ? 403 : 400,
                   "application/json", peal_buf_slice(&body));
  peal_buf_deinit(&body);
}

/* Before the 101, always (design: deliberately better). */
static void refuse_upgrade(const incoming *request, const char *text) {
  peal_buf buf;
  peal_buf_init(&buf, peal_http_req_worker(request->req)->mem, 0);
  peal_buf_add_str(&buf, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                         "Content-type: text/html\r\nContent-Length: ");
  peal_buf_add_u64(&buf, strlen(text));
  peal_buf_add_str(&buf, "\r\n\r\n");
  peal_buf_add_str(&buf, text);
  peal_http_upgrade_refuse(request->req, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}

static void refuse(const incoming *request, request_code code,
                   const char *text) {
  if (!text)
    text = code_texts[code];
  log_refusal(request, (unsigned)code, text);
  if (request->is_upgrade)
    refuse_upgrade(request, text);
  else
    refuse_plain(request, (unsigned)code, text);
}

/* -- checks, in the order of the reference -------------------------------------------- */

static bool find_transport(incoming *request) {
  peal_slice name;
  if (!peal_http_req_param(request->req, "transport", &name))
    return false;
  unsigned bit = peal_slice_is(name, "polling")     ? PEAL_TRANSPORT_POLLING
                 : peal_slice_is(name, "websocket") ? PEAL_TRANSPORT_WEBSOCKET
                                                    : 0;
  request->via =
      bit == PEAL_TRANSPORT_WEBSOCKET ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING;
  return (bit & request->engine->transports) != 0;
}

static request_code check_sid(incoming *request, peal_slice sid) {
  request->has_sid = true;
  request->conn = peal_engine_conn_find(
      request->engine, peal_http_req_worker(request->req), sid);
  if (!request->conn)
    return SID_UNKNOWN;
  if (!request->is_upgrade &&
      peal_eio_session_current(request->conn->session) != request->via)
    return BAD_REQUEST;
  return ACCEPTED;
}

static request_code check_handshake(const incoming *request) {
  if (!peal_http_req_is_method(request->req, "GET"))
    return BAD_METHOD;
  if (request->via == PEAL_EIO_WEBSOCKET && !request->is_upgrade)
    return BAD_REQUEST;
  return ACCEPTED;
}

static request_code check(incoming *request) {
  peal_slice sid;
  if (!find_transport(request))
    return TRANSPORT_UNKNOWN;
  if (peal_http_req_param(request->req, "sid", &sid))
    return check_sid(request, sid);
  return check_handshake(request);
}

static bool is_eio4(peal_http_req *req) {
  peal_slice version;
  return peal_http_req_param(req, "EIO", &version) &&
         peal_slice_is(version, "4");
}

/* Enforced on both transports (design: deliberately better). */
static bool origin_allowed(const incoming *request) {
  return peal_cors_allows(request->engine->cors,
                          peal_http_req_header(request->req, "origin"),
                          peal_http_req_header(request->req, "host"));
}

/* Returns false if it has been refused. */
static bool check_websocket(const incoming *request) {
  peal_http_req *req = request->req;
  peal_ws_accept_head head = {
      .is_get = peal_http_req_is_method(req, "GET"),
      .upgrade = peal_http_req_header(req, "upgrade"),
      .version = peal_http_req_header(req, "sec-websocket-version"),
      .key = peal_http_req_header(req, "sec-websocket-key")};
  switch (peal_ws_accept_check(&head)) {
  case PEAL_WS_ACCEPT_OK:
    return true;
  case PEAL_WS_ACCEPT_VERSION:
    peal_http_upgrade_refuse(
        req, PEAL_S("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                    "Content-Type: text/html\r\nContent-Length: 47\r\n"
                    "Sec-WebSocket-Version: 13, 8\r\n\r\n"
                    "Missing or invalid Sec-WebSocket-Version header"));
    return false;
  case PEAL_WS_ACCEPT_REQUEST:
    break;
  }
  refuse_upgrade(request, "Missing or invalid Sec-WebSocket-Key header");
  return false;
}

/* -- new sessions ------------------------------------------------------------------------ */

static bool wants_base64(peal_http_req *req) {
  peal_slice value;
  return peal_http_req_param(req, "b64", &value) && value.len &&
         !peal_slice_is(value, "0");
}

static peal_engine_conn *new_conn(const incoming *request) {
  peal_worker *worker = peal_http_req_worker(request->req);
  if (peal_engine_local_of(request->engine, worker)->stopping)
    return NULL;
  peal_engine_handshake *handshake =
      peal_engine_handshake_new(request->req, worker->mem);
  if (!handshake)
    return NULL;
  peal_engine_conn *conn =
      peal_engine_conn_new(request->engine, worker, handshake, request->via,
                           wants_base64(request->req));
  if (!conn)
    peal_engine_handshake_free(handshake, worker->mem);
  return conn;
}

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

static void unavailable(const incoming *request) {
  if (request->is_upgrade)
    peal_http_upgrade_refuse(
        request->req, PEAL_S("HTTP/1.1 503 Service Unavailable\r\n"
                             "Connection: close\r\nContent-Length: 0\r\n\r\n"));
  else
    peal_http_answer(request->req, 503, NULL, (peal_slice){0});
}

static void open_websocket(const incoming *request, peal_engine_conn *conn,
                           bool initial) {
  peal_buf lines;
  peal_buf_init(&lines, conn->worker->mem, 0);
  add_subprotocol(request->req, &lines);
  peal_engine_headers_lines(request->engine, request->req, initial, &lines);
  peal_engine_conn_enter(conn);
  peal_err err = lines.err;
  if (err)
    unavailable(request);
  else
    err = peal_transport_websocket_open(conn, request->req,
                                        peal_buf_slice(&lines));
  if (err)
    peal_eio_session_detach(conn->session, PEAL_EIO_WEBSOCKET,
                            PEAL_EIO_TRANSPORT_ERROR, err,
                            conn->worker->now_ms);
  peal_engine_conn_leave(conn);
  peal_buf_deinit(&lines);
}

static void begin(const incoming *request) {
  peal_engine_conn *conn = new_conn(request);
  if (!conn) {
    unavailable(request);
  } else if (request->is_upgrade) {
    open_websocket(request, conn, true);
  } else {
    conn->first_poll = true;
    peal_transport_polling_get(conn, request->req);
  }
}

/* The last checks, behind allow_request (reference: version comes last). */
static void admit(const incoming *request) {
  if (peal_http_req_is_aborted(request->req))
    unavailable(request); /* nobody is there: only the request is given back */
  else if (!is_eio4(request->req))
    refuse(request, BAD_VERSION, NULL);
  else
    begin(request);
}

/* -- allow_request ------------------------------------------------------------------------- */

static incoming allow_request_of(const peal_allow *allow) {
  return (incoming){.engine = allow->engine,
                    .req = allow->req,
                    .via = allow->via,
                    .is_upgrade = allow->is_upgrade};
}

void peal_allow_accept(peal_allow *allow) {
  incoming request = allow_request_of(allow);
  admit(&request);
}

void peal_allow_refuse(peal_allow *allow, const char *message) {
  incoming request = allow_request_of(allow);
  refuse(&request, FORBIDDEN, message);
}

static void ask(const incoming *request) {
  const peal_server_opts *opts = request->engine->opts;
  if (!opts->allow_request) {
    admit(request);
    return;
  }
  /* Lives as long as the request. */
  peal_allow *allow = peal_http_req_alloc(request->req, sizeof *allow);
  if (!allow) {
    unavailable(request);
    return;
  }
  *allow = (peal_allow){.engine = request->engine,
                        .req = request->req,
                        .via = request->via,
                        .is_upgrade = request->is_upgrade};
  peal_http_defer(request->req);
  opts->allow_request(request->req, allow, opts->user);
}

static void handshake(const incoming *request) {
  if (!origin_allowed(request))
    refuse(request, FORBIDDEN, "origin not allowed");
  else
    ask(request);
}

/* -- entries --------------------------------------------------------------------------------- */

static void with_session(const incoming *request) {
  peal_http_req *req = request->req;
  if (peal_http_req_is_method(req, "GET"))
    peal_transport_polling_get(request->conn, req);
  else if (peal_http_req_is_method(req, "POST"))
    peal_transport_polling_post(request->conn, req);
  else /* reference 3.1: the session stays. */
    peal_http_answer(req, 500, NULL, (peal_slice){0});
}

static bool is_client_file(const incoming *request) {
  peal_slice path = peal_http_req_path(request->req);
  return request->engine->serve_client &&
         path.len > strlen(request->engine->path);
}

void peal_engine_request_plain(peal_http_req *req, void *user) {
  incoming request = {.engine = user, .req = req};
  peal_slice transport;
  if (peal_http_req_is_method(req, "OPTIONS") &&
      peal_cors_preflight(request.engine->cors, req))
    return;
  if (is_client_file(&request) &&
      !peal_http_req_param(req, "transport", &transport)) {
    request.engine->serve_client(req, request.engine->serve_client_user);
    return;
  }
  request_code code = check(&request);
  if (code != ACCEPTED)
    refuse(&request, code, NULL);
  else if (request.has_sid)
    with_session(&request);
  else
    handshake(&request);
}

/* reference 3.3: a WebSocket for a session that upgrades already, or has
 * upgraded, is opened and closed; the first one is unaffected. */
static void refuse_second(peal_http_req *req) {
  peal_buf buf;
  peal_buf_init(&buf, peal_http_req_worker(req)->mem, 0);
  peal_err err = peal_ws_accept_answer(
      &buf, peal_http_req_header(req, "sec-websocket-key"), (peal_slice){0});
  if (!err)
    peal_buf_add(&buf, PEAL_S("\x88\x00"));
  peal_http_upgrade_refuse(req, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}

static void upgrade_session(const incoming *request) {
  peal_engine_conn *conn = request->conn;
  if (conn->stream ||
      peal_eio_session_attach(conn->session, conn->worker->now_ms))
    refuse_second(request->req);
  else
    open_websocket(request, conn, false);
}

void peal_engine_request_upgrade(peal_http_req *req, void *user) {
  incoming request = {.engine = user, .req = req, .is_upgrade = true};
  request_code code = check(&request);
  if (code != ACCEPTED)
    refuse(&request, code, NULL);
  else if (request.via == PEAL_EIO_POLLING) /* no transport to upgrade to */
    refuse(&request, BAD_REQUEST, NULL);
  else if (!check_websocket(&request))
    return;
  else if (request.has_sid)
    upgrade_session(&request);
  else
    handshake(&request);
}

static int digit(char c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_";
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

int peal_engine_request_worker(const peal_http_req *req, void *user) {
  const peal_engine *engine = user;
  peal_slice query = peal_http_req_query(req);
  for (size_t i = 0; i + 6 <= query.len; i++) {
    if ((i && query.ptr[i - 1] != '&') || memcmp(query.ptr + i, "sid=", 4))
      continue;
    int high = digit(query.ptr[i + 4]), low = digit(query.ptr[i + 5]);
    int index = high < 0 || low < 0 ? -1 : high << 6 | low;
    return index < (int)engine->worker_count ? index : -1;
  }
  return -1;
}
