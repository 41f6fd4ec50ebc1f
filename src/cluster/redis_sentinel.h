/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_sentinel: which server is the master, as Sentinels say it. One of them
 * is asked after the other until one knows; that one is listened to, for when it
 * says that there is another master. */
#include "cluster/redis_conn.h"
#include "cluster/redis_guard.h"
#include "wire/redis_url.h"

typedef struct peal_redis_sentinel_events {
  void (*on_master)(const char *host, uint16_t port, void *user);
  /* No Sentinel knows it, in words of the last one asked. */
  void (*on_none)(peal_err err, const char *words, void *user);
} peal_redis_sentinel_events;

typedef struct peal_redis_sentinel {
  peal_worker *worker;
  const peal_redis_how *how;
  const peal_redis_url *url;
  peal_redis_guard *guard;
  const peal_redis_sentinel_events *events;
  void *user;
  peal_redis_conn *conn;
  peal_wheel_timer timer;
  size_t at, tried; /* of the URL's hosts */
  bool asking, over;
} peal_redis_sentinel;

/* All borrowed for life. Nothing happens before it is asked. */
void peal_redis_sentinel_init(peal_redis_sentinel *sentinel,
                              peal_worker *worker, const peal_redis_how *how,
                              const peal_redis_url *url,
                              peal_redis_guard *guard,
                              const peal_redis_sentinel_events *events,
                              void *user);
void peal_redis_sentinel_deinit(peal_redis_sentinel *sentinel);
/* Ask the next one, and so on; one of the two events follows, never inside this
 * call. While that is under way this does nothing. */
void peal_redis_sentinel_ask(peal_redis_sentinel *sentinel);
