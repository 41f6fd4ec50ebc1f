/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_types: what is told to proto/cluster_machine and what it tells. */
#include "base/account.h"
#include "proto/bus.h"
#include "proto/cluster_name.h"

/* Whose form a message has. */
typedef enum peal_cluster_dialect {
  PEAL_CLUSTER_OF_NODE,   /* bus_classic or bus_node, one of them */
  PEAL_CLUSTER_OF_PYTHON, /* bus_python */
  PEAL_CLUSTER_OF_PEAL    /* bus_peal, on the channel of Peal's own nodes */
} peal_cluster_dialect;

#define PEAL_CLUSTER_DIALECTS 3u

/* {0} says nothing to anybody; 0 is the usual value, as in <peal/cluster.h>. */
typedef struct peal_cluster_machine_opts {
  peal_slice uid;   /* of this node: PEAL_CLUSTER_NAME_UID hex digits, copied */
  bool node;        /* speaks Node's dialect */
  bool python;      /* speaks Python's */
  bool relay;       /* what comes by one of them is told to the other */
  bool streams;     /* Node's operations go through streams */
  bool dynamic;     /* sharded: rooms have channels, and are subscribed to */
  bool private_too; /* of these, rooms that are socket ids as well */
  unsigned streams_count;    /* 1 to 16; 0: 1 */
  uint32_t request_ms;       /* for answers of nodes; 0: 5000 */
  uint32_t heartbeat_ms;     /* 0: 5000 */
  uint32_t silence_ms;       /* 0: 10000 */
  uint32_t presence_ms;      /* changes are gathered for so long; 0: 250 */
  uint32_t max_requests;     /* open at a time; 0: 1024 */
  uint32_t max_nodes;        /* others known by name; 0: 1024 */
  size_t max_presence_bytes; /* of one other node's rooms; 0: 16 MiB */
  size_t max_log_bytes;  /* STREAMS: own operations on their way; 0: 8 MiB */
  bool keep;             /* STREAMS: what could not be stored while the bus was
                                  away, or may not have been when it broke, is stored
                                  when it is back; else others do not get it */
  peal_account *account; /* borrowed; NULL: none */
  const peal_mem *mem;   /* borrowed; NULL: libc */
} peal_cluster_machine_opts;

typedef enum peal_cluster_event_type {
  /* To be done. */
  PEAL_CLUSTER_DO_SUBSCRIBE,   /* dialect; nsp; room, or empty: what the dialect
                                  hears of a namespace; nsp empty: what it hears
                                  of all (Python's channels, Peal's) */
  PEAL_CLUSTER_DO_UNSUBSCRIBE, /* the same */
  PEAL_CLUSTER_DO_SEND, /* dialect, msg: kind and op say on which channel */
  PEAL_CLUSTER_DO_ADD,  /* msg to stream; number: for _added; it belongs into
                                  the entry, as msg->number is to come back */
  PEAL_CLUSTER_DO_READ, /* stream: from `offset` on (empty: from its end), without
                            waiting until nothing more is there, which is told by
                            _current, and on from there. Whatever was being read
                            of it is no longer wanted */
  PEAL_CLUSTER_DO_COUNT, /* dialect, nsp, number: PUBSUB NUMSUB (SHARDNUMSUB) of the
                            channel on which nodes hear questions, for _count */
  PEAL_CLUSTER_DO_RUN, /* dialect, msg->op: on this node's sockets alone; offset:
                            of the entry, or empty; own: this node's operation */
  PEAL_CLUSTER_DO_QUERY, /* dialect, msg: to be answered from this node's sockets, by
                            _answer; CALL without `request`: nobody waits. EMIT
                            with a number: Python asks for one acknowledgement */
  /* Has happened. */
  PEAL_CLUSTER_IS_PART, /* user; msg: FETCHED, IDS_ARE, ROOMS_ARE, RETURN, ACKED,
                           COUNTED, ASKED, CALLBACK (an acknowledgement, as ACKED) */
  PEAL_CLUSTER_IS_DONE, /* user; err, nodes, missing, count; nothing more of it.
                           PEAL_ERR_TIMEOUT: `missing` nodes are silent;
                           PEAL_ERR_CLOSED: the bus is away, or went away */
  PEAL_CLUSTER_IS_JOINED, /* from: a node of Peal; since_ms, heard_ms */
  PEAL_CLUSTER_IS_LEFT,
  PEAL_CLUSTER_IS_LOST,   /* with streams: what came behind `offset` on
                            `stream` was trimmed before it could be read */
  PEAL_CLUSTER_IS_STORED, /* number, offset, msg: an operation of this node's that
                             ran without an offset stands in the stream under it:
                             for sessions recovered since (_plain) */
  PEAL_CLUSTER_IS_CLOSED /* _leave has been done: nothing more comes */
} peal_cluster_event_type;

typedef struct peal_cluster_event {
  uint8_t type;    /* peal_cluster_event_type */
  uint8_t dialect; /* peal_cluster_dialect */
  bool own;
  unsigned stream;
  const peal_bus_msg *msg; /* borrowed until the next call of _next */
  peal_slice nsp, room, from, offset;
  uint64_t number;
  uint64_t rank; /* IS_STORED: of those that ran without an offset */
  uint64_t since_ms, heard_ms; /* of the clock, as peal_cluster_other */
  void *user;
  peal_err err;
  size_t nodes;   /* that were asked, this one not counted */
  size_t missing; /* of them: no answer; SIZE_MAX: how many were there is not
                     known */
  size_t
      count; /* ASK: clients that were asked on other nodes; COUNT: sockets on
                     them */
} peal_cluster_event;

/* What is known of a room on the other nodes of Peal. */
typedef struct peal_cluster_known {
  size_t count;
  size_t nodes;   /* whose figures are known */
  size_t unknown; /* nodes whose figures are not, or may be old */
} peal_cluster_known;

/* Another node of Peal. */
typedef struct peal_cluster_other {
  peal_slice uid;
  uint64_t since_ms, heard_ms; /* of the clock */
} peal_cluster_other;

typedef struct peal_cluster_figures {
  uint64_t requests, timeouts;
  uint64_t relayed;
  uint64_t echoes;  /* of our own, dropped */
  uint64_t doubles; /* of others, that have run already: dropped */
  uint64_t
      refused;   /* messages with no place in this state, or beyond a bound */
  size_t open;   /* requests */
  size_t others; /* nodes of Peal */
  size_t log_bytes; /* own operations on their way to a stream */
  size_t rooms;     /* here and of others, that presence remembers */
} peal_cluster_figures;
