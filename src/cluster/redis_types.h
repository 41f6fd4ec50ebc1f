/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_types: what cluster/redis is told, and what it tells: its parts know
 * these words, too. */
#include <peal/tls.h>
#include <peal/worker.h>

#include "cluster/redis_reply.h"

typedef struct peal_redis peal_redis;

/* Bytes of words that say what is wrong, the terminator included. */
#define PEAL_REDIS_TEXT 320u

typedef enum peal_redis_way {
  PEAL_REDIS_CHANNEL, /* PUBLISH, SUBSCRIBE */
  PEAL_REDIS_PATTERN, /* PSUBSCRIBE */
  PEAL_REDIS_SHARD    /* SPUBLISH, SSUBSCRIBE: Redis 7 or later */
} peal_redis_way;

/* All borrowed until the callback returns. */
typedef struct peal_redis_message {
  peal_redis_way way;
  peal_slice pattern; /* of PEAL_REDIS_PATTERN; else {NULL, 0} */
  peal_slice channel;
  peal_slice payload;
} peal_redis_message;

typedef struct peal_redis_opts {
  const char *url;  /* wire/redis_url; copied */
  const char *name; /* CLIENT SETNAME, unless the URL has one; NULL: "peal" */
  const peal_client_tls *tls; /* for rediss:, beyond what the URL says; its
                                 files are read here; NULL: none */
  bool sharded; /* sharded Pub/Sub is needed: a server before 7 is refused */
  bool keep;    /* while it is down, what is published waits (at most
                   max_queue_bytes); else it is dropped and counted */
  uint32_t connect_ms;      /* for an address, login included; 0: 5000 */
  uint32_t idle_ms;         /* after this much silence a PING, after as much
                              again the connection is cut; 0: 5000 */
  uint32_t command_ms;      /* an answer has to come by then; 0: 10000 */
  uint32_t retry_min_ms;    /* 0: 1000 */
  uint32_t retry_max_ms;    /* 0: 5000 */
  size_t max_queue_bytes;   /* of commands waiting and unanswered; 0: 16 MiB */
  size_t max_reply_bytes;   /* of one reply; 0: 64 MiB */
  size_t max_subscriptions; /* channels and patterns; 0: 1000000 */
  void (*on_message)(peal_redis *redis, const peal_redis_message *message,
                     void *user);
  /* It has come up, or gone down, in turns, up first; `words` say why it is
   * down. May be NULL. */
  void (*on_state)(peal_redis *redis, bool up, const char *words, void *user);
  void *user;
} peal_redis_opts;

/* Exactly once for each command that was taken, in the order of sending as far
 * as they go to the same server. `reply` (borrowed) is NULL unless it is
 * PEAL_OK or PEAL_ERR_REFUSED, where it is the error that Redis answers with.
 * PEAL_ERR_CLOSED: the connection broke, it may have been done or not;
 * PEAL_ERR_TIMEOUT: it has not answered; PEAL_ERR_TOO_LONG: its answer, or one
 * before it on the connection, is over max_reply_bytes: ask for less. */
typedef void (*peal_redis_fn)(peal_redis *redis, peal_err err,
                              const peal_redis_reply *reply, void *user);
/* How many subscribe; -1: it could not be found out. */
typedef void (*peal_redis_count_fn)(peal_redis *redis, int64_t count,
                                    void *user);

typedef struct peal_redis_figures {
  uint64_t connects; /* connections that were logged in */
  uint64_t outages;  /* times it went down */
  uint64_t dropped;  /* messages not published, for they had no room or it was
                        down */
  uint64_t published, received;
  size_t waiting_bytes; /* unsent and unanswered, now */
} peal_redis_figures;
