/* SPDX-License-Identifier: MIT */
#include "cluster/redis_route.h"

#include "base/mem.h"
#include "cluster/cluster_limits.h"
#include "cluster/redis_ask.h"

static const peal_slice publish_words[] = {
    [PEAL_REDIS_CHANNEL] = {"PUBLISH", 7},
    [PEAL_REDIS_PATTERN] = {"PUBLISH", 7},
    [PEAL_REDIS_SHARD] = {"SPUBLISH", 8},
};

peal_redis_node *peal_redis_route_node(peal_redis *redis, int slot) {
  return redis->slots ? peal_redis_slots_node(redis->slots, slot) : redis->node;
}

/* -- answers --------------------------------------------------------------- */

static void release(peal_redis *redis, peal_redis_ask *ask) {
  redis->waiting -= peal_redis_ask_bytes(ask);
  peal_mem_free(redis->worker->mem, ask);
}

static void on_asking(peal_redis_ask *ask, peal_err err,
                      const peal_redis_reply *reply) {
  const peal_redis *redis = ask->owner;
  (void)err, (void)reply;
  peal_mem_free(redis->worker->mem, ask);
}

/* The next command on this connection may use a slot that is on its way. */
static bool send_asking(peal_redis *redis, peal_redis_node *node) {
  const peal_slice word = PEAL_S("ASKING");
  peal_redis_ask *ask = peal_redis_ask_new(redis->worker->mem, &word, 1);
  if (!ask)
    return false;
  ask->done = on_asking;
  ask->owner = redis;
  peal_redis_node_send(node, ask, true);
  return true;
}

/* Redis Cluster specification, "MOVED Redirection", "ASK redirection". Returns
 * false if this is none, or leads nowhere. */
static bool redirect(peal_redis *redis, peal_redis_ask *ask,
                     const peal_redis_reply *reply) {
  bool asks = peal_redis_reply_is_error(reply, "ASK");
  if (!redis->slots || redis->over ||
      (!asks && !peal_redis_reply_is_error(reply, "MOVED")) ||
      ask->tries >= PEAL_LIMIT_REDIS_REDIRECTS)
    return false;
  peal_redis_node *node = peal_redis_slots_redirect(redis->slots, reply->text);
  if (!node || (asks && !send_asking(redis, node)))
    return false;
  ask->tries++;
  peal_redis_node_send(node, ask, true);
  return true;
}

/* Of what the server is: what is to be done about it. */
static void look_at_error(peal_redis *redis, const peal_redis_reply *reply) {
  if (!redis->slots && peal_redis_reply_is_error(reply, "READONLY"))
    peal_redis_node_fail(redis->node, PEAL_ERR_CLOSED,
                         "it is a replica by now");
  else if (redis->slots && peal_redis_reply_is_error(reply, "CLUSTERDOWN"))
    peal_redis_slots_ask(redis->slots);
}

static void on_answer(peal_redis_ask *ask, peal_err err,
                      const peal_redis_reply *reply) {
  peal_redis *redis = ask->owner;
  peal_redis_fn fn = (peal_redis_fn)ask->fn;
  void *user = ask->user;
  peal_redis_guard_enter(&redis->guard);
  if (err == PEAL_ERR_REFUSED && redirect(redis, ask, reply)) {
    peal_redis_guard_leave(&redis->guard);
    return;
  }
  if (err == PEAL_ERR_REFUSED)
    look_at_error(redis, reply);
  release(redis, ask);
  if (fn)
    fn(redis, err, reply, user);
  peal_redis_guard_leave(&redis->guard);
}

static void on_published(peal_redis_ask *ask, peal_err err,
                         const peal_redis_reply *reply) {
  peal_redis *redis = ask->owner;
  peal_redis_guard_enter(&redis->guard);
  if (err != PEAL_ERR_REFUSED || !redirect(redis, ask, reply)) {
    if (err == PEAL_ERR_REFUSED)
      look_at_error(redis, reply);
    redis->figures.dropped += err != PEAL_OK;
    redis->figures.published += err == PEAL_OK;
    release(redis, ask);
  }
  peal_redis_guard_leave(&redis->guard);
}

/* -- questions ------------------------------------------------------------- */

/* Charged and made, if there is room, and a server or one to be waited for. */
static peal_err make(peal_redis *redis, peal_redis_node *node,
                     const peal_slice *argv, size_t argc, bool keep,
                     peal_redis_ask **out) {
  *out = NULL;
  if (redis->over || !node || (!keep && !peal_redis_node_is_ready(node)))
    return PEAL_ERR_CLOSED;
  size_t bytes = sizeof(**out);
  for (size_t i = 0; i < argc; i++)
    bytes += argv[i].len;
  if (bytes > redis->opts.max_queue_bytes ||
      redis->waiting > redis->opts.max_queue_bytes - bytes)
    return PEAL_ERR_QUEUE_FULL;
  *out = peal_redis_ask_new(redis->worker->mem, argv, argc);
  if (!*out)
    return PEAL_ERR_NOMEM;
  redis->waiting += peal_redis_ask_bytes(*out);
  (*out)->keep = keep;
  (*out)->owner = redis;
  return PEAL_OK;
}

static int slot_of(const peal_redis *redis, peal_slice key) {
  return redis->slots && key.ptr ? (int)peal_redis_slot_of(key) : -1;
}

peal_err peal_redis_route_publish(peal_redis *redis, peal_redis_way way,
                                  peal_slice channel, peal_slice payload) {
  const peal_slice argv[3] = {publish_words[way], channel, payload};
  peal_redis_ask *ask;
  peal_redis_node *node = peal_redis_route_node(
      redis, way == PEAL_REDIS_SHARD ? slot_of(redis, channel) : -1);
  peal_err err = make(redis, node, argv, 3, redis->opts.keep, &ask);
  if (err) {
    redis->figures.dropped++;
    return err;
  }
  ask->done = on_published;
  peal_redis_node_send(node, ask, true);
  return PEAL_OK;
}

peal_err peal_redis_route_ask_at(peal_redis *redis, peal_redis_node *node,
                                 const peal_redis_question *it) {
  peal_redis_ask *ask;
  peal_err err = make(redis, node, it->argv, it->argc, false, &ask);
  if (err)
    return err;
  ask->done = on_answer;
  ask->fn = (void (*)(void))it->fn;
  ask->user = it->user;
  ask->wait_ms = it->wait_ms;
  if (!it->wait_ms) {
    peal_redis_node_send(node, ask, false);
    return PEAL_OK;
  }
  err = peal_redis_node_wait(node, ask);
  if (err)
    release(redis, ask);
  return err;
}

peal_err peal_redis_route_ask(peal_redis *redis,
                              const peal_redis_question *it) {
  return peal_redis_route_ask_at(
      redis, peal_redis_route_node(redis, slot_of(redis, it->key)), it);
}

/* -- subscriptions --------------------------------------------------------- */

void peal_redis_route_sub(peal_redis *redis, peal_redis_sub *sub) {
  peal_redis_node *node = peal_redis_route_node(redis, sub->slot);
  if (!node)
    return;
  peal_redis_subs_move(&redis->subs, sub, &node->place);
  peal_redis_node_subscribe(node);
}

void peal_redis_route_subs(peal_redis *redis) {
  peal_list all;
  peal_list_init(&all);
  peal_list_move(&all, &redis->subs.homeless);
  while (!peal_list_is_empty(&all)) {
    peal_redis_sub *sub = PEAL_LIST_OF(all.next, peal_redis_sub, due);
    peal_list_remove(&sub->due);
    peal_list_push(&redis->subs.homeless, &sub->due);
    peal_redis_route_sub(redis, sub);
  }
}
