/* SPDX-License-Identifier: MIT */
#include "admin/admin_watch.h"

#include "admin/admin_describe.h"
#include "admin/admin_door.h"
#include "admin/admin_feed.h"
#include "server/socket_name.h"

static peal_admin *admin_of(peal_onlooker *onlooker) {
  return (peal_admin *)(void *)onlooker;
}

/* NULL: nobody wants to know, or no more at present. */
static peal_admin_local *listening(peal_onlooker *onlooker,
                                   const peal_worker *worker) {
  peal_admin *admin = admin_of(onlooker);
  if (!peal_admin_is_looked(admin))
    return NULL;
  peal_admin_local *local = peal_admin_local_of(admin, worker);
  return peal_admin_feed_has_room(local, PEAL_ADMIN_PICTURE) ? local : NULL;
}

static peal_val nsp_of(const peal_socket *socket) {
  return peal_str(socket->local->nsp->name);
}

static void on_ended(peal_onlooker *onlooker, peal_worker *worker,
                     peal_reason reason) {
  peal_admin_local *local = peal_admin_local_of(admin_of(onlooker), worker);
  if ((unsigned)reason < PEAL_ADMIN_REASONS)
    peal_figures_add(&local->ended[reason], 1);
}

static void on_upgraded(peal_onlooker *onlooker, peal_socket *socket) {
  peal_admin_local *local = listening(onlooker, socket->local->worker);
  if (local)
    peal_admin_feed_tell(
        local, PEAL_ADMIN_PICTURE, "socket_updated",
        PEAL_ARGS(PEAL_OBJECT(
            {"id", peal_str(peal_socket_name(socket))}, {"nsp", nsp_of(socket)},
            {"transport", peal_str(peal_socket_transport(socket))})));
}

static void tell_room(peal_admin_local *local, const peal_socket *socket,
                      peal_val room, bool joined) {
  peal_admin_feed_tell(
      local, PEAL_ADMIN_PICTURE, joined ? "room_joined" : "room_left",
      PEAL_ARGS(nsp_of(socket), room, peal_str(peal_socket_name(socket)),
                peal_admin_feed_now(local)));
}

/* As the reference tells it: its own room, the socket in that room alone, the
 * rooms that connect handlers had it join. */
static void tell_came(peal_onlooker *onlooker, peal_socket *socket) {
  peal_admin_local *local = listening(onlooker, socket->local->worker);
  if (!local)
    return;
  peal_val whole = peal_admin_describe_socket(socket);
  peal_val own = peal_str(peal_socket_name(socket));
  peal_pairs *it = peal_pairs_new(peal_socket_build(socket));
  for (uint32_t i = 0; peal_val_is(whole, PEAL_OBJECT) && i < whole.len; i++) {
    peal_slice key = peal_val_key(whole, i);
    peal_pairs_add_n(it, key,
                     peal_slice_is(key, "rooms") ? peal_array(&own, 1)
                                                 : whole.as.pairs[i].value);
  }
  tell_room(local, socket, own, true);
  peal_admin_feed_tell(
      local, PEAL_ADMIN_PICTURE, "socket_connected",
      PEAL_ARGS(peal_pairs_val(it), peal_admin_feed_now(local)));
  for (size_t i = 1; i < peal_socket_room_count(socket); i++)
    tell_room(local, socket, peal_str_slice(peal_socket_room_n(socket, i)),
              true);
}

static void on_came(peal_onlooker *onlooker, peal_socket *socket) {
  peal_admin *admin = admin_of(onlooker);
  if (socket->local->nsp == admin->nsp)
    peal_admin_door_came(admin, socket);
  tell_came(onlooker, socket);
}

static void tell_went(peal_onlooker *onlooker, peal_socket *socket,
                      peal_reason reason) {
  peal_admin_local *local = listening(onlooker, socket->local->worker);
  if (!local)
    return;
  tell_room(local, socket, peal_str(peal_socket_name(socket)), false);
  peal_admin_feed_tell(local, PEAL_ADMIN_PICTURE, "socket_disconnected",
                       PEAL_ARGS(nsp_of(socket),
                                 peal_str(peal_socket_name(socket)),
                                 peal_str(peal_reason_text(reason)),
                                 peal_admin_feed_now(local)));
}

static void on_went(peal_onlooker *onlooker, peal_socket *socket,
                    peal_reason reason) {
  peal_admin *admin = admin_of(onlooker);
  tell_went(onlooker, socket, reason);
  if (socket->local->nsp == admin->nsp)
    peal_admin_door_went(admin);
}

static void on_room(peal_onlooker *onlooker, peal_socket *socket,
                    peal_slice room, bool joined) {
  peal_admin_local *local =
      socket->is_member ? listening(onlooker, socket->local->worker) : NULL;
  if (local)
    tell_room(local, socket, peal_str_slice(room), joined);
}

static void on_data(peal_onlooker *onlooker, peal_socket *socket) {
  peal_admin_local *local = listening(onlooker, socket->local->worker);
  if (!local)
    return;
  peal_val data = peal_socket_data(socket);
  if (peal_val_is(data, PEAL_UNDEFINED))
    data = peal_object(NULL, 0);
  peal_admin_feed_tell(
      local, PEAL_ADMIN_PICTURE, "socket_updated",
      PEAL_ARGS(PEAL_OBJECT({"id", peal_str(peal_socket_name(socket))},
                            {"nsp", nsp_of(socket)}, {"data", data})));
}

const peal_onlooker_verbs peal_admin_watch_verbs = {
    .ended = on_ended,
    .upgraded = on_upgraded,
    .came = on_came,
    .went = on_went,
    .room = on_room,
    .data = on_data,
};
