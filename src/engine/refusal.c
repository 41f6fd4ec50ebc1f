/* SPDX-License-Identifier: MIT */
#include "engine/refusal.h"

#include <string.h>

#include "base/buf.h"
#include "engine/engine_error.h"
#include "engine/engine_headers.h"
#include "http/cors_refused.h"
#include "http/http_upgrade.h"
#include "http/ws_accept.h"
#include "http/ws_extend.h"
#include "wire/http1_status.h"
#include "wire/json.h"

/* Texts of the reference (1.3). */
static const char *const texts[] = {
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};

static const peal_mem *mem_of(const peal_incoming *incoming) {
  return peal_http_req_worker(incoming->req)->mem;
}

/* Anybody can make us write it. */
static void log_refusal(const peal_incoming *incoming, unsigned code,
                        const char *text) {
  peal_logger_write(incoming->engine->log, PEAL_LOG_DEBUG, "engine",
                    peal_http_req_address(incoming->req), (peal_slice){0},
                    "request refused: %s (code %u)", text, code);
}

static void answer_plain(const peal_incoming *incoming, unsigned code,
                         unsigned status, const char *text) {
  peal_buf body;
  peal_buf_init(&body, mem_of(incoming), 0);
  peal_buf_add_str(&body, "{\"code\":");
  peal_buf_add_u64(&body, code);
  peal_buf_add_str(&body, ",\"message\":");
  peal_json_encode_str(&body, peal_slice_of(text));
  peal_buf_add_char(&body, '}');
  peal_engine_headers_answer(incoming->engine, incoming->req, NULL, false);
  /* reference 1.3: this very type, without a charset. */
  peal_http_answer(incoming->req, status, "application/json",
                   peal_buf_slice(&body));
  peal_buf_deinit(&body);
}

/* Before the 101, always: the reference answers some behind it. */
static void answer_upgrade(const peal_incoming *incoming, unsigned status,
                           const char *text) {
  peal_buf buf;
  peal_buf_init(&buf, mem_of(incoming), 0);
  peal_buf_add_str(&buf, "HTTP/1.1 ");
  peal_buf_add_u64(&buf, status);
  peal_buf_add_char(&buf, ' ');
  peal_buf_add_str(&buf, peal_http1_status_text(status));
  peal_buf_add_str(&buf, "\r\nConnection: close\r\n"
                         "Content-type: text/html\r\nContent-Length: ");
  peal_buf_add_u64(&buf, strlen(text));
  peal_buf_add_str(&buf, "\r\n\r\n");
  peal_buf_add_str(&buf, text);
  peal_http_upgrade_refuse(incoming->req, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}

void peal_refusal_with(const peal_incoming *incoming, peal_incoming_code code,
                       unsigned status, const char *text) {
  peal_engine_error_tell(incoming, (unsigned)code, texts[code], text);
  if (!text)
    text = texts[code];
  log_refusal(incoming, (unsigned)code, text);
  if (incoming->is_upgrade)
    answer_upgrade(incoming, status, text);
  else
    answer_plain(incoming, (unsigned)code, status, text);
}

/* reference 1.3: a WebSocket gets 400 whatever it is. */
void peal_refusal_answer(const peal_incoming *incoming, peal_incoming_code code,
                         const char *text) {
  bool is_403 = code == PEAL_INCOMING_FORBIDDEN && !incoming->is_upgrade;
  peal_refusal_with(incoming, code, is_403 ? 403 : 400, text);
}

void peal_refusal_origin(const peal_incoming *incoming) {
  peal_cors_refused_log(incoming->engine->cors, incoming->req,
                        incoming->engine->log, "engine");
  peal_refusal_answer(incoming, PEAL_INCOMING_FORBIDDEN, "origin not allowed");
}

void peal_refusal_unavailable(const peal_incoming *incoming) {
  if (incoming->is_upgrade)
    peal_http_upgrade_refuse(
        incoming->req,
        PEAL_S("HTTP/1.1 503 Service Unavailable\r\n"
               "Connection: close\r\nContent-Length: 0\r\n\r\n"));
  else
    peal_http_answer(incoming->req, 503, NULL, (peal_slice){0});
}

static bool check_extensions(const peal_incoming *incoming) {
  peal_deflate_terms terms;
  if (!peal_ws_extend_agree(&terms, &incoming->engine->opts.deflate,
                            incoming->req))
    return true;
  answer_upgrade(incoming, 400,
                 "Invalid or unacceptable Sec-WebSocket-Extensions header");
  return false;
}

bool peal_refusal_check_websocket(const peal_incoming *incoming) {
  peal_http_req *req = incoming->req;
  peal_ws_accept_head head = peal_http_upgrade_ws_head(req);
  switch (peal_ws_accept_check(&head)) {
  case PEAL_WS_ACCEPT_OK:
    return check_extensions(incoming);
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
  answer_upgrade(incoming, 400, "Missing or invalid Sec-WebSocket-Key header");
  return false;
}

void peal_refusal_second_websocket(const peal_incoming *incoming) {
  peal_buf buf;
  peal_buf_init(&buf, mem_of(incoming), 0);
  peal_err err = peal_ws_accept_answer(
      &buf, peal_http_req_header(incoming->req, "sec-websocket-key"),
      (peal_slice){0});
  if (!err)
    peal_buf_add(&buf, PEAL_S("\x88\x00"));
  peal_http_upgrade_refuse(incoming->req, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}
