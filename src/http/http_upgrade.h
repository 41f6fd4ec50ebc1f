/* SPDX-License-Identifier: MIT */
#pragma once
/* http_upgrade: what engine/ may do with a request that users may not: take
 * the connection over. */
#include <peal/http.h>

#include "base/account.h"
#include "net/stream.h"

/* The connection of an unanswered upgrade request. The HTTP side forgets it;
 * the request stays readable until peal_http_upgrade_free. `rest` are bytes
 * that came behind the head (borrowed from the worker's buffer until the
 * current callback returns, or copied if the request was deferred: valid until
 * peal_http_upgrade_free). The caller sets the new owner at once with
 * peal_stream_set_owner. NULL if the connection is gone. */
peal_stream *peal_http_upgrade_take(peal_http_req *req, peal_slice *rest);
void peal_http_upgrade_free(peal_http_req *req);
/* Write these bytes as the answer to an upgrade request and close the
 * connection (raw refusals; copied). */
void peal_http_upgrade_refuse(peal_http_req *req, peal_slice raw);
/* Taken connections still count as connections of the server and of their
 * address; the new owner calls this once, in its on_close. */
void peal_http_upgrade_closed(peal_http_server *server, peal_stream *stream);
/* The logger of the server's workers. */
peal_logger *peal_http_server_logger(peal_http_server *server);
/* What peers make this worker hold is charged here, by http/ and by engine/.
 * The worker's own thread. */
peal_account_worker *peal_http_server_account(peal_http_server *server,
                                              const peal_worker *worker);
