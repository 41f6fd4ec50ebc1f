/* SPDX-License-Identifier: MIT */
#pragma once
/* transport_websocket: a session's packets as WebSocket messages, one packet
 * in a frame (EIO4). They wait in the session's queue, and become frames when
 * the stream takes them.
 * In the flow: net/stream -> proto/ws_conn -> [transport_websocket] ->
 * proto/eio_session, and back by pull. */
#include "engine/engine_conn_impl.h"

extern const peal_engine_way peal_transport_websocket;

/* Has it one that another process could go on with: in the clear, between two
 * messages? */
bool peal_transport_websocket_may_leave(const peal_engine_conn *conn);
/* Another process has it. */
void peal_transport_websocket_leave(peal_engine_conn *conn);
/* The WebSocket of another process, with what was agreed on there; `fd` is taken,
 * also on failure.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (there is none). */
PEAL_MUST_CHECK peal_err peal_transport_websocket_resume(
    peal_engine_conn *conn, int fd, const peal_deflate_terms *terms,
    peal_slice window);
/* Answer the upgrade request with 101 and `lines` (complete header lines) and
 * make its stream the conn's WebSocket (or probe), on the terms that the lines
 * say. Frees the request.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED, PEAL_ERR_NOMEM (the stream is closed). */
PEAL_MUST_CHECK peal_err peal_transport_websocket_open(
    peal_engine_conn *conn, peal_http_req *req, const peal_deflate_terms *terms,
    peal_slice lines);
