/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_route: commands to the server that has their slot, their answers to
 * whoever asked; what a Redis Cluster sends elsewhere is sent elsewhere. */
#include "cluster/redis_impl.h"

/* All borrowed. */
typedef struct peal_redis_question {
  peal_slice key; /* {NULL, 0}: any server will do */
  const peal_slice *argv;
  size_t argc;
  uint32_t wait_ms; /* it waits in Redis, at most so long; 0: it does not */
  peal_redis_fn fn; /* may be NULL */
  void *user;
} peal_redis_question;

/* NULL: not known. */
peal_redis_node *peal_redis_route_node(peal_redis *redis, int slot);
/* As peal_redis_command and peal_redis_wait. */
PEAL_MUST_CHECK peal_err peal_redis_route_ask(peal_redis *redis,
                                              const peal_redis_question *it);
/* Of this server; NULL is PEAL_ERR_CLOSED. */
PEAL_MUST_CHECK peal_err peal_redis_route_ask_at(peal_redis *redis,
                                                 peal_redis_node *node,
                                                 const peal_redis_question *it);
/* As peal_redis_publish. */
peal_err peal_redis_route_publish(peal_redis *redis, peal_redis_way way,
                                  peal_slice channel, peal_slice payload);
/* A subscription that has no server gets one, if it is known by now. */
void peal_redis_route_sub(peal_redis *redis, peal_redis_sub *sub);
/* All of them. */
void peal_redis_route_subs(peal_redis *redis);
