/* SPDX-License-Identifier: MIT */
/* emit_one: an event to one socket that asks for no acknowledgement: with
 * recovery it is kept for when the socket comes back. */
#include "base/reserved.h"
#include "proto/names.h"
#include "server/deliver.h"
#include "server/emit.h"
#include "server/kept.h"
#include "server/packet.h"
#include "server/recovery.h"
#include "server/socket_recovery.h"

/* -- kept ---------------------------------------------------------------------- */

/* It is a broadcast to the socket's own room, with a number (reference 1.8). */
static peal_err emit_kept(peal_socket *socket, const peal_to *to,
                          peal_slice event, peal_args args) {
  peal_nsp *nsp = socket->local->nsp;
  peal_eio_item item;
  peal_slice own = peal_slice_of(socket->id);
  peal_op op = {.kind = PEAL_OP_EMIT,
                .has_offset = true,
                .nsp = {nsp->name, nsp->name_len},
                .to = to ? *to : (peal_to){0}};
  op.to.room_names = (peal_names){&own, 1};
  peal_err err =
      peal_packet_kept(&item, nsp, socket->local->worker, event, args);
  if (err)
    return err;
  peal_emit_tell(socket, false, event, args);
  op.message = item.message;
  item.key = peal_packet_key(nsp, peal_names_key(&op.to));
  item.no_compress = op.to.no_compress;
  err = peal_kept_one(socket, &op, &item);
  peal_packet_release(&item);
  return err;
}

/* Will it be told of what it is sent, and may it come back? */
static bool is_kept(const peal_socket *socket, const peal_to *to) {
  return peal_socket_recovery_of(socket) &&
         peal_recovery_keeps(socket->local->nsp->server, to) &&
         (socket->state == PEAL_SOCKET_ACCEPTING ||
          socket->state == PEAL_SOCKET_CONNECTED);
}

/* The same where the adapter says when. */
static peal_err emit_stored(peal_socket *socket, const peal_to *to,
                            peal_slice event, peal_args args) {
  peal_eio_item item;
  peal_err err =
      peal_packet_event(&item, socket->local->nsp, socket->local->worker, true,
                        event, args, NULL);
  if (err)
    return err;
  err = peal_kept_hand_over(socket, to, item.message);
  peal_packet_release(&item);
  return err;
}

/* -- the public functions --------------------------------------------------------- */

static peal_err emit(peal_socket *socket, const peal_to *to, peal_slice event,
                     peal_args args) {
  const peal_server *server = socket->local->nsp->server;
  if (server->recovery && is_kept(socket, to))
    return emit_kept(socket, to, event, args);
  if (server->store && peal_kept_is_elsewhere(socket, to && to->is_volatile))
    return emit_stored(socket, to, event, args);
  return peal_emit_plain(socket, to, event, args, NULL);
}

peal_err peal_emit_n(peal_socket *socket, peal_slice event, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit_n or peal_ref_emit");
  return socket ? emit(socket, NULL, event, args) : PEAL_ERR_USAGE;
}

peal_err peal_emit(peal_socket *socket, const char *event, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit or peal_ref_emit");
  return peal_emit_n(socket, peal_slice_of(event), args);
}

peal_err peal_emit_with_n(peal_socket *socket, const peal_to *to,
                          peal_slice event, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit_n or peal_ref_emit_with");
  if (!socket || peal_names_are_named(to))
    return PEAL_ERR_USAGE;
  if (to && !PEAL_RESERVED_IS_KNOWN(to))
    return PEAL_ERR_OPTION;
  return emit(socket, to, event, args);
}

peal_err peal_emit_with(peal_socket *socket, const peal_to *to,
                        const char *event, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit or peal_ref_emit_with");
  return peal_emit_with_n(socket, to, peal_slice_of(event), args);
}

peal_err peal_send(peal_socket *socket, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit or peal_ref_emit");
  return peal_emit(socket, "message", args);
}
