/* SPDX-License-Identifier: MIT */
#include "server/emit.h"

#include "net/worker_impl.h"
#include "proto/names.h"
#include "server/acks.h"
#include "server/deliver.h"
#include "server/handlers.h"
#include "server/packet.h"

/* -- an event ------------------------------------------------------------------------ */

void peal_emit_tell(peal_socket *socket, bool is_volatile, peal_slice event,
                    peal_args args) {
  if (peal_nsp_local_is_watched(socket->local) &&
      peal_deliver_is_taken(socket, is_volatile))
    peal_handlers_tell_outgoing(socket, event, args);
}

peal_err peal_emit_plain(peal_socket *socket, const peal_to *to,
                         peal_slice event, peal_args args, const uint64_t *id) {
  peal_eio_item item;
  bool is_volatile = to && to->is_volatile;
  peal_err err = peal_packet_event(
      &item, socket->local->nsp, socket->local->worker, false, event, args, id);
  if (err)
    return err;
  if (to) {
    item.key = peal_packet_key(socket->local->nsp, peal_names_key(to));
    item.no_compress = to->no_compress;
  }
  peal_emit_tell(socket, is_volatile, event, args);
  err = peal_deliver_one(socket, &item, is_volatile);
  peal_packet_release(&item);
  return err;
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
  err = peal_emit_plain(socket, NULL, event, args, &id);
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
