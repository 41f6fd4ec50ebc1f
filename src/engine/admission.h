/* SPDX-License-Identifier: MIT */
#pragma once
/* admission: a handshake becomes a session, or is refused: the origin, the
 * application (allow_request), the version, the ceilings. */
#include "base/buf.h"
#include "engine/incoming.h"
#include "wire/deflate_terms.h"

void peal_admission_begin(const peal_incoming *incoming);
/* The fields of the answer to an opening handshake of WebSocket, as lines, and
 * the terms that they say. */
void peal_admission_lines(const peal_incoming *incoming, const char *sid,
                          bool is_first, peal_buf *lines,
                          peal_deflate_terms *terms);
/* Make the request's stream the conn's WebSocket; `is_first`: the session
 * began with it. */
void peal_admission_open_websocket(const peal_incoming *incoming,
                                   peal_engine_conn *conn, bool is_first);
