/* SPDX-License-Identifier: MIT */
#include "cluster/redis_tell.h"

#include <stdio.h>

static const peal_slice none = {"", 0};

/* Of a Redis Cluster, one server that is not. */
static const peal_redis_node *look(const peal_redis *redis, bool *up) {
  const peal_redis_node *node = redis->node;
  if (redis->slots)
    *up = peal_redis_slots_is_up(redis->slots, &node);
  else
    *up = node->up;
  return node;
}

static void find_words(peal_redis *redis, const peal_redis_node *node) {
  if (!node)
    snprintf(redis->words, sizeof(redis->words),
             "not all slots of the Redis Cluster have a server");
  else if (redis->slots)
    snprintf(redis->words, sizeof(redis->words), "%.100s:%u: %.200s",
             node->host, node->port, node->words);
  else
    snprintf(redis->words, sizeof(redis->words), "%s", node->words);
}

static void come_up(peal_redis *redis, const peal_redis_node *node) {
  unsigned it = node ? node->version : 0;
  redis->up = true;
  redis->said = 0;
  redis->words[0] = 0;
  peal_logger_write(redis->worker->log, PEAL_LOG_INFO, "redis", none, none,
                    "connected to %s, version %u.%u.%u", redis->place,
                    it / 10000, it / 100 % 100, it % 100);
  if (redis->opts.on_state)
    redis->opts.on_state(redis, true, "", redis->opts.user);
}

/* What waits for somebody is an error; the rest passes by itself. In one outage
 * each is said once, and of the two the error last. */
static void log_down(peal_redis *redis, peal_err err) {
  bool refused = err == PEAL_ERR_REFUSED || err == PEAL_ERR_CERT;
  if (redis->said > refused)
    return;
  redis->said = 1 + refused;
  peal_logger_write(
      redis->worker->log, refused ? PEAL_LOG_ERROR : PEAL_LOG_WARN, "redis",
      none, none, "%s: %s; others are not reached meanwhile, it is tried again",
      redis->place, redis->words);
}

static void stay_down(peal_redis *redis, const peal_redis_node *node) {
  peal_err err = node ? node->err : PEAL_ERR_CLOSED;
  bool was_up = redis->up;
  if (err == PEAL_ERR_AGAIN || (!node && !was_up))
    return; /* it connects */
  find_words(redis, node);
  redis->up = false;
  redis->figures.outages += was_up;
  log_down(redis, err);
  if (was_up && redis->opts.on_state)
    redis->opts.on_state(redis, false, redis->words, redis->opts.user);
}

void peal_redis_tell_look(peal_redis *redis) {
  bool up;
  if (redis->over)
    return;
  const peal_redis_node *node = look(redis, &up);
  if (!up)
    stay_down(redis, node);
  else if (!redis->up)
    come_up(redis, node ? node : peal_redis_slots_node(redis->slots, -1));
}
