/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_impl: an endpoint, what each worker keeps for it, and a connection, for
 * the files of ws/ alone.
 *
 *   ws_endpoint  options, life           ws_round  over all workers
 *        |                                   |
 *   ws_upgrade   request -> 101          ws_group  members of a worker
 *        |                                   |
 *   ws_link      stream <-> ws_conn      ws_send   the queue
 *        |
 *   ws_end       told, freed
 *
 * The stream is the owner's in the sense of net/stream; a connection is freed
 * when its stream has closed. What its callbacks see is told from the stream's
 * callbacks, a timer or the end of the turn, never from inside a function that
 * a handler calls: a walk over a group meets nobody who leaves. */
#include <stdatomic.h>

#include <peal/ws.h>

#include "base/account.h"
#include "base/list.h"
#include "base/room.h"
#include "base/ticket_pool.h"
#include "http/cors.h"
#include "net/deflater.h"
#include "net/on_worker.h"
#include "net/op_load.h"
#include "net/stream.h"
#include "net/turn.h"
#include "net/worker_impl.h"
#include "proto/eio_heartbeat.h"
#include "proto/eio_queue.h"
#include "proto/ws_conn.h"
#include "ws/ws_slots.h"

typedef struct peal_ws_local peal_ws_local;

/* A close that waits until the queue is empty. */
typedef struct peal_ws_farewell {
  uint64_t until_ms; /* the peer has to have taken something */
  uint16_t code;
  uint8_t len;
  char reason[123]; /* RFC6455 5.5: 125 with the code */
} peal_ws_farewell;

/* At the beginning of a function of a connection, or of a question
 * (net/on_worker). */
#define PEAL_ON_WS(ws, instead)                                                \
  PEAL_ON_WORKER((ws) ? (ws)->local->worker : NULL, instead)

struct peal_ws {
  peal_ws_local *local;
  peal_ws_conn *conn;
  peal_stream *stream;
  peal_http_req *req;   /* NULL: not kept */
  peal_eio_queue queue; /* messages that wait */
  peal_account account; /* what the peer makes us hold */
  peal_list node;       /* local->all, while it is open */
  peal_flush flush;     /* ends and drains are told when the turn ends */
  peal_wheel_timer timer;
  peal_eio_heartbeat beat;
  peal_room_set *groups;      /* NULL: in none */
  peal_ws_farewell *farewell; /* NULL: no close waits */
  void *user;
  void (*user_free)(void *user);
  const char *protocol; /* of the endpoint; "": none */
  uint64_t serial;
  uint32_t slot;
  uint32_t acked; /* where the peer stood when it was looked at */
  uint32_t visit; /* epoch of the last walk that met it */
  bool told_close : 1;
  bool is_leaving : 1; /* peal_ws_close was called */
  bool overflowed : 1; /* to be closed when the turn ends */
  bool drain_due : 1;
  bool keyed : 1; /* has had messages with a key */
};

/* What an idle connection costs here, beside its ws_conn and its stream. */
_Static_assert(sizeof(peal_ws) <= 256, "peal_ws has grown");

/* What a pull has shown of the queue, until its bytes are told as sent. */
typedef struct peal_ws_shown {
  size_t count, bytes;
} peal_ws_shown;

struct peal_ws_local {
  peal_ws_endpoint *endpoint;
  peal_worker *worker;
  peal_account_worker *account; /* the HTTP server's: what peers hold here */
  peal_ws_conn_opts conn_opts;
  peal_deflater deflater;
  peal_list all;         /* open connections */
  peal_map groups;       /* peal_room */
  peal_ws_slots slots;   /* of references */
  peal_ticket_pool asks; /* peal_ws_ask */
  peal_ws_shown shown;   /* from a pull to its sent, one at a time */
  uint64_t serial;       /* of the last connection */
  uint32_t epoch;        /* of the last walk */
  bool is_stopping;
  /* Read by other threads, apart from all the above. */
  char apart[64];
  peal_ws_stats stats;
};

struct peal_ws_endpoint {
  peal_ws_opts opts;   /* defaults filled in; texts are not kept here */
  const peal_mem *mem; /* of the setup, not of the workers */
  peal_http_server *http;
  peal_workers *workers;
  peal_logger *log;
  peal_cors *cors;
  char *protocol_text; /* the option, cut into strings */
  const char **protocols;
  size_t protocol_count;
  peal_op_load load; /* on its way between the workers */
  uint64_t key_seed;
  uint32_t seed;
  unsigned worker_count;
  peal_ws_local **locals; /* one per worker */
};

static inline peal_ws_local *peal_ws_local_of(const peal_ws_endpoint *endpoint,
                                              const peal_worker *worker) {
  return endpoint->locals[peal_worker_index(worker)];
}

/* What this thread runs of the endpoint, or NULL. */
static inline peal_ws_local *peal_ws_local_here(
    const peal_ws_endpoint *endpoint) {
  peal_worker *self = peal_worker_self();
  return self && self->group == endpoint->workers
             ? peal_ws_local_of(endpoint, self)
             : NULL;
}

static inline uint64_t peal_ws_now(const peal_ws *ws) {
  return ws->local->worker->now_ms;
}

/* A look at it is wanted when the turn ends. */
static inline void peal_ws_look_later(peal_ws *ws) {
  peal_turn_flush_later(ws->local->worker, &ws->flush);
}

/* May something be queued? */
static inline bool peal_ws_can_send(const peal_ws *ws) {
  return !ws->told_close && !ws->is_leaving && !ws->overflowed;
}
