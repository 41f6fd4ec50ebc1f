/* SPDX-License-Identifier: MIT */
#pragma once
/* adapter: how a server hands on what is not only its own: to the other nodes
 * of a cluster. Without one everything is local.
 *
 *   emit, join, leave, disconnect ── this node's part ──> op_round
 *                   └── publish ──> adapter ──> the other nodes
 *   count, fetch, server emit, acknowledgements
 *                   └── ask ──────> adapter ──> far answer, on the asker's
 *                                               worker
 *   rooms and sockets come and go
 *                   └── room, socket ──> adapter: subscriptions, presence
 *
 * What comes from other nodes goes the other way: an operation by
 * peal_op_round_run, which publishes nothing; a question by server/node_query. An
 * event's message is the server's form of it (server/form) on either way: a bus
 * carries that of the default parser. */
#include "proto/bus.h"
#include "proto/names.h"
#include "server/server_impl.h"
#include "server/stored.h"

typedef struct peal_adapter peal_adapter;

/* As `nodes` and `missing` of an answer: the bus is away. */
#define PEAL_FAR_UNKNOWN PEAL_MISSING_UNKNOWN

/* What the other nodes have answered. */
typedef struct peal_far {
  peal_err err;    /* PEAL_OK: all of them; PEAL_ERR_TIMEOUT: `missing` did not;
                      PEAL_ERR_CLOSED: the bus is away; PEAL_ERR_LIMIT: too many
                      questions are open, or the answers were too large;
                      PEAL_ERR_NOMEM */
  size_t nodes;    /* that were asked */
  size_t missing;  /* of them, those who did not answer in time */
  size_t count;    /* COUNT: sockets; ASK: clients that were asked */
  peal_doc **docs; /* FETCH, IDS, ROOMS: one array for each node; CALL, ASK: one
                      array of arguments for each that answered. Who takes one
                      puts NULL in its place */
  size_t doc_count;
} peal_far;

/* Who asks the others; embedded in what the asker keeps, which is `done`'s to
 * free. */
typedef struct peal_far_asker {
  /* Exactly once, on `home`, never inside of `ask`. */
  void (*done)(struct peal_far_asker *asker, peal_worker *home,
               const peal_far *answer);
  peal_worker *home;
} peal_far_asker;

typedef struct peal_adapter_verbs {
  /* An operation of this node, EMIT, JOIN, LEAVE or DISCONNECT (borrowed), to
   * the others. Those of one thread leave in the order of the calls. Returns:
   * PEAL_OK; PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM: it was not taken, which is
   * counted there. Thread: any. */
  peal_err (*publish)(peal_adapter *adapter, const peal_op *op);
  /* The same for an EMIT, and `stored` (taken) is told when it has been stored.
   * Only of one that orders. */
  peal_err (*store)(peal_adapter *adapter, const peal_op *op,
                    peal_stored *stored);
  /* To question `number` of another node (server/node_query); `answer` (borrowed) has
   * kind, count and args. On worker 0. */
  void (*answer)(peal_adapter *adapter, uint64_t number,
                 const peal_bus_msg *answer);
  /* Question `number` has all the answers that it gets. On worker 0. */
  void (*over)(peal_adapter *adapter, uint64_t number);
  /* A question to the others: ASK, FETCH, IDS, ROOMS, CALL or COUNT, with kind,
   * nsp, op and args (borrowed). `asker` NULL, CALL only: no answer is wanted.
   * Returns: PEAL_OK; PEAL_ERR_NOMEM: `done` does not come. Thread: any. */
  peal_err (*ask)(peal_adapter *adapter, const peal_bus_msg *question,
                  uint32_t timeout_ms, peal_far_asker *asker);
  /* A socket has joined this room of its worker, or left it. On that worker,
   * in the middle of it: nothing is to be called back. */
  void (*room)(peal_adapter *adapter, peal_nsp_local *local, peal_slice room,
               bool joined);
  /* A socket has become a member of its namespace, or is none any more; as
   * `room`. */
  void (*socket)(peal_adapter *adapter, peal_nsp_local *local, peal_slice id,
                 bool came);
  /* A namespace was made, or is no more; under a lock of the server: nothing is
   * to be called back. NULL: that is nothing to it. Thread: any. */
  void (*space)(peal_adapter *adapter, peal_slice name, bool made);
} peal_adapter_verbs;

/* The first member of what an adapter is. */
struct peal_adapter {
  const peal_adapter_verbs *verbs;
  bool orders; /* operations run when the adapter says so, in the order that all
                  nodes have: who publishes one does not run it */
};

/* A list of rooms that is there and empty. */
static inline bool peal_adapter_is_to_nobody(const peal_to *to) {
  peal_names_walk rooms = peal_names_rooms(to);
  return peal_names_are_given(&rooms) && !peal_names_count(rooms);
}

/* Does this go to other nodes? */
static inline peal_adapter *peal_adapter_for(const peal_nsp *nsp,
                                             const peal_to *to) {
  peal_adapter *adapter = nsp->server->adapter;
  bool stays = to && (to->is_local || peal_adapter_is_to_nobody(to));
  return adapter && !stays ? adapter : NULL;
}
