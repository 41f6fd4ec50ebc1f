/* SPDX-License-Identifier: MIT */
#pragma once
/* http_upgrade: what the layers above may do with a request that users may not:
 * take the connection over. */
#include <peal/http.h>

#include "base/account.h"
#include "http/ws_accept.h"
#include "net/stream.h"

/* Does it ask to upgrade the connection, without a body? */
bool peal_http_upgrade_is_asked(const peal_http_req *req);
/* The server that it came to. */
peal_http_server *peal_http_upgrade_server(const peal_http_req *req);
/* Has nobody answered or promised to? */
bool peal_http_upgrade_is_open(const peal_http_req *req);
/* The fields that peal_http_answer_header has added, as complete lines;
 * borrowed from the request. */
peal_slice peal_http_upgrade_lines(const peal_http_req *req);
/* The connection of an unanswered upgrade request. The HTTP side forgets it;
 * the request stays readable until peal_http_upgrade_free. `rest` are bytes
 * that came behind the head (borrowed from the worker's buffer until the
 * current callback returns, or copied if the request was deferred: valid until
 * peal_http_upgrade_free). The caller sets the new owner at once with
 * peal_stream_set_owner. NULL if the connection is gone. */
peal_stream *peal_http_upgrade_take(peal_http_req *req, peal_slice *rest);
void peal_http_upgrade_free(peal_http_req *req);
/* The same at the end of the turn: who called us may still look at it. */
void peal_http_upgrade_free_later(peal_http_req *req);
/* Its exchange is over, as those who watch see it; the request is kept. Behind
 * a take. */
void peal_http_upgrade_tell_done(peal_http_req *req);
/* Write these bytes as the answer to an upgrade request and close the
 * connection (raw refusals; copied). */
void peal_http_upgrade_refuse(peal_http_req *req, peal_slice raw);
/* Taken connections still count as connections of the server and of their
 * address; the new owner calls this once, in its on_close. */
void peal_http_upgrade_closed(peal_http_server *server, peal_stream *stream);
/* The logger of the server's workers. */
peal_logger *peal_http_server_logger(peal_http_server *server);
/* Call `fn` when the server is freed, before anything of it is; the last one
 * that was registered comes first. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_server_own(peal_http_server *server,
                                              void (*fn)(void *user),
                                              void *user);
/* What its parts are made with: the application's, for any thread. */
const peal_mem *peal_http_server_mem(const peal_http_server *server);
/* What peers make this worker hold is charged here, by http/, ws/ and engine/.
 * The worker's own thread. */
peal_account_worker *peal_http_server_account(peal_http_server *server,
                                              const peal_worker *worker);
/* What counts of an opening handshake of WebSocket. A field that may come only
 * once and comes twice is as one that is missing (RFC6455 11.3). */
peal_ws_accept_head peal_http_upgrade_ws_head(const peal_http_req *req);
