/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_impl: what a node of a cluster is made of, and which thread has what.
 *
 *   any worker   cluster_verbs: publish, ask ──mail──┐   cluster_moves: rooms
 *                                                    v          │ mail
 *   worker 0     cluster_pump: proto/cluster_machine <──────────┘
 *                  │ what is to be done       ^ what has come
 *                  v                          │
 *                cluster_act                cluster_feed
 *                  │ codecs                   ^ codecs
 *                  └────> cluster/redis ──────┘
 *
 * The machine is changed on worker 0 alone, under a lock that others take to
 * look (cluster_look). */
#include <stdatomic.h>

#include <pthread.h>

#include <peal/cluster.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cluster/redis.h"
#include "net/worker_impl.h"
#include "proto/bus_channel.h"
#include "proto/cluster_machine.h"
#include "server/adapter.h"

typedef struct peal_cluster_moves peal_cluster_moves;
typedef struct peal_cluster_kept peal_cluster_kept;
typedef struct peal_cluster_reading peal_cluster_reading;
typedef struct peal_cluster_sessions peal_cluster_sessions;
typedef struct peal_cluster_away peal_cluster_away;

/* Written on worker 0, read by all. */
typedef struct peal_cluster_counts {
  _Atomic int64_t state; /* peal_cluster_state */
  _Atomic uint64_t published, received, dropped_out, dropped_in, reconnects;
  _Atomic uint64_t queued_bytes;
} peal_cluster_counts;

struct peal_cluster {
  peal_adapter adapter; /* first: a server knows it by this */
  atomic_uint refs;     /* one for each mail on its way, and the owner's */
  atomic_bool is_over;  /* freed but for its memory */
  peal_server *server;
  peal_worker *worker; /* 0 */
  peal_cluster_opts opts;
  peal_arena strings; /* of the options */
  char id[PEAL_CLUSTER_NAME_UID + 1];
  peal_slice prefix, peal_channel;

  peal_redis *redis;
  pthread_mutex_t lock; /* of the machine */
  peal_cluster_machine machine;
  bool has_machine;
  peal_timer *timer; /* of its deadline */
  peal_timer *stop_timer;
  /* Does what the machine says: cluster_act, which stands above what is done. */
  void (*act)(peal_cluster *cluster, const peal_cluster_event *event);
  bool pumps;         /* the loop over what it tells is on the stack */
  bool stops, left;   /* the run ends; the others know it */
  bool is_up, was_up; /* Redis is there, as was told; was there before */
  uint32_t stop_turns;
  peal_arena decoded, told; /* what came; what the machine tells */
  peal_buf channel, payload;
  size_t fed_bytes; /* of the message that is being taken */

  peal_map kept;      /* cluster_kept: questions of others, by number */
  peal_list kept_all; /* oldest first */
  uint64_t kept_number;
  peal_list answers;         /* that wait for the machine */
  peal_map rooms;            /* cluster_moves: sockets of all workers */
  peal_cluster_moves *moves; /* one per worker */
  uint64_t generations[PEAL_CLUSTER_STREAMS_MAX]; /* of readings */
  unsigned entries[PEAL_CLUSTER_STREAMS_MAX]; /* of one answer; 0: as usual */
  peal_list pausing;                          /* readings that ask again soon */
  char begins[PEAL_CLUSTER_STREAMS_MAX][44];  /* where they were read first */
  peal_list stored;                /* peal_stored: on their way to a stream */
  peal_cluster_sessions *sessions; /* recovery over streams; NULL: none */
  peal_list queue;                 /* cluster_queue */
  size_t queue_bytes;              /* of it */
  uint64_t up_ms;                  /* when Redis was there the last time */
  peal_cluster_away *away;         /* requests at other nodes; NULL: sticky */
  peal_list fars;                  /* cluster_far: questions that are open */
  peal_cluster_counts counts;
};

/* Ceilings. */
enum {
  PEAL_CLUSTER_KEPT_MAX = 4096,     /* questions of others that are open */
  PEAL_CLUSTER_KEPT_MS = 70000,     /* beyond what is waited for clients */
  PEAL_CLUSTER_FAR_BYTES = 1 << 28, /* of the answers to one question */
  PEAL_CLUSTER_STOP_STEP_MS = 20,
  PEAL_CLUSTER_STOP_STEPS = 100
};

static inline void peal_cluster_count(_Atomic uint64_t *figure) {
  atomic_fetch_add_explicit(figure, 1, memory_order_relaxed);
}

static inline const peal_mem *peal_cluster_mem(const peal_cluster *cluster) {
  return cluster->server->mem;
}

/* Milliseconds of worker 0's clock. */
static inline uint64_t peal_cluster_now(const peal_cluster *cluster) {
  return peal_worker_now_ms(cluster->worker);
}

static inline void peal_cluster_ref(peal_cluster *cluster) {
  atomic_fetch_add_explicit(&cluster->refs, 1, memory_order_relaxed);
}

static inline void peal_cluster_unref(peal_cluster *cluster) {
  if (atomic_fetch_sub_explicit(&cluster->refs, 1, memory_order_acq_rel) == 1)
    peal_mem_free(peal_cluster_mem(cluster), cluster);
}

/* Is nothing to be done any more of what came by mail? Where the worker has
 * ended any thread may be here. */
static inline bool peal_cluster_is_over(const peal_cluster *cluster) {
  return peal_worker_impl_is_ending(cluster->worker) ||
         atomic_load_explicit(&cluster->is_over, memory_order_relaxed);
}
