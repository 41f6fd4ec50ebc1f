/* SPDX-License-Identifier: MIT */
#include "server/emit.h"

#include "base/reserved.h"
#include "net/worker_impl.h"
#include "proto/names.h"
#include "server/acks.h"
#include "server/deliver.h"
#include "server/handlers.h"
#include "server/kept.h"
#include "server/packet.h"
#include "server/recovery.h"

/* -- an event ------------------------------------------------------------------------ */

static void tell_watchers(peal_socket *socket, bool is_volatile,
                          peal_slice event, peal_args args) {
  if (peal_nsp_local_is_watched(socket->local) &&
      peal_deliver_is_taken(socket, is_volatile))
    peal_handlers_tell_outgoing(socket, event, args);
}

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
  tell_watchers(socket, false, event, args);
  op.message = item.message;
  item.key = peal_packet_key(nsp, peal_names_key(&op.to));
  item.no_compress = op.to.no_compress;
  err = peal_kept_one(socket, &op, &item);
  peal_packet_release(&item);
  return err;
}

/* Will it be told of what it is sent, and may it come back? */
static bool is_kept(const peal_socket *socket, const peal_to *to) {
  return peal_recovery_keeps(socket->local->nsp->server, to) &&
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

static peal_err emit(peal_socket *socket, const peal_to *to, peal_slice event,
                     peal_args args, const uint64_t *id) {
  peal_eio_item item;
  if (!id && is_kept(socket, to))
    return emit_kept(socket, to, event, args);
  if (!id && peal_kept_is_elsewhere(socket, to && to->is_volatile))
    return emit_stored(socket, to, event, args);
  bool is_volatile = to && to->is_volatile;
  peal_err err = peal_packet_event(
      &item, socket->local->nsp, socket->local->worker, false, event, args, id);
  if (err)
    return err;
  if (to) {
    item.key = peal_packet_key(socket->local->nsp, peal_names_key(to));
    item.no_compress = to->no_compress;
  }
  tell_watchers(socket, is_volatile, event, args);
  err = peal_deliver_one(socket, &item, is_volatile);
  peal_packet_release(&item);
  return err;
}

peal_err peal_emit_n(peal_socket *socket, peal_slice event, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit_n or peal_ref_emit");
  return socket ? emit(socket, NULL, event, args, NULL) : PEAL_ERR_USAGE;
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
  return emit(socket, to, event, args, NULL);
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

/* -- with an acknowledgement ---------------------------------------------------------- */

/* In the middleware it is not connected yet, and may never be. */
static peal_err expect_ack(peal_socket *socket, uint32_t timeout_ms,
                           peal_ack_fn fn, void *user, uint64_t *id) {
  if (socket->state != PEAL_SOCKET_ACCEPTING &&
      socket->state != PEAL_SOCKET_CONNECTED)
    return PEAL_ERR_CLOSED;
  peal_nsp_local *local = socket->local;
  *id = local->next_ack;
  peal_err err = peal_acks_add(socket, *id, timeout_ms, fn, user);
  if (!err)
    local->next_ack++;
  return err;
}

/* The event has been sent, or not: then nobody is told. */
static peal_err settle_ack(peal_socket *socket, uint64_t id,
                           uint32_t timeout_ms, peal_err err) {
  if (err) {
    peal_acks_forget(socket, id);
    return err;
  }
  peal_engine_conn *conn = socket->client->conn;
  uint64_t at = socket->local->worker->now_ms + timeout_ms;
  if (timeout_ms && at < peal_engine_conn_deadline(conn))
    peal_engine_conn_set_deadline(conn, at);
  return PEAL_OK;
}

peal_err peal_emit_ack_n(peal_socket *socket, peal_slice event, peal_args args,
                         uint32_t timeout_ms, peal_ack_fn fn, void *user) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit_ack_n or peal_ref_post");
  uint64_t id;
  if (!socket || !fn)
    return PEAL_ERR_USAGE;
  peal_err err = expect_ack(socket, timeout_ms, fn, user, &id);
  if (err)
    return err;
  err = emit(socket, NULL, event, args, &id);
  return settle_ack(socket, id, timeout_ms, err);
}

peal_err peal_emit_ack(peal_socket *socket, const char *event, peal_args args,
                       uint32_t timeout_ms, peal_ack_fn fn, void *user) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit_ack or peal_ref_post");
  return peal_emit_ack_n(socket, peal_slice_of(event), args, timeout_ms, fn,
                         user);
}

peal_err peal_emit_ask(peal_socket *socket, const peal_op *op, peal_ack_fn fn,
                       void *user) {
  uint64_t id;
  peal_eio_item item;
  peal_err err = expect_ack(socket, op->timeout_ms, fn, user, &id);
  if (err)
    return err;
  err = peal_packet_with_id(&item, socket->local->nsp, socket->local->worker,
                            op, id);
  if (!err) {
    err = peal_deliver_one(socket, &item, false);
    peal_packet_release(&item);
  }
  return settle_ack(socket, id, op->timeout_ms, err);
}
