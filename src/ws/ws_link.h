/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_link: a stream and the machine of its WebSocket: what comes is told, what
 * waits becomes frames when the stream takes them, time passes. */
#include "ws/ws_impl.h"

/* A connection whose 101 is `answer` (copied), with these terms; nobody knows
 * it yet. Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_ws *peal_ws_link_new(peal_ws_local *local,
                                          peal_slice answer,
                                          const peal_deflate_terms *terms,
                                          const char *protocol);
/* Instead of _begin: it never was one. */
void peal_ws_link_drop(peal_ws *ws);
/* It begins: on_open, and what came behind the head. The request is the
 * connection's from now on. */
void peal_ws_link_begin(peal_ws *ws, peal_stream *stream, peal_http_req *req,
                        peal_slice rest);
