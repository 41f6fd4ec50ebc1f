/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_server_impl: a raw server and its clients, and who owns them, for the
 * files of engine/ alone. It stands on the same seam as server/: the functions
 * of engine_conn, the callbacks of engine_types.
 *
 *   peal_engine_server ── engine_home (one per worker): its clients, figures
 *   peal_engine_client (in the block of its engine_conn)
 *
 * Clients leave their list only by on_close, which is never told inside a call
 * of a handler: so a broadcast may walk over them. */
#include <stdatomic.h>

#include "base/arena.h"
#include "base/list.h"
#include "engine/engine.h"
#include "engine/engine_conn.h"
#include "net/on_worker.h"
#include "net/op_load.h"
#include "net/worker_impl.h"

typedef struct peal_engine_home {
  peal_list clients; /* peal_engine_client.node, oldest first */
  _Atomic uint64_t messages_in, messages_out, bytes_in, bytes_out, queue_full;
  /* No line of the cache is shared with the next one. */
  char apart[PEAL_CACHE_LINE_BYTES];
} peal_engine_home;

struct peal_engine_server {
  peal_engine_server_opts opts;
  const peal_mem *mem;
  peal_arena strings; /* copies of the options' strings */
  peal_http_server *http;
  peal_workers *workers;
  peal_engine *engine;
  peal_account_server *account; /* what peers make the HTTP server hold */
  peal_engine_home *homes;
  unsigned worker_count;
  bool owns_http;
  uint64_t key_seed;                 /* of conflation keys */
  char apart[PEAL_CACHE_LINE_BYTES]; /* all workers write what follows */
  peal_op_load load;
};

/* At the beginning of a function of a client (net/on_worker). */
#define PEAL_ON_CLIENT(client, instead)                                        \
  PEAL_ON_WORKER((client) ? peal_engine_conn_worker((client)->conn) : NULL,    \
                 instead)

struct peal_engine_client {
  peal_engine_conn *conn; /* in whose block it stands */
  peal_list node;         /* in its home's */
  void *user;
  void (*free_fn)(void *user);
};

static inline peal_engine_home *peal_engine_home_of(peal_engine_server *server,
                                                    const peal_worker *worker) {
  return &server->homes[peal_worker_index(worker)];
}

/* The server's worker that this thread is; NULL: none. */
static inline peal_worker *peal_engine_server_self(
    const peal_engine_server *server) {
  peal_worker *self = peal_worker_self();
  return self && self->group == server->workers ? self : NULL;
}
