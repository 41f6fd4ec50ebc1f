/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_moves.h"

#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_pump.h"
#include "net/worker_impl.h"
#include "proto/proto_limits.h"
#include "server/members.h"
#include "server/rooms.h"
#include "server/server_limits.h"

/* A room in which something changed, on its way; its name is that of the
 * namespace, a NUL, and that of the room. */
typedef struct move {
  struct move *next;
  peal_nsp_local *local;
  uint32_t count;
  uint32_t nsp_len, len; /* of both, with the NUL */
  bool has_room, is_private;
  char name[];
} move;

/* Of one worker, and to worker 0. */
struct peal_cluster_moves {
  peal_cluster *cluster;
  peal_flush flush;
  peal_map map; /* of those in the list, by name */
  move *first, **last;
};

typedef struct moves_mail {
  peal_mail mail;
  peal_cluster *cluster;
  unsigned worker;
  move *first;
} moves_mail;

/* At worker 0: a room in which sockets of this node are. */
typedef struct place {
  size_t total;
  uint32_t name_len;
  uint32_t counts[]; /* one per worker; the name stands behind them */
} place;

static void free_moves(const peal_mem *mem, move *it) {
  while (it) {
    move *next = it->next;
    peal_mem_free(mem, it);
    it = next;
  }
}

static peal_slice room_of(const move *it) {
  if (!it->has_room)
    return (peal_slice){0};
  return (peal_slice){it->name + it->nsp_len + 1, it->len - it->nsp_len - 1};
}

/* -- at worker 0 ------------------------------------------------------------------------- */

static size_t workers_of(const peal_cluster *cluster) {
  return cluster->server->worker_count;
}

static place *place_new(peal_cluster *cluster, peal_slice name) {
  size_t counts = workers_of(cluster) * sizeof(uint32_t);
  place *it = peal_mem_zalloc(peal_cluster_mem(cluster),
                              sizeof *it + counts + name.len);
  if (!it)
    return NULL;
  char *text = (char *)it->counts + counts;
  memcpy(text, name.ptr, name.len);
  it->name_len = (uint32_t)name.len;
  if (!peal_map_add(&cluster->rooms, (peal_slice){text, name.len}, it))
    return it;
  peal_mem_free(peal_cluster_mem(cluster), it);
  return NULL;
}

/* The new total. False: memory is out. */
static bool enter(peal_cluster *cluster, const move *it, unsigned worker,
                  size_t *total) {
  peal_slice name = {it->name, it->len};
  place *at = peal_map_get(&cluster->rooms, name);
  *total = 0;
  if (!at && !it->count)
    return true;
  if (!at)
    at = place_new(cluster, name);
  if (!at)
    return false;
  at->total += it->count;
  at->total -= at->counts[worker];
  at->counts[worker] = it->count;
  *total = at->total;
  if (!at->total) {
    peal_map_remove(&cluster->rooms, name);
    peal_mem_free(peal_cluster_mem(cluster), at);
  }
  return true;
}

static void take(peal_cluster *cluster, const move *it, unsigned worker) {
  size_t total;
  (void)pthread_mutex_lock(&cluster->lock);
  peal_err err = PEAL_ERR_NOMEM;
  if (enter(cluster, it, worker, &total))
    err = peal_cluster_machine_room(
        &cluster->machine, (peal_slice){it->name, it->nsp_len}, room_of(it),
        total, it->is_private, peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  if (err)
    peal_cluster_count(&cluster->counts.dropped_out);
  peal_cluster_pump(cluster);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  moves_mail *it = PEAL_LIST_OF(mail, moves_mail, mail);
  const peal_mem *mem = peal_cluster_mem(it->cluster);
  for (const move *at = it->first; at; at = at->next)
    if (!peal_cluster_is_over(it->cluster))
      take(it->cluster, at, it->worker);
  (void)worker;
  free_moves(mem, it->first);
  peal_cluster_unref(it->cluster);
  peal_mem_free(mem, it);
}

size_t peal_cluster_moves_count(const peal_cluster *cluster, peal_slice nsp,
                                peal_slice room) {
  char name[PEAL_LIMIT_SIO_NSP_BYTES + PEAL_LIMIT_ROOM_NAME_BYTES + 1];
  size_t len = nsp.len + (room.ptr ? room.len + 1 : 0);
  if (len > sizeof name)
    return 0;
  memcpy(name, nsp.ptr, nsp.len);
  if (room.ptr) {
    name[nsp.len] = 0;
    memcpy(name + nsp.len + 1, room.ptr, room.len);
  }
  const place *at = peal_map_get(&cluster->rooms, (peal_slice){name, len});
  return at ? at->total : 0;
}

/* -- at the end of a worker's turn ---------------------------------------------------------- */

static uint32_t count_now(const move *it) {
  if (!it->has_room)
    return (uint32_t)it->local->count;
  const peal_room *room = peal_rooms_find(it->local, room_of(it));
  bool is_id = peal_members_find(it->local, room_of(it)) != NULL;
  return (room ? room->count : 0) + is_id;
}

static void on_flush(peal_flush *flush) {
  peal_cluster_moves *own = PEAL_LIST_OF(flush, peal_cluster_moves, flush);
  const peal_mem *mem = peal_cluster_mem(own->cluster);
  moves_mail *mail = peal_mem_alloc(mem, sizeof *mail);
  move *first = own->first;
  for (move *it = first; it; it = it->next) {
    it->count = count_now(it);
    peal_map_remove(&own->map, (peal_slice){it->name, it->len});
  }
  own->first = NULL;
  own->last = &own->first;
  if (!mail) {
    free_moves(mem, first);
    return;
  }
  peal_cluster_ref(own->cluster);
  unsigned index = (unsigned)(own - own->cluster->moves);
  *mail = (moves_mail){.mail.fn = on_mail,
                       .cluster = own->cluster,
                       .worker = index,
                       .first = first};
  peal_worker_impl_send(own->cluster->worker, &mail->mail);
}

static move *move_new(const peal_cluster *cluster, peal_nsp_local *local,
                      peal_slice room) {
  size_t nsp_len = local->nsp->name_len;
  size_t len = nsp_len + (room.ptr ? room.len + 1 : 0);
  move *it = peal_mem_zalloc(peal_cluster_mem(cluster), sizeof *it + len);
  if (!it)
    return NULL;
  it->local = local;
  it->nsp_len = (uint32_t)nsp_len;
  it->len = (uint32_t)len;
  it->has_room = room.ptr != NULL;
  memcpy(it->name, local->nsp->name, nsp_len);
  if (room.ptr && room.len)
    memcpy(it->name + nsp_len + 1, room.ptr, room.len);
  return it;
}

void peal_cluster_moves_note(peal_cluster *cluster, peal_nsp_local *local,
                             peal_slice room, bool is_private) {
  peal_cluster_moves *own = &cluster->moves[peal_worker_index(local->worker)];
  move *it = move_new(cluster, local, room);
  if (!it)
    return; /* the next change mends it */
  it->is_private = is_private;
  if (peal_map_add(&own->map, (peal_slice){it->name, it->len}, it)) {
    peal_mem_free(peal_cluster_mem(cluster), it); /* it is in the list */
    return;
  }
  *own->last = it;
  own->last = &it->next;
  peal_worker_impl_flush_later(local->worker, &own->flush);
}

/* -- life ------------------------------------------------------------------------------- */

peal_err peal_cluster_moves_init(peal_cluster *cluster) {
  const peal_mem *mem = peal_cluster_mem(cluster);
  size_t count = workers_of(cluster);
  peal_map_init(&cluster->rooms, mem, cluster->server->seed);
  cluster->moves = peal_mem_zalloc(mem, count * sizeof *cluster->moves);
  if (!cluster->moves)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++) {
    peal_cluster_moves *own = &cluster->moves[i];
    own->cluster = cluster;
    own->flush.fn = on_flush;
    own->last = &own->first;
    peal_list_init(&own->flush.node);
    peal_map_init(&own->map, mem, cluster->server->seed);
  }
  return PEAL_OK;
}

void peal_cluster_moves_deinit(peal_cluster *cluster) {
  const peal_mem *mem = peal_cluster_mem(cluster);
  uint32_t cursor = 0;
  for (size_t i = 0; cluster->moves && i < workers_of(cluster); i++) {
    free_moves(mem, cluster->moves[i].first);
    peal_map_deinit(&cluster->moves[i].map);
  }
  peal_mem_free(mem, cluster->moves);
  for (place *at; (at = peal_map_next(&cluster->rooms, &cursor));)
    peal_mem_free(mem, at);
  peal_map_deinit(&cluster->rooms);
}
