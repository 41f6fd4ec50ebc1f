/* SPDX-License-Identifier: MIT */
#include "base/room.h"

#include <string.h>

#include "base/mem.h"

#define STAY_BYTES 128u

size_t peal_room_cost(size_t name_len) {
  return STAY_BYTES + name_len;
}

/* -- one room -------------------------------------------------------------- */

static peal_room *open_room(peal_map *rooms, peal_slice name,
                            const peal_mem *mem) {
  peal_room *room = peal_mem_zalloc(mem, sizeof *room + name.len + 1);
  if (!room)
    return NULL;
  room->name_len = (uint32_t)name.len;
  room->hash = peal_map_hash(name, rooms->seed);
  if (name.len)
    memcpy(room->name, name.ptr, name.len);
  if (peal_map_add(rooms, (peal_slice){room->name, name.len}, room)) {
    peal_mem_free(mem, room);
    return NULL;
  }
  return room;
}

static void close_if_empty(peal_map *rooms, peal_room *room,
                           const peal_mem *mem) {
  if (room->count)
    return;
  peal_map_remove(rooms, (peal_slice){room->name, room->name_len});
  peal_mem_free(mem, room->seats);
  peal_mem_free(mem, room);
}

static peal_err resize(peal_room *room, uint32_t cap, const peal_mem *mem) {
  peal_room_seat *seats =
      peal_mem_resize(mem, room->seats, cap * sizeof *seats);
  if (!seats)
    return PEAL_ERR_NOMEM;
  room->seats = seats;
  room->cap = cap;
  return PEAL_OK;
}

static peal_err sit_down(peal_room *room, peal_room_set **who, uint32_t at,
                         const peal_mem *mem) {
  if (room->count == room->cap &&
      resize(room, room->cap ? room->cap * 2 : 2, mem))
    return PEAL_ERR_NOMEM;
  room->seats[room->count++] = (peal_room_seat){.who = who, .at = at};
  return PEAL_OK;
}

/* The last one takes the seat; half of the seats are given back when a quarter
 * is taken. */
static void stand_up(peal_room *room, uint32_t pos, const peal_mem *mem) {
  peal_room_seat last = room->seats[--room->count];
  if (pos < room->count) {
    room->seats[pos] = last;
    (*last.who)->items[last.at].pos = pos;
  }
  if (room->cap > 4 && room->count < room->cap / 4)
    (void)resize(room, room->cap / 2, mem);
}

/* -- entering and leaving -------------------------------------------------- */

static peal_err stay_in(peal_room *room, peal_room_set **who,
                        const peal_mem *mem) {
  peal_err err = sit_down(room, who, *who ? (*who)->count : 0, mem);
  if (err)
    return err;
  err = peal_room_set_add(who, room, room->count - 1, mem);
  if (err)
    room->count--;
  return err;
}

peal_err peal_room_enter(peal_map *rooms, peal_room *room, peal_slice name,
                         peal_room_set **who, const peal_mem *mem) {
  if (!room)
    room = open_room(rooms, name, mem);
  if (!room)
    return PEAL_ERR_NOMEM;
  peal_err err = stay_in(room, who, mem);
  if (err)
    close_if_empty(rooms, room, mem);
  return err;
}

size_t peal_room_exit(peal_map *rooms, peal_room_set **who, uint32_t at,
                      const peal_mem *mem) {
  peal_room_stay stay = (*who)->items[at];
  size_t cost = peal_room_cost(stay.room->name_len);
  stand_up(stay.room, stay.pos, mem);
  peal_room_set_remove(who, at, mem);
  if (*who && at < (*who)->count) {
    const peal_room_stay *moved = &(*who)->items[at];
    moved->room->seats[moved->pos].at = at;
  }
  close_if_empty(rooms, stay.room, mem);
  return cost;
}

size_t peal_room_exit_all(peal_map *rooms, peal_room_set **who,
                          const peal_mem *mem) {
  peal_room_set *set = *who;
  size_t cost = 0;
  for (uint32_t at = 0; set && at < set->count; at++) {
    peal_room *room = set->items[at].room;
    cost += peal_room_cost(room->name_len);
    stand_up(room, set->items[at].pos, mem);
    close_if_empty(rooms, room, mem);
  }
  *who = NULL;
  peal_mem_free(mem, set);
  return cost;
}
