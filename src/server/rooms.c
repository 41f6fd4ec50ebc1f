/* SPDX-License-Identifier: MIT */
#include "server/rooms.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/server_limits.h"

/* What one stay is charged with besides the room's name: the room if it is the
 * first one there, its entries on both sides with the room they grow by. */
#define STAY_BYTES 128u

static peal_nsp_local *local_of(const peal_socket *socket) {
  return socket->local;
}

static size_t cost_of(size_t name_len) {
  return STAY_BYTES + name_len;
}

static void release(const peal_socket *socket, size_t name_len) {
  peal_account_release(peal_engine_conn_account(socket->client->conn),
                       cost_of(name_len));
}

/* -- one room --------------------------------------------------------------------- */

static peal_room *room_open(peal_nsp_local *local, peal_slice name,
                            const peal_mem *mem) {
  peal_room *room = peal_map_get(&local->rooms, name);
  if (room)
    return room;
  room = peal_mem_zalloc(mem, sizeof *room + name.len + 1);
  if (!room)
    return NULL;
  room->name_len = (uint32_t)name.len;
  room->hash = peal_map_hash(name, local->rooms.seed);
  memcpy(room->name, name.ptr, name.len);
  if (peal_map_add(&local->rooms, (peal_slice){room->name, name.len}, room)) {
    peal_mem_free(mem, room);
    return NULL;
  }
  return room;
}

static void room_close_if_empty(peal_nsp_local *local, peal_room *room,
                                const peal_mem *mem) {
  if (room->count)
    return;
  peal_map_remove(&local->rooms, (peal_slice){room->name, room->name_len});
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

static peal_err sit_down(peal_room *room, peal_socket *socket, uint32_t at,
                         const peal_mem *mem) {
  if (room->count == room->cap &&
      resize(room, room->cap ? room->cap * 2 : 2, mem))
    return PEAL_ERR_NOMEM;
  room->seats[room->count++] = (peal_room_seat){.socket = socket, .at = at};
  return PEAL_OK;
}

/* The last one takes the seat; half of the seats are given back when a quarter
 * is taken. */
static void stand_up(peal_room *room, uint32_t pos, const peal_mem *mem) {
  peal_room_seat last = room->seats[--room->count];
  if (pos < room->count) {
    room->seats[pos] = last;
    last.socket->rooms->items[last.at].pos = pos;
  }
  if (room->cap > 4 && room->count < room->cap / 4)
    (void)resize(room, room->cap / 2, mem);
}

/* -- joining ----------------------------------------------------------------------- */

static peal_err stay_in(peal_socket *socket, peal_room *room,
                        const peal_mem *mem) {
  uint32_t at = socket->rooms ? socket->rooms->count : 0;
  peal_err err = sit_down(room, socket, at, mem);
  if (err)
    return err;
  err = peal_room_set_add(&socket->rooms, room, room->count - 1, mem);
  if (err)
    room->count--;
  return err;
}

static peal_err join(peal_socket *socket, peal_slice name) {
  const peal_mem *mem = socket->local->worker->mem;
  peal_nsp_local *local = local_of(socket);
  peal_room *room = peal_map_get(&local->rooms, name);
  if (room && peal_room_set_find(socket->rooms, room) != PEAL_ROOM_SET_NONE)
    return PEAL_OK;
  uint32_t max = socket->local->nsp->server->opts.max_rooms;
  if (socket->rooms && socket->rooms->count >= (max ? max : PEAL_LIMIT_ROOMS))
    return PEAL_ERR_LIMIT;
  peal_err err = peal_account_charge(
      peal_engine_conn_account(socket->client->conn), cost_of(name.len));
  if (err)
    return err;
  if (!room)
    room = room_open(local, name, mem);
  err = room ? stay_in(socket, room, mem) : PEAL_ERR_NOMEM;
  if (!err)
    return PEAL_OK;
  release(socket, name.len);
  if (room)
    room_close_if_empty(local, room, mem);
  return err;
}

peal_err peal_join_n(peal_socket *socket, peal_slice name) {
  PEAL_ON_SOCKET(socket, "peal_nsp_join_n or peal_ref_post");
  if (!socket || !name.ptr)
    return PEAL_ERR_USAGE;
  if (socket->state != PEAL_SOCKET_ACCEPTING &&
      socket->state != PEAL_SOCKET_CONNECTED)
    return PEAL_ERR_CLOSED;
  if (name.len > PEAL_LIMIT_ROOM_NAME_BYTES)
    return PEAL_ERR_LIMIT;
  return peal_slice_is(name, socket->id) ? PEAL_OK : join(socket, name);
}

peal_err peal_join(peal_socket *socket, const char *room) {
  PEAL_ON_SOCKET(socket, "peal_nsp_join or peal_ref_post");
  return peal_join_n(socket, peal_slice_of(room));
}

/* -- leaving ------------------------------------------------------------------------ */

static uint32_t find(const peal_socket *socket, peal_slice name) {
  if (!socket->rooms)
    return PEAL_ROOM_SET_NONE;
  const peal_room *room = peal_rooms_find(local_of(socket), name);
  return room ? peal_room_set_find(socket->rooms, room) : PEAL_ROOM_SET_NONE;
}

void peal_leave_n(peal_socket *socket, peal_slice name) {
  PEAL_ON_SOCKET(socket, "peal_nsp_leave_n or peal_ref_post");
  uint32_t at = socket && name.ptr ? find(socket, name) : PEAL_ROOM_SET_NONE;
  if (at == PEAL_ROOM_SET_NONE)
    return;
  const peal_mem *mem = socket->local->worker->mem;
  peal_room_stay stay = socket->rooms->items[at];
  stand_up(stay.room, stay.pos, mem);
  peal_room_set_remove(&socket->rooms, at, mem);
  if (socket->rooms && at < socket->rooms->count) {
    const peal_room_stay *moved = &socket->rooms->items[at];
    moved->room->seats[moved->pos].at = at;
  }
  release(socket, stay.room->name_len);
  room_close_if_empty(local_of(socket), stay.room, mem);
}

void peal_leave(peal_socket *socket, const char *room) {
  PEAL_ON_SOCKET(socket, "peal_nsp_leave or peal_ref_post");
  peal_leave_n(socket, peal_slice_of(room));
}

void peal_rooms_leave_all(peal_socket *socket) {
  const peal_mem *mem = socket->local->worker->mem;
  peal_room_set *rooms = socket->rooms;
  for (uint32_t at = 0; rooms && at < rooms->count; at++) {
    peal_room *room = rooms->items[at].room;
    stand_up(room, rooms->items[at].pos, mem);
    release(socket, room->name_len);
    room_close_if_empty(local_of(socket), room, mem);
  }
  socket->rooms = NULL;
  socket->has_rooms = false;
  peal_mem_free(mem, rooms);
}

/* -- looking ------------------------------------------------------------------------ */

const peal_room *peal_rooms_find(const peal_nsp_local *local, peal_slice name) {
  return peal_map_get(&local->rooms, name);
}

bool peal_socket_in_n(const peal_socket *socket, peal_slice room) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !room.ptr || !socket->has_rooms)
    return false;
  return peal_slice_is(room, socket->id) ||
         find(socket, room) != PEAL_ROOM_SET_NONE;
}

bool peal_socket_in(const peal_socket *socket, const char *room) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return peal_socket_in_n(socket, peal_slice_of(room));
}

size_t peal_socket_room_count(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !socket->has_rooms)
    return 0;
  return 1 + (socket->rooms ? (size_t)socket->rooms->count : 0);
}

peal_slice peal_socket_room_n(const peal_socket *socket, size_t index) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (index >= peal_socket_room_count(socket))
    return (peal_slice){NULL, 0};
  if (!index)
    return peal_slice_of(socket->id);
  const peal_room *room = socket->rooms->items[index - 1].room;
  return (peal_slice){room->name, room->name_len};
}

const char *peal_socket_room(const peal_socket *socket, size_t index) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return peal_socket_room_n(socket, index).ptr;
}
