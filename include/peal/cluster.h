/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster: several servers that share a Redis (or Valkey) are one: what is
 * emitted on one reaches the clients of all, and so do joining, leaving,
 * disconnecting, counting, fetching and acknowledgements. Servers of Node
 * (@socket.io/redis-adapter, -redis-streams-adapter) and of Python
 * (python-socketio, Flask-SocketIO) may be among them, and so may emitters of
 * both.
 *
 *   peal_server *server = peal_server_new(&opts);
 *   peal_cluster *cluster = peal_cluster_new(
 *       server, &(peal_cluster_opts){.url = "redis://127.0.0.1"});
 *   int code = peal_server_run(server);
 *   peal_cluster_free(cluster);
 *   peal_server_free(server);
 *
 * Nothing else changes: the functions of <peal/server.h> that name many sockets
 * (peal_nsp_emit, peal_emit_to, peal_nsp_join, peal_nsp_fetch, …) mean those of
 * all nodes, unless `is_local` of their peal_to says otherwise.
 *
 * While Redis is away, at the start or later, everything goes on among the
 * clients of this node; what would have gone to others is dropped and counted,
 * or kept up to `queue_bytes`. Questions answer at once with what is known here,
 * and say so.
 *
 * Example: examples/cluster/main.c */
#include <peal/base.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A server's place in its cluster. */
typedef struct peal_cluster peal_cluster;

/* How nodes of Node's dialect talk. All of a cluster do it the same way. */
typedef enum peal_cluster_mode {
  PEAL_CLUSTER_CLASSIC, /* Pub/Sub, as createAdapter of redis-adapter */
  PEAL_CLUSTER_SHARDED, /* as createShardedAdapter; needs Redis 7 */
  PEAL_CLUSTER_STREAMS  /* a stream, as redis-streams-adapter: what was stored
                           outlives nodes and restarts of Redis, and is
                           delivered when it comes back: what is not stored
                           (volatile, acknowledged, local) and peal_disconnect
                           do not wait for it */
} peal_cluster_mode;

/* SHARDED: which rooms have channels of their own, as `subscriptionMode`. */
typedef enum peal_cluster_subscriptions {
  PEAL_CLUSTER_DYNAMIC,        /* those that are no socket's id */
  PEAL_CLUSTER_STATIC,         /* none */
  PEAL_CLUSTER_DYNAMIC_PRIVATE /* all */
} peal_cluster_subscriptions;

/* Another node that is known by name. */
typedef struct peal_cluster_node {
  const char *id;    /* borrowed for the call */
  uint64_t since_ms; /* how long it has been known */
  uint64_t heard_ms; /* how long ago it was last heard of */
} peal_cluster_node;

/* A node has come, or is gone: it said so, or was silent for too long. On worker
 * 0. */
typedef void (*peal_cluster_node_fn)(peal_cluster *cluster,
                                     const peal_cluster_node *node, bool joined,
                                     void *user);

/* Options; {0} is a node of a classic cluster at what the environment names. */
typedef struct peal_cluster_opts {
  /* redis://[user:password@]host[:port][/db], rediss:// (TLS), unix:/path,
   * redis+sentinel://…, redis+cluster://… (docs/guide/cluster.md). NULL: the
   * environment's PEAL_REDIS_URL; if there is none, or it is empty: no cluster,
   * everything is local. */
  const char *url;
  peal_cluster_mode mode;
  peal_cluster_subscriptions subscriptions;
  const char *prefix;          /* Node's `key`, `channelPrefix`; default
                               "socket.io" */
  const char *stream;          /* STREAMS: its name; default "socket.io" */
  unsigned stream_count;       /* STREAMS: default 1 */
  uint64_t stream_max_len;     /* STREAMS: default 10000 */
  bool specific_responses;     /* CLASSIC: publishOnSpecificResponseChannel */
  bool no_node;                /* no node of Node's dialect: Python's alone */
  bool python;                 /* also a node of Python's cluster */
  const char *python_channels; /* the first is published to as well; default
                               "flask-socketio,socketio" */
  /* What comes by one dialect is told to the other: then Node's and Python's
   * servers hear each other through this one. What is said goes over, and no
   * questions. With SHARDED all nodes need STATIC subscriptions for it. */
  bool relay;
  /* Kept while Redis is away, and sent in their order when it is back and the
   * nodes of Peal that were known before have been heard again, 6 s later at
   * most; beyond it the newest are dropped. Default 0: all of them. */
  size_t queue_bytes;
  size_t max_message_bytes;    /* of what comes; default 64 MiB */
  uint32_t request_timeout_ms; /* for answers of other nodes; default 5000 */
  uint32_t heartbeat_ms;       /* between signs of life; default 5000 */
  uint32_t silence_ms;         /* without one a node is gone; default 10000 */
  /* rediss://: PEM file of those who sign its certificate; default the
   * system's. */
  const char *ca_file;
  bool tls_insecure; /* rediss://: any certificate will do */
  peal_cluster_node_fn on_node;
  void *node_user; /* the last argument of it */
  /* A polling request or an upgrade that arrives at another node than its
   * session's is refused, as without a cluster: for a load balancer that keeps
   * a client at its node. Otherwise the session is found and served from
   * there. */
  bool sticky;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[31];
} peal_cluster_opts;

/* Make `server` (borrowed) a node of a cluster. Copies `opts` with its strings;
 * NULL is {0}. Redis is sought from the beginning of the run on, and need not be
 * there. Before the run, once for a server, behind its namespaces or before
 * them.
 * Returns NULL after logging why: the URL, contradictory options, memory; the
 * server has one already, or runs. Thread: the one that sets up. */
PEAL_API PEAL_MUST_CHECK peal_cluster *peal_cluster_new(
    peal_server *server, const peal_cluster_opts *opts);
/* After the run, and before peal_server_free: the server is local again. NULL is
 * a no-op. Thread: the one that made it. */
PEAL_API void peal_cluster_free(peal_cluster *cluster);

/* What there is of the bus. */
typedef enum peal_cluster_state {
  PEAL_CLUSTER_LOCAL, /* no URL */
  PEAL_CLUSTER_DOWN,  /* Redis is sought */
  PEAL_CLUSTER_UP     /* connected, all subscriptions stand */
} peal_cluster_state;

/* Since the start, but for state, nodes and queued_bytes, which are of now. */
typedef struct peal_cluster_stats {
  int64_t state;        /* peal_cluster_state */
  uint64_t nodes;       /* others that are known by name */
  uint64_t published;   /* messages given to Redis */
  uint64_t received;    /* messages of others that were taken */
  uint64_t dropped_out; /* not published: Redis was away, or slow */
  uint64_t dropped_in;  /* not of any form that is known, or too much at once */
  uint64_t relayed;     /* from one dialect to the other */
  uint64_t queued_bytes; /* that wait for Redis */
  uint64_t reconnects;   /* the connection was made again */
  uint64_t requests;     /* questions that were asked */
  uint64_t timeouts;     /* of them, those that some node left unanswered */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_cluster_stats;

/* All zero without a cluster. Thread: any. */
PEAL_API void peal_cluster_stats_get(const peal_cluster *cluster,
                                     peal_cluster_stats *out);
/* This node's name among the others, terminated; "" without a cluster. Borrowed
 * for its life. Thread: any. */
PEAL_API const char *peal_cluster_id(const peal_cluster *cluster);
/* Called for each node; `node` is borrowed. */
typedef void (*peal_cluster_each_fn)(const peal_cluster_node *node, void *user);
/* Call `fn` for each other node that is known by name: those of Peal, and with
 * STREAMS those of Node that say so. A node that has died is in it for up to
 * `silence_ms`. `fn` must not call functions of the cluster. Returns how many.
 * Thread: any. */
PEAL_API size_t peal_cluster_nodes(const peal_cluster *cluster,
                                   peal_cluster_each_fn fn, void *user);

/* How many sockets are in a room, as far as is known here without asking. */
typedef struct peal_cluster_presence {
  size_t count;   /* here and on the nodes that are known */
  size_t nodes;   /* others that told theirs */
  size_t unknown; /* others that are known by name and whose figures are not */
} peal_cluster_presence;

/* Sockets in `room` (NULL: in the namespace) on all nodes of Peal, from what
 * they have told: nobody is asked. While all are up a change is known
 * everywhere within a second; what a node that died had is counted for up to
 * `silence_ms`. For the exact number ask: peal_nsp_count. Without a cluster all
 * is zero. Thread: any. */
PEAL_API void peal_cluster_presence_get(const peal_cluster *cluster,
                                        const peal_nsp *nsp, const char *room,
                                        peal_cluster_presence *out);
/* The same by a slice; NULL ptr: the namespace. Thread: any. */
PEAL_API void peal_cluster_presence_get_n(const peal_cluster *cluster,
                                          const peal_nsp *nsp, peal_slice room,
                                          peal_cluster_presence *out);

#ifdef __cplusplus
}
#endif
