/* SPDX-License-Identifier: MIT */
#pragma once
/* bus: what the nodes of a cluster tell each other, in one form for all
 * dialects. The dialects are codecs between it and bytes:
 *
 *   bus_classic   Node's @socket.io/redis-adapter
 *   bus_node      Node's ClusterAdapter: sharded Pub/Sub and Streams
 *   bus_python    python-socketio's managers
 *   bus_peal      what only nodes of Peal say: presence, counts
 *
 * In the flow: cluster/redis -> a dialect -> [bus] -> proto/cluster_machine. */
#include "proto/op.h"

typedef enum peal_bus_kind {
  PEAL_BUS_OP = 1,  /* op: EMIT, DISCONNECT; JOIN, LEAVE: op.room, or args:
                       all the rooms as strings, of which it is the first */
  PEAL_BUS_ASK,     /* op: ASK; request */
  PEAL_BUS_ASKED,   /* to ASK: count clients are asked by this node */
  PEAL_BUS_ACKED,   /* to ASK: args: what one client answered */
  PEAL_BUS_FETCH,   /* op.to; request: which sockets are there? */
  PEAL_BUS_FETCHED, /* args: objects {id, handshake, rooms, data} */
  PEAL_BUS_IDS,     /* op.to; request: the ids alone (classic 0) */
  PEAL_BUS_IDS_ARE, /* args: strings */
  PEAL_BUS_ROOMS,   /* request: the names of all rooms (classic 1) */
  PEAL_BUS_ROOMS_ARE,
  PEAL_BUS_CALL,     /* args: event and arguments for the servers themselves
                      (serverSideEmit); request if an answer is wanted */
  PEAL_BUS_RETURN,   /* args: the answer to CALL */
  PEAL_BUS_CALLBACK, /* Python: to the host `to`: args for callback `number`
                        of `room` */
  PEAL_BUS_HELLO,    /* a node has come and asks who is there */
  PEAL_BUS_ALIVE,
  PEAL_BUS_BYE,
  PEAL_BUS_PRESENCE, /* Peal: args: what has changed (proto/cluster_machine) */
  PEAL_BUS_COUNT,    /* Peal: op.to; request: how many? */
  PEAL_BUS_COUNTED   /* count */
} peal_bus_kind;

/* One message. All is borrowed, but for op.message of a decoded one, which is
 * the caller's reference. What a kind does not name is empty. */
typedef struct peal_bus_msg {
  uint8_t kind;       /* peal_bus_kind */
  peal_slice from;    /* who says it: uid, host_id; empty: an emitter */
  peal_slice to;      /* CALLBACK, answers: whom it is for; empty: everybody */
  peal_slice nsp;     /* with its slash */
  peal_slice request; /* the asker's word for it, which the answer repeats */
  peal_slice room;    /* CALLBACK */
  uint64_t number;    /* CALLBACK; of ASK in Python's dialect: the callback
                         that is asked for, of the host `from` in `room`; the
                         text `request` is the same number */
  size_t count;       /* ASKED, COUNTED */
  peal_op op;
  peal_args args;
} peal_bus_msg;
