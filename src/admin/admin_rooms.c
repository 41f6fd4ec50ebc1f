/* SPDX-License-Identifier: MIT */
#include "admin/admin_rooms.h"

#include <stdlib.h>

#include "base/room.h"

typedef struct entry {
  peal_slice nsp, name;
  int64_t sockets;
} entry;

/* -- here -------------------------------------------------------------------- */

/* The smallest of `top` goes for a larger one. */
static void offer(entry *top, size_t *count, const entry *one) {
  if (*count < PEAL_LIMIT_ADMIN_TOP_ROOMS) {
    top[(*count)++] = *one;
    return;
  }
  size_t least = 0;
  for (size_t i = 1; i < *count; i++)
    if (top[i].sockets < top[least].sockets)
      least = i;
  if (top[least].sockets < one->sockets)
    top[least] = *one;
}

static peal_val values(peal_build *build, const entry *top, size_t count) {
  peal_items *all = peal_items_new(build);
  for (size_t i = 0; i < count; i++)
    peal_items_add(
        all, peal_build_keep(
                 build, PEAL_OBJECT({"nsp", peal_str_slice(top[i].nsp)},
                                    {"name", peal_str_slice(top[i].name)},
                                    {"sockets", peal_int(top[i].sockets)})));
  return peal_items_val(all);
}

peal_val peal_admin_rooms_here(peal_admin *admin, peal_worker *worker) {
  const peal_server *server = admin->server;
  peal_build *build = peal_worker_build(worker);
  peal_pairs *counts = peal_pairs_new(build);
  entry top[PEAL_LIMIT_ADMIN_TOP_ROOMS];
  size_t count = 0;
  for (size_t i = 0; i < server->nsp_count; i++) {
    const peal_nsp *nsp = server->nsps[i];
    const peal_nsp_local *local = &nsp->locals[peal_worker_index(worker)];
    int64_t rooms = 0;
    uint32_t cursor = 0;
    for (const peal_room *room; (room = peal_map_next(&local->rooms, &cursor));
         rooms++)
      offer(top, &count,
            &(entry){.nsp = {nsp->name, nsp->name_len},
                     .name = {room->name, room->name_len},
                     .sockets = room->count});
    peal_pairs_add(counts, nsp->name, peal_int(rooms));
  }
  return peal_build_keep(build,
                         PEAL_OBJECT({"counts", peal_pairs_val(counts)},
                                     {"top", values(build, top, count)}));
}

/* -- together ---------------------------------------------------------------- */

static void add(entry *all, size_t *count, peal_val room) {
  entry one = {.nsp = peal_val_str(peal_val_get(room, "nsp")),
               .name = peal_val_str(peal_val_get(room, "name")),
               .sockets = peal_val_int(peal_val_get(room, "sockets"), 0)};
  for (size_t i = 0; i < *count; i++)
    if (peal_slice_eq(all[i].nsp, one.nsp) &&
        peal_slice_eq(all[i].name, one.name)) {
      all[i].sockets += one.sockets;
      return;
    }
  all[(*count)++] = one;
}

static int by_sockets(const void *a, const void *b) {
  int64_t x = ((const entry *)a)->sockets, y = ((const entry *)b)->sockets;
  return x < y ? 1 : x > y ? -1 : 0;
}

peal_val peal_admin_rooms_merge(peal_build *build, const peal_val *tops,
                                size_t count) {
  size_t total = 0, found = 0;
  for (size_t i = 0; i < count; i++)
    total += peal_val_is(tops[i], PEAL_ARRAY) ? tops[i].len : 0;
  entry *all = calloc(total + 1, sizeof *all);
  if (!all)
    return peal_array(NULL, 0);
  for (size_t i = 0; i < count; i++)
    for (uint32_t k = 0; peal_val_is(tops[i], PEAL_ARRAY) && k < tops[i].len;
         k++)
      add(all, &found, tops[i].as.items[k]);
  qsort(all, found, sizeof *all, by_sockets);
  if (found > PEAL_LIMIT_ADMIN_TOP_ROOMS)
    found = PEAL_LIMIT_ADMIN_TOP_ROOMS;
  peal_val merged = values(build, all, found);
  free(all);
  return merged;
}
