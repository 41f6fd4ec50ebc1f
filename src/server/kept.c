/* SPDX-License-Identifier: MIT */
#include "server/kept.h"

#include "server/adapter.h"
#include "server/deliver.h"
#include "server/members.h"
#include "server/nsp.h"

/* What has a lower number has been delivered here when it returns. */
static void number(peal_nsp *nsp, const peal_worker *self, const peal_op *op,
                   uint64_t key, const char *also) {
  peal_recovery *recovery = nsp->server->recovery;
  peal_lanes_begin(&recovery->lanes);
  peal_recovery_number(recovery, nsp, op, key, also);
  peal_lanes_end(&recovery->lanes, self);
}

/* Who emits while others' events are being delivered waits for those. */
static bool waits(const peal_nsp *nsp, const peal_worker *self) {
  return peal_lanes_are_running(&nsp->server->recovery->lanes, self);
}

peal_err peal_kept_one(peal_socket *socket, const peal_op *op,
                       const peal_eio_item *item) {
  peal_nsp *nsp = socket->local->nsp;
  peal_worker *self = socket->local->worker;
  /* One that is being accepted is no member: nothing else goes to it yet. */
  if (socket->is_member && waits(nsp, self))
    return peal_op_round_keep(nsp, op, self, NULL);
  number(nsp, self, op, item->key, NULL);
  return peal_deliver_one(socket, item, false);
}

static peal_err deliver_here(peal_nsp *nsp, peal_worker *self,
                             const peal_op *op, const peal_eio_item *item) {
  peal_socket **sockets;
  size_t count;
  peal_err err =
      peal_members_select(nsp, self, &op->to, op->without, &sockets, &count);
  if (!err)
    peal_deliver_many(sockets, count, item, false);
  return err;
}

peal_err peal_kept_cast(peal_nsp *nsp, const peal_op *op,
                        const peal_eio_item *item, const peal_socket *own) {
  peal_worker *self = peal_nsp_worker(nsp);
  const char *also = own ? own->id : NULL;
  if (!self || nsp->server->worker_count > 1 || waits(nsp, self))
    return peal_op_round_keep(nsp, op, NULL, also);
  number(nsp, self, op, item->key, also);
  return deliver_here(nsp, self, op, item);
}

bool peal_kept_is_elsewhere(const peal_socket *socket, bool is_volatile) {
  return socket->local->nsp->server->store && !is_volatile &&
         socket->state == PEAL_SOCKET_CONNECTED;
}

peal_err peal_kept_hand_over(peal_socket *socket, const peal_to *to,
                             peal_message *message) {
  const peal_nsp *nsp = socket->local->nsp;
  peal_adapter *adapter = nsp->server->adapter;
  peal_slice own = peal_slice_of(socket->id);
  peal_op op = {.kind = PEAL_OP_EMIT,
                .nsp = {nsp->name, nsp->name_len},
                .to = to ? *to : (peal_to){0},
                .message = message};
  op.to.room_names = (peal_names){&own, 1};
  return adapter->verbs->publish(adapter, &op);
}
