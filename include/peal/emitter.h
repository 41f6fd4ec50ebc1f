/* SPDX-License-Identifier: MIT */
#pragma once
/* emitter: a program that is no server says something to the clients of a
 * cluster (<peal/cluster.h>): a job that is done, a script, a back office. It
 * speaks to Redis alone; servers of Peal, Node and Python hear it, as they hear
 * @socket.io/redis-emitter and python-socketio's write-only managers.
 *
 *   peal_emitter *emitter;
 *   peal_emitter_problem why;
 *   if (peal_emitter_new(&emitter, &(peal_emitter_opts){.url = "redis://redis"},
 *                        &why) == PEAL_OK)
 *     peal_emitter_emit(emitter, "/", PEAL_TO("patient_7"), "patient_alert",
 *                       PEAL_ARGS(alert));
 *   peal_emitter_flush(emitter, 5000);
 *   peal_emitter_free(emitter);
 *
 * It has a thread of its own, which connects, again and again, and sends. What
 * is emitted while Redis is away waits, up to `queue_bytes`, and is sent in its
 * order. What was on its way when a connection broke is not sent again, for it
 * may have arrived: it is told as a problem. Nobody says who has heard it: Redis
 * says whether it has it.
 *
 * All functions are for any thread. Callbacks are called on the emitter's
 * thread; all functions but peal_emitter_flush may be called in them,
 * peal_emitter_free included. Without an object (NULL) nothing happens:
 * PEAL_ERR_USAGE.
 *
 * Example: examples/emitter/main.c */
#include <peal/base.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A way to the clients of a cluster. */
typedef struct peal_emitter peal_emitter;

/* What the servers speak, which has to be known: nothing on Redis says it. */
typedef enum peal_emitter_dialect {
  PEAL_EMITTER_CLASSIC, /* @socket.io/redis-adapter, createAdapter */
  PEAL_EMITTER_SHARDED, /* the same, createShardedAdapter; needs Redis 7 */
  PEAL_EMITTER_STREAMS, /* @socket.io/redis-streams-adapter: it is kept for
                           clients that are away for a moment */
  PEAL_EMITTER_PYTHON   /* python-socketio, Flask-SocketIO: message_queue */
} peal_emitter_dialect;

/* SHARDED: the servers' `subscriptionMode`: which rooms have channels of their
 * own. */
typedef enum peal_emitter_rooms {
  PEAL_EMITTER_DYNAMIC,        /* those that are no socket's id */
  PEAL_EMITTER_STATIC,         /* none */
  PEAL_EMITTER_DYNAMIC_PRIVATE /* all */
} peal_emitter_rooms;

/* What is wrong, in words; never a password. */
typedef struct peal_emitter_problem {
  peal_err err;
  char text[320]; /* terminated */
} peal_emitter_problem;

/* `err` is PEAL_ERR_CLOSED: Redis cannot be reached, or the connection broke;
 * PEAL_ERR_REFUSED, PEAL_ERR_TIMEOUT: it has not taken something; PEAL_OK: it is
 * reached, again. Told when it changes, and for each message that failed. */
typedef void (*peal_emitter_problem_fn)(peal_emitter *emitter,
                                        const peal_emitter_problem *problem,
                                        void *user);

/* Options; {0} is an emitter of the classic dialect at what the environment
 * names. */
typedef struct peal_emitter_opts {
  const char *url; /* as in peal_cluster_opts; NULL: the environment's
                      PEAL_REDIS_URL, which has to be there */
  peal_emitter_dialect dialect;
  peal_emitter_rooms rooms;
  const char *prefix;      /* Node's `key`, `channelPrefix`; default
                              "socket.io" */
  const char *stream;      /* STREAMS: its name; default "socket.io" */
  unsigned stream_count;   /* STREAMS: as the servers', 1 to 16; default 1 */
  uint64_t stream_max_len; /* STREAMS: entries that are kept; default 10000 */
  const char *channel;     /* PYTHON: default "flask-socketio";
                              python-socketio's own is "socketio" */
  size_t queue_bytes;      /* of what waits; default 16 MiB */
  /* Redis cannot be reached: what waits fails at once with PEAL_ERR_CLOSED,
   * instead of waiting. */
  bool no_wait;
  const char *ca_file; /* rediss://: PEM file of those who sign its certificate;
                          default the system's */
  bool tls_insecure;   /* rediss://: any certificate will do */
  peal_emitter_problem_fn on_problem; /* NULL: they are logged */
  void *user;                         /* the last argument of it */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[24];
} peal_emitter_opts;

/* Make an emitter and its thread, which seeks Redis from now on. Copies `opts`
 * with its strings; NULL is {0}. `why` may be NULL.
 * Returns: PEAL_OK; PEAL_ERR_OPTION (the URL, or an option that cannot be),
 * PEAL_ERR_TLS, PEAL_ERR_SYSTEM (no thread), PEAL_ERR_NOMEM; *out is NULL on
 * errors. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_emitter_new(peal_emitter **out, const peal_emitter_opts *opts,
                 peal_emitter_problem *why);
/* What waits is dropped: call peal_emitter_flush before. Ends its thread; NULL
 * is a no-op. Thread: any. */
PEAL_API void peal_emitter_free(peal_emitter *emitter);
/* Wait until Redis has all that was emitted before, at most so long; 0: only
 * look.
 * Returns: PEAL_OK; PEAL_ERR_TIMEOUT: some waits still; PEAL_ERR_CLOSED,
 * PEAL_ERR_REFUSED: nothing waits, but since the last flush some has failed, the
 * first for this reason; PEAL_ERR_USAGE on its own thread. Thread: any. */
PEAL_API peal_err peal_emitter_flush(peal_emitter *emitter,
                                     uint32_t timeout_ms);

/* The next five: `nsp` is a namespace, a missing leading slash is added; NULL is
 * "/". `to` says whom (NULL: all), as for peal_nsp_emit; of its options only
 * rooms, exceptions and is_volatile go over. Names and values are encoded before
 * the call returns; those of one thread are sent in the order of the calls.
 * Return: PEAL_OK (it waits to be sent; also if `to` is an empty list: nobody),
 * PEAL_ERR_QUEUE_FULL (queue_bytes), PEAL_ERR_CLOSED (with `no_wait`: Redis is
 * away), PEAL_ERR_USAGE (no name; what the dialect cannot say: see each),
 * PEAL_ERR_OPTION (`is_local` is nobody here), PEAL_ERR_RESERVED,
 * PEAL_ERR_DEPTH, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */

/* An event to all that `to` names. In Python's dialect exceptions are ids of
 * sockets. Thread: any. */
PEAL_API peal_err peal_emitter_emit(peal_emitter *emitter, const char *nsp,
                                    const peal_to *to, const char *event,
                                    peal_args args);
/* Make them join a room. In Python's dialect `to` is one socket's id. Thread:
 * any. */
PEAL_API peal_err peal_emitter_join(peal_emitter *emitter, const char *nsp,
                                    const peal_to *to, const char *room);
/* Make them leave it; as peal_emitter_join. Thread: any. */
PEAL_API peal_err peal_emitter_leave(peal_emitter *emitter, const char *nsp,
                                     const peal_to *to, const char *room);
/* Disconnect them; `close`: their connections, too. As peal_emitter_join.
 * Thread: any. */
PEAL_API peal_err peal_emitter_disconnect(peal_emitter *emitter,
                                          const char *nsp, const peal_to *to,
                                          bool close);
/* An event to the servers themselves (reference: serverSideEmit), which
 * peal_on_server_event hears. Not in Python's dialect. Thread: any. */
PEAL_API peal_err peal_emitter_server_emit(peal_emitter *emitter,
                                           const char *nsp, const char *event,
                                           peal_args args);

/* Since it was made, but for the last two, which are of now. */
typedef struct peal_emitter_stats {
  uint64_t sent;    /* Redis has them */
  uint64_t failed;  /* Redis does not have them, or may not */
  uint64_t unheard; /* of those sent, without STREAMS: no server subscribed to
                       their channel, as far as one Redis can tell */
  uint64_t waiting; /* messages */
  uint64_t waiting_bytes;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_emitter_stats;

/* All zero without an emitter. Thread: any. */
PEAL_API void peal_emitter_stats_get(peal_emitter *emitter,
                                     peal_emitter_stats *out);

#ifdef __cplusplus
}
#endif
