/* SPDX-License-Identifier: MIT */
#include "admin/admin_rooms.h"

#include <stdlib.h>

#include "admin/admin_spaces.h"
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

static int64_t hash_of(const peal_room *room) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < room->name_len; i++)
    hash = (hash ^ (unsigned char)room->name[i]) * UINT64_C(1099511628211);
  return (int64_t)(hash >> 1);
}

/* One namespace: its rooms are offered to `top`. */
static peal_val look_at(const peal_nsp_local *local, peal_build *build,
                        entry *top, size_t *count) {
  const peal_nsp *nsp = local->nsp;
  bool is_shared = nsp->server->worker_count > 1;
  peal_items *hashes = peal_items_new(build);
  int64_t rooms = 0;
  uint32_t cursor = 0;
  for (const peal_room *room; (room = peal_map_next(&local->rooms, &cursor));
       rooms++) {
    offer(top, count,
          &(entry){.nsp = {nsp->name, nsp->name_len},
                   .name = {room->name, room->name_len},
                   .sockets = room->count});
    if (is_shared && rooms < PEAL_LIMIT_ADMIN_ROOMS)
      peal_items_add(hashes, peal_int(hash_of(room)));
  }
  return peal_build_keep(build,
                         PEAL_OBJECT({"count", peal_int(rooms)},
                                     {"hashes", peal_items_val(hashes)}));
}

peal_val peal_admin_rooms_here(peal_admin *admin, peal_worker *worker) {
  peal_build *build = peal_worker_build(worker);
  peal_pairs *all = peal_pairs_new(build);
  entry top[PEAL_LIMIT_ADMIN_TOP_ROOMS];
  size_t count = 0;
  peal_admin_spaces spaces = peal_admin_spaces_take(admin);
  for (size_t i = 0; i < spaces.count; i++) {
    const peal_nsp *nsp = spaces.items[i];
    peal_pairs_add_n(
        all, (peal_slice){nsp->name, nsp->name_len},
        look_at(&nsp->locals[peal_worker_index(worker)], build, top, &count));
  }
  peal_val here =
      peal_build_copy(build, PEAL_OBJECT({"namespaces", peal_pairs_val(all)},
                                         {"top", values(build, top, count)}));
  peal_admin_spaces_give(admin, &spaces);
  return here;
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

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y ? 1 : 0;
}

static int64_t distinct(int64_t *all, size_t count) {
  int64_t found = 0;
  qsort(all, count, sizeof *all, by_value);
  for (size_t i = 0; i < count; i++)
    found += !i || all[i] != all[i - 1];
  return found;
}

int64_t peal_admin_rooms_count(const peal_val *workers, size_t count,
                               const char *nsp) {
  int64_t sum = 0;
  size_t hashes = 0, at = 0;
  for (size_t i = 0; i < count; i++) {
    peal_val one = peal_val_get(peal_val_get(workers[i], "namespaces"), nsp);
    sum += peal_val_int(peal_val_get(one, "count"), 0);
    hashes += peal_val_get(one, "hashes").len;
  }
  int64_t *all = (uint64_t)sum == hashes && count > 1
                     ? malloc((hashes + 1) * sizeof *all)
                     : NULL;
  if (!all)
    return sum;
  for (size_t i = 0; i < count; i++) {
    peal_val one = peal_val_get(peal_val_get(workers[i], "namespaces"), nsp);
    peal_val list = peal_val_get(one, "hashes");
    for (uint32_t k = 0; k < list.len; k++)
      all[at++] = peal_val_int(list.as.items[k], 0);
  }
  sum = distinct(all, at);
  free(all);
  return sum;
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
