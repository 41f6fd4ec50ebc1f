/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_ask: one command on its way, from its asker to its answer.
 *
 *   asker -> [held by a node] -> queue of a connection -> sent -> `done`
 *
 * It is encoded once (RESP: an array of strings) and kept until it is answered:
 * a Redis Cluster may send it elsewhere. */
#include <peal/base.h>

#include "base/list.h"
#include "cluster/redis_reply.h"

/* What a connection with subscriptions has to know to find its answer. */
typedef enum peal_redis_ask_kind {
  PEAL_REDIS_ASK_COMMAND,
  PEAL_REDIS_ASK_SUBSCRIBE,
  PEAL_REDIS_ASK_UNSUBSCRIBE
} peal_redis_ask_kind;

typedef struct peal_redis_ask peal_redis_ask;

/* Exactly once, and the ask is the callee's. `reply` (borrowed) is NULL unless
 * `err` is PEAL_OK or PEAL_ERR_REFUSED (an error of Redis). */
typedef void (*peal_redis_ask_fn)(peal_redis_ask *ask, peal_err err,
                                  const peal_redis_reply *reply);

struct peal_redis_ask {
  peal_list node; /* in one queue or none */
  peal_redis_ask_fn done;
  void *owner;      /* of `done` */
  void (*fn)(void); /* the asker's, in its own type */
  void *user;
  peal_redis_ask_kind kind;
  peal_slice channel; /* of subscribing: a part of `text` */
  uint32_t wait_ms;   /* it may wait in Redis so long */
  unsigned tries;     /* redirections so far */
  bool keep;          /* held while a server is away, too */
  size_t len, sent;   /* of `text` */
  char text[];
};

/* A command of `argc` words; copied. NULL if memory is out. */
PEAL_MUST_CHECK peal_redis_ask *peal_redis_ask_new(const peal_mem *mem,
                                                   const peal_slice *argv,
                                                   size_t argc);
/* The last word of its text. */
peal_slice peal_redis_ask_last(const peal_redis_ask *ask, size_t len);
/* What it is charged with. */
size_t peal_redis_ask_bytes(const peal_redis_ask *ask);
