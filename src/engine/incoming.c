/* SPDX-License-Identifier: MIT */
#include "engine/incoming.h"

static bool find_transport(peal_incoming *incoming) {
  peal_slice name;
  if (!peal_http_req_param(incoming->req, "transport", &name))
    return false;
  unsigned bit = peal_slice_is(name, "polling")     ? PEAL_TRANSPORT_POLLING
                 : peal_slice_is(name, "websocket") ? PEAL_TRANSPORT_WEBSOCKET
                                                    : 0;
  incoming->via =
      bit == PEAL_TRANSPORT_WEBSOCKET ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING;
  return (bit & incoming->engine->transports) != 0;
}

static peal_incoming_code check_sid(peal_incoming *incoming, peal_slice sid) {
  const peal_worker *worker = peal_http_req_worker(incoming->req);
  incoming->has_sid = true;
  incoming->conn = peal_engine_conn_find(
      peal_engine_local_of(incoming->engine, worker), sid);
  if (!incoming->conn)
    return PEAL_INCOMING_SID_UNKNOWN;
  /* Where one version is spoken, nothing depends on it. */
  if (incoming->engine->opts.allow_eio3 &&
      peal_incoming_is_eio3(incoming) !=
          peal_eio_session_is_eio3(&incoming->conn->session)) {
    incoming->why = "PROTOCOL_MISMATCH";
    return PEAL_INCOMING_BAD_REQUEST;
  }
  if (!incoming->is_upgrade &&
      peal_eio_session_current(&incoming->conn->session) != incoming->via) {
    incoming->why = "TRANSPORT_MISMATCH";
    return PEAL_INCOMING_BAD_REQUEST;
  }
  return PEAL_INCOMING_OK;
}

static peal_incoming_code check_handshake(peal_incoming *incoming) {
  if (!peal_http_req_is_method(incoming->req, "GET"))
    return PEAL_INCOMING_BAD_METHOD;
  if (incoming->via == PEAL_EIO_WEBSOCKET && !incoming->is_upgrade) {
    incoming->why = "TRANSPORT_HANDSHAKE_ERROR";
    return PEAL_INCOMING_BAD_REQUEST;
  }
  return PEAL_INCOMING_OK;
}

peal_incoming_code peal_incoming_check(peal_incoming *incoming) {
  peal_slice sid;
  if (!find_transport(incoming))
    return PEAL_INCOMING_TRANSPORT_UNKNOWN;
  if (peal_http_req_param(incoming->req, "sid", &sid))
    return check_sid(incoming, sid);
  return check_handshake(incoming);
}

bool peal_incoming_is_eio3(const peal_incoming *incoming) {
  peal_slice version;
  return !peal_http_req_param(incoming->req, "EIO", &version) ||
         !peal_slice_is(version, "4");
}

bool peal_incoming_is_spoken(const peal_incoming *incoming) {
  return incoming->engine->opts.allow_eio3 || !peal_incoming_is_eio3(incoming);
}

bool peal_incoming_is_origin_allowed(const peal_incoming *incoming) {
  return peal_cors_allows(incoming->engine->cors, incoming->req);
}

/* A script's text has no other place for bytes (EIO3: JSONP). */
bool peal_incoming_wants_base64(const peal_incoming *incoming) {
  peal_slice value;
  if (peal_incoming_is_eio3(incoming) &&
      peal_http_req_param(incoming->req, "j", &value))
    return true;
  return peal_http_req_param(incoming->req, "b64", &value) && value.len &&
         !peal_slice_is(value, "0");
}
