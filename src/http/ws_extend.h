/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_extend: the server's side of extensions in the opening handshake of
 * WebSocket: what a request offers, what is accepted of it, the field of the
 * 101 that says so (RFC6455 9, RFC7692).
 * In the flow: a request -> [ws_extend] -> http/ws_accept, proto/ws_conn. */
#include <peal/http.h>

#include "base/buf.h"
#include "wire/deflate_terms.h"

/* out->on is false if nothing is offered, or the options are off, which is
 * where nothing is looked at.
 * Returns: PEAL_OK; PEAL_ERR_HTTP_SYNTAX: the handshake is to be refused. */
PEAL_MUST_CHECK peal_err peal_ws_extend_agree(peal_deflate_terms *out,
                                              const peal_deflate_opts *opts,
                                              const peal_http_req *req);
/* The field with its CR LF; nothing for terms that are not on. */
void peal_ws_extend_line(peal_buf *out, const peal_deflate_terms *terms);
