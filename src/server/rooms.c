/* SPDX-License-Identifier: MIT */
#include "server/rooms.h"

#include <string.h>

#include "base/room.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/live_socket.h"
#include "server/onlooker.h"
#include "server/room_watch.h"
#include "server/server_limits.h"
#include "server/socket_name.h"

static peal_nsp_local *local_of(const peal_socket *socket) {
  return socket->local;
}

static void release(const peal_socket *socket, size_t bytes) {
  peal_account_release(peal_engine_conn_account(socket->client->conn), bytes);
}

/* Those who keep count elsewhere, and who looks on. */
static void tell(peal_socket *socket, peal_slice name, bool joined) {
  peal_nsp_local *local = socket->local;
  peal_adapter *adapter = local->nsp->server->adapter;
  peal_onlooker *onlooker = local->nsp->server->onlooker;
  if (adapter)
    adapter->verbs->room(adapter, local, name, joined);
  if (onlooker)
    onlooker->verbs->room(onlooker, socket, name, joined);
}

/* Each is in a room of its id. */
static bool is_own(const peal_socket *socket, peal_slice room) {
  return peal_slice_is(peal_socket_name_id(socket->local->nsp, room),
                       socket->id);
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
  else
    tell(socket, name, true);
  if (err)
    return err;
  peal_live_socket_changed(socket);
  if (peal_room_watch_is_on(local))
    peal_room_watch_joined(socket, name, !room);
  return PEAL_OK;
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
  return is_own(socket, name) ? PEAL_OK : join(socket, name);
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
  peal_nsp_local *local = local_of(socket);
  bool is_watched = peal_room_watch_is_on(local);
  peal_slice told = name; /* which may be the room's own */
  if (is_watched)
    told.ptr = peal_arena_str(&local->worker->turn, name);
  tell(socket, name, false);
  release(socket, peal_room_exit(&local->rooms, &socket->rooms, at,
                                 local->worker->mem));
  peal_live_socket_changed(socket);
  if (is_watched && told.ptr) /* without memory it is not told */
    peal_room_watch_left(socket, told);
}

void peal_leave(peal_socket *socket, const char *room) {
  PEAL_ON_SOCKET(socket, "peal_nsp_leave or peal_ref_post");
  peal_leave_n(socket, peal_slice_of(room));
}

/* Only for those who want to hear it. */
static void tell_all(peal_socket *socket) {
  const peal_server *server = socket->local->nsp->server;
  if (!server->adapter && !server->onlooker)
    return;
  for (uint32_t i = 0; i < socket->rooms->count; i++) {
    const peal_room *room = socket->rooms->items[i].room;
    tell(socket, (peal_slice){room->name, room->name_len}, false);
  }
}

/* One after the other, the last first; its name is of no room any more when
 * that is told. Those who hear it may leave others. */
static void leave_watched(peal_socket *socket) {
  peal_nsp_local *local = local_of(socket);
  peal_slice id = peal_slice_of(socket->id);
  while (socket->rooms) {
    uint32_t last = socket->rooms->count - 1;
    const peal_room *room = socket->rooms->items[last].room;
    peal_slice name = {peal_arena_str(&local->worker->turn,
                                      (peal_slice){room->name, room->name_len}),
                       room->name_len};
    release(socket, peal_room_exit(&local->rooms, &socket->rooms, last,
                                   local->worker->mem));
    if (name.ptr) /* without memory it is not told */
      peal_room_watch_left(socket, name);
  }
  peal_room_watch_left(socket, id);
}

void peal_rooms_enter_own(peal_socket *socket) {
  peal_nsp_local *local = local_of(socket);
  peal_slice id = peal_slice_of(socket->id);
  socket->has_rooms = true;
  if (peal_room_watch_is_on(local))
    peal_room_watch_joined(socket, id, !peal_rooms_find(local, id));
}

void peal_rooms_leave_all(peal_socket *socket) {
  bool had_own = socket->has_rooms;
  socket->has_rooms = false;
  if (socket->rooms)
    tell_all(socket);
  if (had_own && peal_room_watch_is_on(local_of(socket)))
    leave_watched(socket);
  if (!socket->rooms)
    return;
  release(socket, peal_room_exit_all(&local_of(socket)->rooms, &socket->rooms,
                                     socket->local->worker->mem));
}

/* -- looking ------------------------------------------------------------------------ */

const peal_room *peal_rooms_find(const peal_nsp_local *local, peal_slice name) {
  return peal_map_get(&local->rooms, name);
}

bool peal_socket_in_n(const peal_socket *socket, peal_slice room) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !room.ptr || !socket->has_rooms)
    return false;
  return is_own(socket, room) || find(socket, room) != PEAL_ROOM_SET_NONE;
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
    return peal_slice_of(peal_socket_name(socket));
  const peal_room *room = socket->rooms->items[index - 1].room;
  return (peal_slice){room->name, room->name_len};
}

const char *peal_socket_room(const peal_socket *socket, size_t index) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return peal_socket_room_n(socket, index).ptr;
}
