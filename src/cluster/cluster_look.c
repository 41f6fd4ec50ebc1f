/* SPDX-License-Identifier: MIT */
/* cluster_look: what can be known of a cluster without asking it, from any
 * thread: figures, nodes, presence. */
#include <stdio.h>

#include "cluster/cluster_moves.h"

static uint64_t get(const _Atomic uint64_t *figure) {
  return atomic_load_explicit(figure, memory_order_relaxed);
}

/* Others may look while worker 0 changes it; what is locked is not changed. */
static pthread_mutex_t *lock_of(const peal_cluster *cluster) {
  return &((peal_cluster *)(uintptr_t)cluster)->lock;
}

static void machine_stats(const peal_cluster *cluster,
                          peal_cluster_stats *out) {
  peal_cluster_figures figures;
  (void)pthread_mutex_lock(lock_of(cluster));
  peal_cluster_machine_figures(&cluster->machine, &figures);
  (void)pthread_mutex_unlock(lock_of(cluster));
  out->nodes = figures.others;
  out->received -=
      figures.echoes < out->received ? figures.echoes : out->received;
  out->relayed = figures.relayed;
  out->requests = figures.requests;
  out->timeouts = figures.timeouts;
}

void peal_cluster_stats_get(const peal_cluster *cluster,
                            peal_cluster_stats *out) {
  if (!out)
    return;
  *out = (peal_cluster_stats){0};
  if (!cluster)
    return;
  const peal_cluster_counts *counts = &cluster->counts;
  out->state = atomic_load_explicit(&counts->state, memory_order_relaxed);
  out->published = get(&counts->published);
  out->received = get(&counts->received);
  out->dropped_out = get(&counts->dropped_out);
  out->dropped_in = get(&counts->dropped_in);
  out->queued_bytes = get(&counts->queued_bytes);
  out->reconnects = get(&counts->reconnects);
  machine_stats(cluster, out);
}

const char *peal_cluster_id(const peal_cluster *cluster) {
  return cluster ? cluster->id : "";
}

size_t peal_cluster_nodes(const peal_cluster *cluster, peal_cluster_each_fn fn,
                          void *user) {
  peal_cluster_other other;
  uint32_t cursor = 0;
  size_t count = 0;
  if (!cluster)
    return 0;
  (void)pthread_mutex_lock(lock_of(cluster));
  uint64_t now = cluster->machine.now_ms;
  while (peal_cluster_machine_other(&cluster->machine, &cursor, &other)) {
    char id[64];
    peal_slice uid = other.uid;
    (void)peal_cluster_name_marks(other.uid, &uid);
    (void)snprintf(id, sizeof id, "%.*s", PEAL_SFMT(uid));
    peal_cluster_node node = {
        .id = id,
        .since_ms = now > other.since_ms ? now - other.since_ms : 0,
        .heard_ms = now > other.heard_ms ? now - other.heard_ms : 0};
    count++;
    if (fn)
      fn(&node, user);
  }
  (void)pthread_mutex_unlock(lock_of(cluster));
  return count;
}

/* -- presence ------------------------------------------------------------------------- */

void peal_cluster_presence_get_n(const peal_cluster *cluster,
                                 const peal_nsp *nsp, peal_slice room,
                                 peal_cluster_presence *out) {
  if (!out)
    return;
  *out = (peal_cluster_presence){0};
  if (!cluster || !nsp)
    return;
  peal_cluster_known known;
  peal_slice name = {nsp->name, nsp->name_len};
  (void)pthread_mutex_lock(lock_of(cluster));
  peal_cluster_machine_presence(&cluster->machine, name, room, &known);
  out->count = known.count + peal_cluster_moves_count(cluster, name, room);
  (void)pthread_mutex_unlock(lock_of(cluster));
  out->nodes = known.nodes;
  out->unknown = known.unknown;
}

void peal_cluster_presence_get(const peal_cluster *cluster, const peal_nsp *nsp,
                               const char *room, peal_cluster_presence *out) {
  peal_cluster_presence_get_n(cluster, nsp, peal_slice_of(room), out);
}
