/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_queue.h"

#include <string.h>

#include "base/mem.h"

/* Behind the return of Redis: by then the others have found it too. */
#define MAX_WAIT_MS 6000u

typedef struct waiting {
  peal_list node;
  peal_redis_way way;
  size_t channel_len, len;
  char bytes[]; /* the channel, the payload */
} waiting;

static bool is_up(const peal_cluster *cluster) {
  return cluster->is_up && peal_redis_is_up(cluster->redis);
}

bool peal_cluster_queue_is_due(const peal_cluster *cluster) {
  return !is_up(cluster) || !peal_list_is_empty(&cluster->queue);
}

static void count(peal_cluster *cluster, size_t bytes) {
  cluster->queue_bytes = bytes;
  atomic_store_explicit(&cluster->counts.queued_bytes, bytes,
                        memory_order_relaxed);
}

bool peal_cluster_queue_add(peal_cluster *cluster, peal_redis_way way,
                            peal_slice channel, peal_slice payload) {
  size_t bytes = sizeof(waiting) + channel.len + payload.len;
  if (cluster->queue_bytes + bytes > cluster->opts.queue_bytes)
    return false;
  waiting *it = peal_mem_alloc(peal_cluster_mem(cluster), bytes);
  if (!it)
    return false;
  it->way = way;
  it->channel_len = channel.len;
  it->len = payload.len;
  memcpy(it->bytes, channel.ptr, channel.len);
  memcpy(it->bytes + channel.len, payload.ptr, payload.len);
  peal_list_push(&cluster->queue, &it->node);
  count(cluster, cluster->queue_bytes + bytes);
  return true;
}

void peal_cluster_queue_up(peal_cluster *cluster) {
  cluster->up_ms = peal_cluster_now(cluster);
}

/* All nodes of Peal that were known before have told their figures anew. */
static bool are_all_back(const peal_cluster *cluster) {
  peal_cluster_known known;
  peal_cluster_machine_presence(&cluster->machine, PEAL_S("/"), (peal_slice){0},
                                &known);
  return known.unknown == 0;
}

/* Does it have to wait, as what was sent before has not left? */
static bool is_full(const peal_cluster *cluster, peal_err err) {
  peal_redis_figures figures;
  peal_redis_figures_get(cluster->redis, &figures);
  return err == PEAL_ERR_CLOSED ||
         (err == PEAL_ERR_QUEUE_FULL && figures.waiting_bytes);
}

/* False: there is no room for it now. */
static bool send_first(peal_cluster *cluster) {
  waiting *it = PEAL_LIST_OF(cluster->queue.next, waiting, node);
  peal_slice channel = {it->bytes, it->channel_len};
  peal_slice payload = {it->bytes + it->channel_len, it->len};
  peal_err err = peal_redis_publish(cluster->redis, it->way, channel, payload);
  if (is_full(cluster, err))
    return false;
  peal_cluster_count(err ? &cluster->counts.dropped_out
                         : &cluster->counts.published);
  peal_list_remove(&it->node);
  count(cluster, cluster->queue_bytes - sizeof *it - channel.len - payload.len);
  peal_mem_free(peal_cluster_mem(cluster), it);
  return true;
}

bool peal_cluster_queue_flush(peal_cluster *cluster) {
  if (peal_list_is_empty(&cluster->queue) || !is_up(cluster))
    return false;
  uint64_t now = peal_cluster_now(cluster);
  if (now < cluster->up_ms + MAX_WAIT_MS && !are_all_back(cluster))
    return true;
  while (!peal_list_is_empty(&cluster->queue))
    if (!send_first(cluster))
      return true;
  return false;
}

void peal_cluster_queue_drop(peal_cluster *cluster) {
  while (!peal_list_is_empty(&cluster->queue)) {
    waiting *it = PEAL_LIST_OF(cluster->queue.next, waiting, node);
    peal_list_remove(&it->node);
    peal_mem_free(peal_cluster_mem(cluster), it);
  }
}
