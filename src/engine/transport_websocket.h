/* SPDX-License-Identifier: MIT */
#pragma once
/* transport_websocket: a session's packets as WebSocket messages. */
#include "engine/engine_conn.h"

/* Answer the upgrade request with 101 and `headers` (complete lines) and make
 * its stream the conn's WebSocket (or probe). Frees the request.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED, PEAL_ERR_NOMEM (the stream is closed). */
PEAL_MUST_CHECK peal_err peal_transport_websocket_open(peal_engine_conn *conn,
                                                       peal_http_req *req,
                                                       peal_slice headers);
/* The time of its WebSocket's deadline has come. */
void peal_transport_websocket_tick(peal_engine_conn *conn, uint64_t now_ms);
/* The session (or the probe) is over: close handshake, then the stream. */
void peal_transport_websocket_finish(peal_engine_conn *conn);
