/* SPDX-License-Identifier: MIT */
#pragma once
/* engine: the handshake between protocol and sockets. It mounts itself on an
 * HTTP server, checks requests (Engine.IO handshake, ids, transports), and
 * owns one engine_conn per client.
 * In the flow: http/, net/ -> [engine] -> server/, and back. */
#include <stdatomic.h>

#include <peal/http.h>
#include <peal/server.h>

#include "base/account.h"
#include "base/list.h"
#include "base/map.h"
#include "http/cors.h"
#include "net/worker_impl.h"
#include "proto/eio_session.h"
#include "proto/ws_conn.h"

typedef struct peal_engine peal_engine;
typedef struct peal_engine_conn peal_engine_conn;

/* Told on the conn's worker. */
typedef struct peal_engine_callbacks {
  /* A session is open; false refuses it (out of memory). */
  bool (*on_open)(peal_engine_conn *conn, void *user);
  void (*on_message)(peal_engine_conn *conn, bool binary, peal_slice data,
                     void *user);
  void (*on_drain)(peal_engine_conn *conn, void *user);
  /* The time set by peal_engine_conn_set_deadline has come. */
  void (*on_deadline)(peal_engine_conn *conn, void *user);
  /* Exactly once and last, if on_open returned true. */
  void (*on_close)(peal_engine_conn *conn, peal_eio_reason reason, peal_err err,
                   void *user);
  /* The run of this worker ends: every session is about to be closed. */
  /* The end of a turn in which peal_engine_conn_flush_later was called. */
  void (*on_flush)(peal_engine_conn *conn, void *user);
  void (*on_stop)(peal_worker *worker, void *user);
} peal_engine_callbacks;

/* Figures of one worker; its own thread writes, others may read. */
typedef struct peal_engine_stats {
  _Atomic uint64_t clients, clients_polling, sessions_total, errors_peer;
} peal_engine_stats;

/* What a worker keeps for the engine. */
typedef struct peal_engine_local {
  peal_worker *worker;
  peal_map sessions; /* sid -> peal_engine_conn */
  peal_engine_stats stats;
  peal_account_worker account; /* what its clients hold together */
  bool stopping;
} peal_engine_local;

struct peal_engine {
  const peal_server_opts *opts; /* borrowed: the server's copy */
  const peal_engine_callbacks *callbacks;
  void *user;
  const peal_mem *mem; /* of the setup, not of the workers */
  peal_http_server *http;
  peal_workers *workers;
  peal_logger *log;
  peal_account_server account; /* what all clients hold together */
  peal_cors *cors;
  char *path; /* "/socket.io/" */
  size_t max_payload;
  size_t compress_threshold;
  unsigned transports;
  unsigned worker_count;
  peal_eio_session_opts *session_opts; /* one per worker: its allocator */
  peal_engine_local *locals;           /* one per worker */
  peal_http_req_fn serve_client;       /* requests without a transport */
  void *serve_client_user;
};

/* `opts` is borrowed for life, path included. Mounts on `http`.
 * Returns: PEAL_OK, PEAL_ERR_OPTION, PEAL_ERR_EXISTS (path taken),
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_new(peal_engine **out,
                                         const peal_server_opts *opts,
                                         peal_http_server *http,
                                         const peal_engine_callbacks *callbacks,
                                         void *user);
/* After the run. */
void peal_engine_free(peal_engine *engine);
/* Serve GET <path>/<name> for the client files. Before the run. */
void peal_engine_set_client_files(peal_engine *engine, peal_http_req_fn fn,
                                  void *user);
peal_engine_local *peal_engine_local_of(peal_engine *engine,
                                        const peal_worker *worker);
