/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_how: what all connections of one way to Redis have in common. */
#include "net/tls_client.h"

typedef struct peal_redis_how {
  /* NULL: none; borrowed for the life of the connections. */
  const char *user, *password, *name;
  uint32_t db;
  peal_tls_client *tls; /* borrowed; NULL: plain */
  bool needs_master;    /* Sentinels have said that it is one: ask (ROLE) */
  bool needs_shards;    /* sharded Pub/Sub: Redis 7 */
  uint32_t connect_ms, idle_ms;
  size_t max_reply_bytes;
} peal_redis_how;
