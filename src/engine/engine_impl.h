/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_impl: the engine and what each worker keeps for it, for the files of
 * engine/ alone. */
#include "base/account.h"
#include "base/ticket_pool.h"
#include "engine/engine_types.h"
#include "engine/head_pool.h"
#include "engine/quota.h"
#include "engine/sid_table.h"
#include "http/cors.h"
#include "net/deflater.h"
#include "net/worker_impl.h"
#include "proto/eio_life.h"
#include "proto/ws_conn.h"

/* One way of a session, as engine_conn and overflow use it: the transport's
 * verbs. So they know no transport. Each is called only while the conn has that
 * way: a WebSocket's stream, or (write, finish) a GET that waits. */
typedef struct peal_engine_way {
  /* Take what the session has for it and write it, as far as the peer takes
   * it. */
  void (*write)(peal_engine_conn *conn);
  /* The way is over: the session has ended or left it. */
  void (*finish)(peal_engine_conn *conn);
  /* The transport's own deadline may have come; NULL: it has none. */
  void (*tick)(peal_engine_conn *conn);
  /* What the peer takes and sends; *signs is {0} before. */
  void (*look)(const peal_engine_conn *conn, peal_eio_life_signs *signs);
} peal_engine_way;

/* What a session has elsewhere (engine/away), as engine_conn uses it; only of
 * one that is_far. */
typedef struct peal_engine_far {
  /* Has it something to write, and may it? */
  bool (*wants)(const peal_engine_conn *conn);
  void (*write)(peal_engine_conn *conn);
  /* Polling is over: a GET that waits elsewhere is answered. */
  void (*leave)(peal_engine_conn *conn);
  /* The session is over: it is not far any more. */
  void (*end)(peal_engine_conn *conn);
} peal_engine_far;

typedef struct peal_away peal_away;

/* What a WebSocket has shown of its session's packets to the write that is
 * going on. */
typedef struct peal_engine_shown {
  size_t packets, bytes;
} peal_engine_shown;

/* How far its sessions have been told to go (engine/parting). */
typedef struct peal_parting {
  struct peal_engine_local *local;
  peal_wheel_timer timer;
  uint64_t began_ms;
  uint32_t spread_ms;
  uint32_t total; /* sessions when it began */
  uint32_t told;
} peal_parting;

typedef struct peal_engine_local {
  peal_engine *engine;
  peal_worker *worker;
  peal_sid_table sessions; /* of peal_engine_conn */
  peal_eio_session_opts session_opts;
  peal_ws_conn_opts ws_opts;
  peal_deflater deflater;
  peal_account_worker *account; /* the HTTP server's: what peers hold here */
  peal_head_pool heads;         /* fields of their handshakes */
  peal_ticket_pool allows;      /* peal_allow */
  peal_ticket_pool nexts;       /* peal_engine_next */
  peal_engine_shown shown;      /* from a pull to its sent, one at a time */
  peal_away *away;              /* NULL: no session is apart */
  bool stopping;
  peal_parting parting; /* then */
  peal_list arrivals;   /* requests whose sessions are still to come */
  uint32_t arrival_count;
  bool arriving;
  uint32_t undrained; /* clients that did not take all that waited, then */
  /* Read by other threads, apart from all the above. */
  char apart[64];
  peal_engine_stats stats;
} peal_engine_local;

struct peal_engine {
  peal_engine_server_opts opts;
  const peal_engine_callbacks *callbacks;
  void *user;
  const peal_engine_way *ways[2]; /* by peal_eio_via */
  const peal_engine_far *far;     /* NULL: no session is */
  atomic_size_t away_bytes;       /* from the bus, waiting for workers */
  const peal_mem *mem;            /* of the setup, not of the workers */
  peal_http_server *http;
  peal_workers *workers;
  peal_logger *log;
  peal_quota quota;
  peal_cors *cors;
  char *path; /* "/socket.io/" */
  size_t max_payload;
  uint32_t spread_ms; /* of a stop */
  size_t compress_threshold;
  unsigned transports;
  unsigned worker_count;
  bool takes_over; /* sessions come from other processes, with ids of theirs */
  peal_engine_local **locals;    /* one per worker */
  peal_http_req_fn serve_client; /* requests without a transport */
  void *serve_client_user;
  struct peal_engine_hook *uses, *errors; /* engine_chain; NULL: none */
};

static inline peal_engine_local *peal_engine_local_of(
    const peal_engine *engine, const peal_worker *worker) {
  return engine->locals[peal_worker_index(worker)];
}

/* Figures: one thread writes. */
static inline void peal_engine_count(_Atomic uint64_t *figure, uint64_t more) {
  atomic_store_explicit(
      figure, atomic_load_explicit(figure, memory_order_relaxed) + more,
      memory_order_relaxed);
}
