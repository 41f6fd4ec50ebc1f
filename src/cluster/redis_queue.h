/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_queue: commands of one connection, in order: those that are to leave,
 * behind those that have left and are to be answered.
 *
 *   _push -> unsent -- _pull, _sent --> asked -- _shift --> answered */
#include "base/buf.h"
#include "base/iovs.h"
#include "cluster/redis_ask.h"

typedef struct peal_redis_queue {
  peal_list unsent, asked; /* peal_redis_ask.node, oldest first */
  size_t count;            /* of both */
  peal_buf tail;           /* what is still to leave when all have ended */
  size_t tail_sent;
} peal_redis_queue;

void peal_redis_queue_init(peal_redis_queue *queue, const peal_mem *mem);
void peal_redis_queue_deinit(peal_redis_queue *queue);
/* Taken. */
void peal_redis_queue_push(peal_redis_queue *queue, peal_redis_ask *ask);
/* What is to leave; borrowed until _sent. */
void peal_redis_queue_pull(const peal_redis_queue *queue, peal_iovs *out);
void peal_redis_queue_sent(peal_redis_queue *queue, size_t len);
/* Whose answer comes first; NULL: nobody waits for one. */
peal_redis_ask *peal_redis_queue_first(const peal_redis_queue *queue);
/* It is answered: the caller's. */
peal_redis_ask *peal_redis_queue_shift(peal_redis_queue *queue);
/* All end with `err`. Whoever is told may push more. */
void peal_redis_queue_end(peal_redis_queue *queue, peal_err err);
/* Keep what is still to leave beyond the end. False: memory is out. */
PEAL_MUST_CHECK bool peal_redis_queue_keep(peal_redis_queue *queue);
