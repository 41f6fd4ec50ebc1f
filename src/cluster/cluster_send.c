/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_send.h"

#include "base/mem.h"
#include "cluster/cluster_pump.h"
#include "cluster/cluster_queue.h"
#include "net/worker_impl.h"
#include "proto/bus_classic.h"
#include "proto/bus_node.h"
#include "proto/bus_peal.h"
#include "proto/bus_python.h"

/* -- where to ----------------------------------------------------------------------------- */

static peal_bus_rooms rooms_of(const peal_cluster *cluster) {
  if (cluster->opts.mode != PEAL_CLUSTER_SHARDED)
    return PEAL_BUS_ROOMS_STATIC;
  switch (cluster->opts.subscriptions) {
  case PEAL_CLUSTER_STATIC:
    return PEAL_BUS_ROOMS_STATIC;
  case PEAL_CLUSTER_DYNAMIC_PRIVATE:
    return PEAL_BUS_ROOMS_DYNAMIC_PRIVATE;
  case PEAL_CLUSTER_DYNAMIC:
    break;
  }
  return PEAL_BUS_ROOMS_DYNAMIC;
}

static peal_redis_way way_of(const peal_cluster *cluster, unsigned dialect) {
  return dialect == PEAL_CLUSTER_OF_NODE &&
                 cluster->opts.mode == PEAL_CLUSTER_SHARDED
             ? PEAL_REDIS_SHARD
             : PEAL_REDIS_CHANNEL;
}

/* The first of Python's channels is the one that is published to. */
static peal_slice python_channel(const peal_cluster *cluster, size_t index) {
  peal_slice list = peal_slice_of(cluster->opts.python_channels);
  for (;; index--) {
    size_t len = 0;
    while (len < list.len && list.ptr[len] != ',')
      len++;
    if (!index)
      return (peal_slice){list.ptr, len};
    if (len == list.len)
      return (peal_slice){0};
    list = (peal_slice){list.ptr + len + 1, list.len - len - 1};
  }
}

static void put_channel(peal_cluster *cluster, unsigned dialect,
                        const peal_bus_msg *msg) {
  peal_buf *name = &cluster->channel;
  peal_buf_reset(name);
  if (dialect == PEAL_CLUSTER_OF_PYTHON)
    peal_buf_add(name, python_channel(cluster, 0));
  else if (dialect == PEAL_CLUSTER_OF_PEAL)
    peal_buf_add(name, cluster->peal_channel);
  else if (cluster->opts.mode == PEAL_CLUSTER_CLASSIC)
    peal_bus_channel_classic(name, cluster->prefix, msg,
                             cluster->opts.specific_responses);
  else
    peal_bus_channel_node(name, cluster->prefix, msg, rooms_of(cluster));
}

/* -- messages ----------------------------------------------------------------------------- */

static void put_payload(peal_cluster *cluster, unsigned dialect,
                        const peal_bus_msg *msg) {
  peal_buf *out = &cluster->payload;
  peal_arena *scratch = &cluster->worker->turn;
  peal_arena_mark before = peal_arena_mark_get(scratch);
  peal_buf_reset(out);
  if (dialect == PEAL_CLUSTER_OF_PYTHON)
    peal_bus_python_encode(out, msg, scratch);
  else if (dialect == PEAL_CLUSTER_OF_PEAL)
    peal_bus_peal_encode(out, msg);
  else if (cluster->opts.mode == PEAL_CLUSTER_CLASSIC)
    peal_bus_classic_encode(out, msg, scratch);
  else
    peal_bus_node_encode(out, msg,
                         cluster->opts.mode == PEAL_CLUSTER_SHARDED
                             ? PEAL_BUS_NODE_SHARDED
                             : PEAL_BUS_NODE_PLAIN,
                         scratch);
  peal_arena_mark_set(scratch, before);
}

/* A sign of life is of now: what others would hear of it later is not true any
 * more. */
static bool may_wait(const peal_bus_msg *msg) {
  return msg->kind == PEAL_BUS_OP || msg->kind == PEAL_BUS_CALL;
}

/* False: it is dropped. */
static bool publish(peal_cluster *cluster, unsigned dialect,
                    const peal_bus_msg *msg) {
  peal_redis_way way = way_of(cluster, dialect);
  peal_slice channel = peal_buf_slice(&cluster->channel);
  peal_slice payload = peal_buf_slice(&cluster->payload);
  if (may_wait(msg) && peal_cluster_queue_is_due(cluster))
    return peal_cluster_queue_add(cluster, way, channel, payload);
  if (!cluster->redis ||
      peal_redis_publish(cluster->redis, way, channel, payload))
    return false;
  peal_cluster_count(&cluster->counts.published);
  return true;
}

/* A dialect that has no such message is not told it: Python knows no rooms of
 * many. */
static void send_one(peal_cluster *cluster, unsigned dialect,
                     const peal_bus_msg *msg) {
  put_channel(cluster, dialect, msg);
  put_payload(cluster, dialect, msg);
  peal_err err =
      cluster->payload.err ? cluster->payload.err : cluster->channel.err;
  if (err == PEAL_ERR_USAGE)
    return;
  if (err || !publish(cluster, dialect, msg))
    peal_cluster_count(&cluster->counts.dropped_out);
}

/* Node joins and leaves several rooms with one message, Python with one each. */
void peal_cluster_send_msg(peal_cluster *cluster,
                           const peal_cluster_event *event) {
  peal_bus_msg one = *event->msg;
  peal_args rooms = one.args;
  bool moves = one.kind == PEAL_BUS_OP &&
               (one.op.kind == PEAL_OP_JOIN || one.op.kind == PEAL_OP_LEAVE);
  if (!moves || event->dialect != PEAL_CLUSTER_OF_PYTHON || rooms.count < 2) {
    send_one(cluster, event->dialect, event->msg);
    return;
  }
  one.args = PEAL_NO_ARGS;
  for (size_t i = 0; i < rooms.count; i++) {
    one.op.room = peal_val_str(rooms.items[i]);
    send_one(cluster, event->dialect, &one);
  }
}

/* -- subscriptions ------------------------------------------------------------------------- */

static void subscribe(peal_cluster *cluster, peal_redis_way way,
                      peal_slice name, bool on) {
  peal_err err = PEAL_OK;
  if (!cluster->redis)
    return;
  if (on)
    err = peal_redis_subscribe(cluster->redis, way, name);
  else
    peal_redis_unsubscribe(cluster->redis, way, name);
  if (err)
    peal_logger_write(cluster->server->log, PEAL_LOG_ERROR, "cluster",
                      (peal_slice){0}, (peal_slice){0},
                      "what comes by %.*s will not be heard: %s",
                      PEAL_SFMT(name), peal_err_message(err));
}

static void subscribe_to(peal_cluster *cluster, peal_redis_way way,
                         const char *kind, peal_slice nsp, peal_slice tail,
                         bool on) {
  peal_buf_reset(&cluster->channel);
  peal_bus_channel_add(&cluster->channel, cluster->prefix, kind, nsp, tail);
  if (!cluster->channel.err)
    subscribe(cluster, way, peal_buf_slice(&cluster->channel), on);
}

static void subscribe_classic(peal_cluster *cluster, peal_slice nsp, bool on) {
  const peal_slice none = {0};
  peal_slice own =
      peal_cluster_machine_name(&cluster->machine, PEAL_CLUSTER_OF_NODE);
  peal_buf_reset(&cluster->channel);
  peal_bus_channel_add_pattern(&cluster->channel, cluster->prefix, nsp);
  if (!cluster->channel.err)
    subscribe(cluster, PEAL_REDIS_PATTERN, peal_buf_slice(&cluster->channel),
              on);
  subscribe_to(cluster, PEAL_REDIS_CHANNEL, "-request", nsp, none, on);
  subscribe_to(cluster, PEAL_REDIS_CHANNEL, "-response", nsp, none, on);
  subscribe_to(cluster, PEAL_REDIS_CHANNEL, "-response", nsp, own, on);
}

static void subscribe_node(peal_cluster *cluster,
                           const peal_cluster_event *event, bool on) {
  const peal_slice none = {0};
  peal_redis_way way = way_of(cluster, PEAL_CLUSTER_OF_NODE);
  if (event->room.ptr && event->room.len) {
    subscribe_to(cluster, way, "", event->nsp, event->room, on);
    return;
  }
  subscribe_to(cluster, way, "", event->nsp, none, on);
  subscribe_to(
      cluster, way, "", event->nsp,
      peal_cluster_machine_name(&cluster->machine, PEAL_CLUSTER_OF_NODE), on);
}

static void subscribe_python(peal_cluster *cluster, bool on) {
  peal_slice name;
  for (size_t i = 0; (name = python_channel(cluster, i)).ptr; i++)
    if (name.len)
      subscribe(cluster, PEAL_REDIS_CHANNEL, name, on);
}

void peal_cluster_send_subscription(peal_cluster *cluster,
                                    const peal_cluster_event *event, bool on) {
  if (event->dialect == PEAL_CLUSTER_OF_PYTHON)
    subscribe_python(cluster, on);
  else if (event->dialect == PEAL_CLUSTER_OF_PEAL)
    subscribe(cluster, PEAL_REDIS_CHANNEL, cluster->peal_channel, on);
  else if (cluster->opts.mode == PEAL_CLUSTER_CLASSIC)
    subscribe_classic(cluster, event->nsp, on);
  else
    subscribe_node(cluster, event, on);
}

/* -- how many hear -------------------------------------------------------------------------- */

typedef struct counting {
  peal_cluster *cluster;
  uint64_t number;
} counting;

static void tell_count(peal_cluster *cluster, uint64_t number, uint64_t nodes) {
  (void)pthread_mutex_lock(&cluster->lock);
  peal_cluster_machine_count(&cluster->machine, number, nodes,
                             peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
}

static void on_counted(peal_redis *redis, int64_t count, void *user) {
  counting it = *(counting *)user;
  (void)redis;
  peal_mem_free(peal_cluster_mem(it.cluster), user);
  tell_count(it.cluster, it.number, count < 0 ? UINT64_MAX : (uint64_t)count);
}

static void put_counted_channel(peal_cluster *cluster,
                                const peal_cluster_event *event) {
  peal_buf_reset(&cluster->channel);
  if (event->dialect == PEAL_CLUSTER_OF_PEAL)
    peal_buf_add(&cluster->channel, cluster->peal_channel);
  else
    peal_bus_channel_add(&cluster->channel, cluster->prefix,
                         cluster->opts.mode == PEAL_CLUSTER_CLASSIC ? "-request"
                                                                    : "",
                         event->nsp, (peal_slice){0});
}

void peal_cluster_send_count(peal_cluster *cluster,
                             const peal_cluster_event *event) {
  counting *it = peal_mem_alloc(peal_cluster_mem(cluster), sizeof *it);
  peal_err err = it ? PEAL_OK : PEAL_ERR_NOMEM;
  put_counted_channel(cluster, event);
  if (it)
    *it = (counting){cluster, event->number};
  if (!err)
    err = cluster->channel.err;
  if (!err && !cluster->redis)
    err = PEAL_ERR_CLOSED;
  if (!err)
    err = peal_redis_count(cluster->redis, way_of(cluster, event->dialect),
                           peal_buf_slice(&cluster->channel), on_counted, it);
  if (!err)
    return;
  peal_mem_free(peal_cluster_mem(cluster), it);
  tell_count(cluster, event->number, UINT64_MAX);
}
