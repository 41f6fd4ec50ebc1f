/* SPDX-License-Identifier: MIT */
#include "cluster/redis_route.h"

#include "base/mem.h"
#include "cluster/cluster_limits.h"
#include "cluster/redis_ask.h"

/* A question to all masters, and what came of it. */
typedef struct count_round {
  size_t left;
  int64_t sum; /* -1: one has not answered */
  peal_redis_count_fn fn;
  void *user;
} count_round;

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
    peal_redis_node_fail(redis->node, "it is a replica by now");
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

/* Charged and made, for `slot`, if there is room and a server is there (or is
 * to be waited for). */
static peal_err make(peal_redis *redis, int slot, const peal_slice *argv,
                     size_t argc, bool keep, peal_redis_ask **out) {
  peal_redis_node *node = peal_redis_route_node(redis, slot);
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
  (*out)->slot = slot;
  (*out)->keep = keep;
  (*out)->owner = redis;
  return PEAL_OK;
}

static int slot_of(const peal_redis *redis, peal_slice key) {
  return redis->slots && key.ptr ? (int)peal_redis_slot_of(key) : -1;
}

peal_err peal_redis_publish(peal_redis *redis, peal_redis_way way,
                            peal_slice channel, peal_slice payload) {
  const peal_slice argv[3] = {publish_words[way], channel, payload};
  peal_redis_ask *ask;
  int slot = way == PEAL_REDIS_SHARD ? slot_of(redis, channel) : -1;
  peal_err err = make(redis, slot, argv, 3, redis->opts.keep, &ask);
  if (err) {
    redis->figures.dropped++;
    return err;
  }
  ask->done = on_published;
  peal_redis_node_send(peal_redis_route_node(redis, slot), ask, true);
  return PEAL_OK;
}

peal_err peal_redis_command(peal_redis *redis, peal_slice key,
                            const peal_slice *argv, size_t argc,
                            peal_redis_fn fn, void *user) {
  peal_redis_ask *ask;
  int slot = slot_of(redis, key);
  peal_err err = make(redis, slot, argv, argc, false, &ask);
  if (err)
    return err;
  ask->done = on_answer;
  ask->fn = (void (*)(void))fn;
  ask->user = user;
  peal_redis_node_send(peal_redis_route_node(redis, slot), ask, false);
  return PEAL_OK;
}

peal_err peal_redis_wait(peal_redis *redis, peal_slice key,
                         const peal_slice *argv, size_t argc, uint32_t wait_ms,
                         peal_redis_fn fn, void *user) {
  peal_redis_ask *ask;
  int slot = slot_of(redis, key);
  peal_err err = make(redis, slot, argv, argc, false, &ask);
  if (err)
    return err;
  ask->done = on_answer;
  ask->fn = (void (*)(void))fn;
  ask->user = user;
  ask->wait_ms = wait_ms ? wait_ms : 1;
  err = peal_redis_node_wait(peal_redis_route_node(redis, slot), ask);
  if (err)
    release(redis, ask);
  return err;
}

/* -- counting -------------------------------------------------------------- */

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
  peal_redis_ask *ask;
  peal_err err = make(redis, -1, argv, 3, false, &ask);
  if (err)
    return err;
  ask->done = on_answer;
  ask->fn = (void (*)(void))on_counted;
  ask->user = round;
  ask->tries = PEAL_LIMIT_REDIS_REDIRECTS; /* about this server alone */
  round->left++;
  peal_redis_node_send(node, ask, false);
  return PEAL_OK;
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

peal_err peal_redis_count(peal_redis *redis, peal_redis_way way,
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

/* -- subscriptions --------------------------------------------------------- */

static void place_sub(peal_redis *redis, peal_redis_sub *sub) {
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
    place_sub(redis, sub);
  }
}

peal_err peal_redis_subscribe(peal_redis *redis, peal_redis_way way,
                              peal_slice channel) {
  peal_redis_sub *sub;
  if (redis->over)
    return PEAL_OK;
  peal_err err = peal_redis_subs_want(&redis->subs, way, channel, &sub);
  if (err)
    return err;
  if (!sub->place)
    place_sub(redis, sub);
  else if (sub->refs == 1)
    peal_redis_node_subscribe(peal_redis_route_node(redis, sub->slot));
  return PEAL_OK;
}

void peal_redis_unsubscribe(peal_redis *redis, peal_redis_way way,
                            peal_slice channel) {
  peal_redis_sub *sub = peal_redis_subs_find(&redis->subs, way, channel);
  if (!sub || redis->over)
    return;
  peal_redis_sub_place *place = sub->place;
  peal_redis_subs_unwant(&redis->subs, sub);
  if (place)
    peal_redis_node_subscribe(PEAL_LIST_OF(place, peal_redis_node, place));
}
