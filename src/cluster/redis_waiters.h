/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_waiters: connections to one server for commands that wait in Redis
 * (XREAD BLOCK): one for each that waits at a time, kept for the next. */
#include "cluster/redis_conn.h"
#include "cluster/redis_guard.h"

typedef struct peal_redis_waiters {
  peal_worker *worker;
  const peal_redis_how *how;
  peal_redis_guard *guard;
  peal_list all;
  size_t count;
} peal_redis_waiters;

/* All borrowed for life. */
void peal_redis_waiters_init(peal_redis_waiters *waiters, peal_worker *worker,
                             const peal_redis_how *how,
                             peal_redis_guard *guard);
/* On one that is idle, or a new one to `host`; taken if it returns PEAL_OK.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_redis_waiters_send(peal_redis_waiters *waiters,
                                                 const char *host,
                                                 uint16_t port,
                                                 peal_redis_ask *ask);
/* All are closed, and what waits ends with PEAL_ERR_CLOSED. */
void peal_redis_waiters_end(peal_redis_waiters *waiters);
