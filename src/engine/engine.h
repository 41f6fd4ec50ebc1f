/* SPDX-License-Identifier: MIT */
#pragma once
/* engine: the handshake between protocol and sockets. It mounts itself on an
 * HTTP server, checks requests (Engine.IO handshake, ids, transports), and
 * owns one engine_conn per client.
 * In the flow: http/, net/ -> [engine] -> server/, and back. */
#include "engine/engine_types.h"

/* Mounts on `http`, whoever `opts` says; of `opts` (copied, its strings are
 * borrowed for life) all counts from path to on_headers, and `mem`; `path` is
 * set.
 * Returns: PEAL_OK, PEAL_ERR_OPTION, PEAL_ERR_EXISTS (path taken),
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_new(peal_engine **out,
                                         const peal_engine_server_opts *opts,
                                         peal_http_server *http,
                                         const peal_engine_callbacks *callbacks,
                                         void *user);
/* After the run. */
void peal_engine_free(peal_engine *engine);
/* Before the run: what is queued has `timeout_ms` when the server stops; its
 * sessions are told over `spread_ms`. */
void peal_engine_set_stop(peal_engine *engine, uint32_t timeout_ms,
                          uint32_t spread_ms);
/* Serve GET <path>/<name> for the client files. Before the run. */
void peal_engine_set_client_files(peal_engine *engine, peal_http_req_fn fn,
                                  void *user);
/* To which a worker's share of what peers make the server hold is charged. */
struct peal_account_worker *peal_engine_account(peal_http_server *http,
                                                const peal_worker *worker);
peal_logger *peal_engine_logger(const peal_engine *engine);
/* Of one worker. */
const peal_engine_stats *peal_engine_stats_of(const peal_engine *engine,
                                              unsigned worker);
