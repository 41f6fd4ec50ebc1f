/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_impl: the inside of a way to Redis. */
#include "cluster/redis_sentinel.h"
#include "cluster/redis_slots.h"
#include "cluster/redis_types.h"

#define PEAL_REDIS_PLACE_BYTES 320u

struct peal_redis {
  peal_redis_guard guard;
  peal_worker *worker;
  peal_redis_opts opts; /* numbers filled in; strings are not to be used */
  peal_redis_how how;
  peal_redis_how sentinel_how;
  peal_redis_node_opts node_opts;
  peal_tls_client *tls;
  peal_redis_subs subs;
  /* One of: */
  peal_redis_node *node;   /* a server; or the master that Sentinels name */
  peal_redis_slots *slots; /* of a Redis Cluster */
  peal_redis_sentinel sentinel;
  bool up;
  bool over; /* everything is closed */
  bool gone; /* it is freed when nobody is inside */
  int said; /* of an outage, to the log: 1: that it is, 2: that it needs help */
  size_t waiting; /* bytes charged */
  peal_redis_figures figures;
  char name[64];
  char words[PEAL_REDIS_TEXT];
  char place[PEAL_REDIS_PLACE_BYTES];
  peal_redis_url url; /* large; last */
};
