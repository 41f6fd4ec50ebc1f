/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_feed.h"

#include "cluster/cluster_away.h"
#include "cluster/cluster_pump.h"
#include "proto/bus_classic.h"
#include "proto/bus_node.h"
#include "proto/bus_peal.h"
#include "proto/bus_python.h"

static bool is_one_of(peal_slice name, const char *list) {
  peal_slice left = peal_slice_of(list);
  while (left.len) {
    size_t len = 0;
    while (len < left.len && left.ptr[len] != ',')
      len++;
    if (peal_slice_eq(name, (peal_slice){left.ptr, len}))
      return true;
    len += len < left.len;
    left = (peal_slice){left.ptr + len, left.len - len};
  }
  return false;
}

static peal_cluster_dialect dialect_of(const peal_cluster *cluster,
                                       peal_slice channel) {
  if (peal_slice_eq(channel, cluster->peal_channel))
    return PEAL_CLUSTER_OF_PEAL;
  if (cluster->opts.python && is_one_of(channel, cluster->opts.python_channels))
    return PEAL_CLUSTER_OF_PYTHON;
  return PEAL_CLUSTER_OF_NODE;
}

static peal_err decode_classic(peal_cluster *cluster, peal_bus_msg *out,
                               const peal_redis_message *message) {
  peal_bus_channel where;
  peal_slice own =
      peal_cluster_machine_name(&cluster->machine, PEAL_CLUSTER_OF_NODE);
  if (!peal_bus_channel_parse(&where, cluster->prefix, own, message->channel))
    return PEAL_ERR_SIO_PACKET;
  return peal_bus_classic_decode(out, &where, message->payload,
                                 &cluster->decoded);
}

static peal_err decode(peal_cluster *cluster, peal_cluster_dialect dialect,
                       peal_bus_msg *out, const peal_redis_message *message) {
  switch (dialect) {
  case PEAL_CLUSTER_OF_PEAL:
    return peal_bus_peal_decode(out, message->payload, &cluster->decoded);
  case PEAL_CLUSTER_OF_PYTHON:
    return peal_bus_python_decode(out, message->payload, &cluster->decoded);
  case PEAL_CLUSTER_OF_NODE:
    break;
  }
  return cluster->opts.mode == PEAL_CLUSTER_CLASSIC
             ? decode_classic(cluster, out, message)
             : peal_bus_node_decode(out, message->payload, &cluster->decoded);
}

static peal_err feed(peal_cluster *cluster, peal_cluster_dialect dialect,
                     const peal_bus_msg *msg) {
  (void)pthread_mutex_lock(&cluster->lock);
  peal_err err = peal_cluster_machine_feed(&cluster->machine, dialect, msg,
                                           peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
  return err;
}

void peal_cluster_feed_message(peal_redis *redis,
                               const peal_redis_message *message, void *user) {
  peal_cluster *cluster = user;
  peal_bus_msg msg = {0};
  (void)redis;
  if (peal_cluster_away_feed(cluster, message))
    return;
  peal_cluster_dialect dialect = dialect_of(cluster, message->channel);
  peal_arena_reset(&cluster->decoded);
  cluster->fed_bytes = message->payload.len;
  peal_err err = decode(cluster, dialect, &msg, message);
  if (!err)
    err = feed(cluster, dialect, &msg);
  peal_message_unref(msg.op.message);
  peal_cluster_count(err ? &cluster->counts.dropped_in
                         : &cluster->counts.received);
}
