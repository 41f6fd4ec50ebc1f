/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_types: what an engine is made with, what it tells, and its figures. */
#include <stdatomic.h>

#include <peal/engine.h>
#include <peal/http.h>

#include "net/logger.h"
#include "proto/eio_session.h"

typedef struct peal_engine peal_engine;
typedef struct peal_engine_conn peal_engine_conn;

/* Copied; strings are borrowed for life. Zero: default; UINT32_MAX: off, where
 * it says so. */
typedef struct peal_engine_opts {
  const char *path; /* "/socket.io" */
  bool no_trailing_slash;
  unsigned transports; /* bits of peal_transport; both */
  bool no_upgrades;
  uint32_t ping_interval_ms, ping_timeout_ms, upgrade_timeout_ms;
  uint32_t first_use_timeout_ms;    /* 10000; or off */
  uint32_t max_clients;             /* none */
  uint32_t max_clients_per_address; /* 10000; or off */
  size_t max_payload_bytes;
  size_t compress_threshold_bytes; /* 1024; or off */
  size_t max_queue_bytes, max_queue_soft_bytes;
  peal_queue_policy queue_policy;
  peal_cors_opts cors;
  peal_server_cookie cookie;
  const char *client_dir;
  peal_allow_fn allow_request;
  peal_headers_fn on_headers;
  void *allow_user;
  void *headers_user;
  const peal_mem *mem;
} peal_engine_opts;

/* Told on the conn's worker, never from inside a call of the owner's but in
 * on_message, on_drain, on_flush, on_deadline and on_close themselves. */
typedef struct peal_engine_callbacks {
  /* Of what the owner keeps with each conn (peal_engine_conn_user): it is in
   * the conn's block, zero at first. */
  size_t user_bytes;
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
  /* The end of a turn in which peal_engine_conn_flush_later was called. */
  void (*on_flush)(peal_engine_conn *conn, void *user);
  /* The run of this worker ends: every session is about to be closed. */
  void (*on_stop)(peal_worker *worker, void *user);
} peal_engine_callbacks;

/* Figures of one worker; its own thread writes, others may read. */
typedef struct peal_engine_stats {
  _Atomic uint64_t clients, clients_polling, sessions_total, errors_peer;
} peal_engine_stats;
