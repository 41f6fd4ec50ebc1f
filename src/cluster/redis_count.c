/* SPDX-License-Identifier: MIT */
#include "cluster/redis_count.h"

#include "base/mem.h"
#include "cluster/redis_route.h"

/* A question to all masters, and what came of it. */
typedef struct count_round {
  size_t left;
  int64_t sum; /* -1: one has not answered */
  peal_redis_count_fn fn;
  void *user;
} count_round;

/* [channel, count] */
static void on_counted(peal_redis *redis, peal_err err,
                       const peal_redis_reply *reply, void *user) {
  count_round *round = user;
  int64_t count;
  if (err || !peal_redis_reply_number(peal_redis_reply_at(reply, 1), &count) ||
      count < 0 || count > UINT32_MAX)
    round->sum = -1;
  else if (round->sum >= 0)
    round->sum += count;
  if (--round->left)
    return;
  round->fn(redis, round->sum, round->user);
  peal_mem_free(redis->worker->mem, round);
}

static peal_err count_at(peal_redis *redis, peal_redis_node *node,
                         peal_redis_way way, peal_slice channel,
                         count_round *round) {
  const peal_slice argv[3] = {PEAL_S("PUBSUB"),
                              way == PEAL_REDIS_SHARD ? PEAL_S("SHARDNUMSUB")
                                                      : PEAL_S("NUMSUB"),
                              channel};
  peal_err err = peal_redis_route_ask_at(
      redis, node,
      &(peal_redis_question){{NULL, 0}, argv, 3, 0, on_counted, round});
  round->left += err == PEAL_OK;
  return err;
}

/* The round holds itself until all are asked. */
static peal_err count_all(peal_redis *redis, peal_redis_way way,
                          peal_slice channel, count_round *round) {
  peal_err err = PEAL_OK;
  if (!redis->slots)
    return count_at(redis, redis->node, way, channel, round);
  for (peal_list *at = redis->slots->nodes.next;
       at != &redis->slots->nodes && !err; at = at->next) {
    peal_redis_node *node = PEAL_LIST_OF(at, peal_redis_node, node);
    if (peal_redis_node_is_ready(node))
      err = count_at(redis, node, way, channel, round);
    else
      round->sum = -1;
  }
  return err;
}

peal_err peal_redis_count_ask(peal_redis *redis, peal_redis_way way,
                              peal_slice channel, peal_redis_count_fn fn,
                              void *user) {
  count_round *round;
  if (redis->over)
    return PEAL_ERR_CLOSED;
  round = peal_mem_zalloc(redis->worker->mem, sizeof(*round));
  if (!round)
    return PEAL_ERR_NOMEM;
  *round = (count_round){.fn = fn, .user = user};
  peal_err err = count_all(redis, way, channel, round);
  if (round->left) {
    if (err)
      round->sum = -1;
    return PEAL_OK;
  }
  peal_mem_free(redis->worker->mem, round);
  return err ? err : PEAL_ERR_CLOSED;
}
