/* SPDX-License-Identifier: MIT */
#include "server/rooms.h"

#include <string.h>

#include "base/room.h"
#include "net/worker_impl.h"
#include "server/server_limits.h"

static peal_nsp_local *local_of(const peal_socket *socket) {
  return socket->local;
}

static void release(const peal_socket *socket, size_t bytes) {
  peal_account_release(peal_engine_conn_account(socket->client->conn), bytes);
}

/* -- joining ----------------------------------------------------------------------- */

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
      peal_engine_conn_account(socket->client->conn), peal_room_cost(name.len));
  if (err)
    return err;
  err = peal_room_enter(&local->rooms, room, name, &socket->rooms, mem);
  if (err)
    release(socket, peal_room_cost(name.len));
  return err;
}

peal_err peal_join(peal_socket *socket, const char *room) {
  if (!socket || !room)
    return PEAL_ERR_USAGE;
  if (socket->state != PEAL_SOCKET_ACCEPTING &&
      socket->state != PEAL_SOCKET_CONNECTED)
    return PEAL_ERR_CLOSED;
  peal_slice name = peal_slice_of(room);
  if (name.len > PEAL_LIMIT_ROOM_NAME_BYTES)
    return PEAL_ERR_LIMIT;
  return peal_slice_is(name, socket->id) ? PEAL_OK : join(socket, name);
}

/* -- leaving ------------------------------------------------------------------------ */

static uint32_t find(const peal_socket *socket, const char *name) {
  if (!socket->rooms)
    return PEAL_ROOM_SET_NONE;
  const peal_room *room = peal_rooms_find(local_of(socket), name);
  return room ? peal_room_set_find(socket->rooms, room) : PEAL_ROOM_SET_NONE;
}

void peal_leave(peal_socket *socket, const char *name) {
  uint32_t at = socket && name ? find(socket, name) : PEAL_ROOM_SET_NONE;
  if (at == PEAL_ROOM_SET_NONE)
    return;
  release(socket, peal_room_exit(&local_of(socket)->rooms, &socket->rooms, at,
                                 socket->local->worker->mem));
}

void peal_rooms_leave_all(peal_socket *socket) {
  socket->has_rooms = false;
  if (socket->rooms)
    release(socket, peal_room_exit_all(&local_of(socket)->rooms, &socket->rooms,
                                       socket->local->worker->mem));
}

/* -- looking ------------------------------------------------------------------------ */

const peal_room *peal_rooms_find(const peal_nsp_local *local,
                                 const char *name) {
  return peal_map_get(&local->rooms, peal_slice_of(name));
}

bool peal_socket_in(const peal_socket *socket, const char *room) {
  if (!socket || !room || !socket->has_rooms)
    return false;
  return !strcmp(room, socket->id) || find(socket, room) != PEAL_ROOM_SET_NONE;
}

size_t peal_socket_room_count(const peal_socket *socket) {
  if (!socket || !socket->has_rooms)
    return 0;
  return 1 + (socket->rooms ? (size_t)socket->rooms->count : 0);
}

const char *peal_socket_room(const peal_socket *socket, size_t index) {
  if (index >= peal_socket_room_count(socket))
    return NULL;
  return index ? socket->rooms->items[index - 1].room->name : socket->id;
}
