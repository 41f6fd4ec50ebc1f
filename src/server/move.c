/* SPDX-License-Identifier: MIT */
/* move: all sockets that a peal_to names join or leave a room, or go; and a
 * walk over them on this worker. */
#include "base/reserved.h"
#include "server/adapter.h"
#include "server/members.h"
#include "server/nsp.h"
#include "server/op_round.h"

static peal_err move_all(peal_nsp *nsp, peal_op_kind kind, const peal_to *to,
                         peal_slice room, bool close) {
  peal_op op = {.kind = (uint8_t)kind,
                .close = close,
                .nsp = {nsp->name, nsp->name_len},
                .to = to ? *to : (peal_to){0},
                .room = room};
  peal_adapter *adapter = peal_adapter_for(nsp, to);
  if (to && !PEAL_RESERVED_IS_KNOWN(to))
    return PEAL_ERR_OPTION;
  if (adapter && adapter->orders)
    return adapter->verbs->publish(adapter, &op);
  peal_err err = peal_op_round_run(nsp, &op, false, NULL);
  if (!err && adapter)
    (void)adapter->verbs->publish(adapter, &op);
  return err;
}

peal_err peal_nsp_join_n(peal_nsp *nsp, const peal_to *to, peal_slice room) {
  if (!nsp || !room.ptr)
    return PEAL_ERR_USAGE;
  return move_all(nsp, PEAL_OP_JOIN, to, room, false);
}

peal_err peal_nsp_join(peal_nsp *nsp, const peal_to *to, const char *room) {
  return peal_nsp_join_n(nsp, to, peal_slice_of(room));
}

peal_err peal_nsp_leave_n(peal_nsp *nsp, const peal_to *to, peal_slice room) {
  if (!nsp || !room.ptr)
    return PEAL_ERR_USAGE;
  return move_all(nsp, PEAL_OP_LEAVE, to, room, false);
}

peal_err peal_nsp_leave(peal_nsp *nsp, const peal_to *to, const char *room) {
  return peal_nsp_leave_n(nsp, to, peal_slice_of(room));
}

peal_err peal_nsp_disconnect(peal_nsp *nsp, const peal_to *to, bool close) {
  if (!nsp)
    return PEAL_ERR_USAGE;
  return move_all(nsp, PEAL_OP_DISCONNECT, to, (peal_slice){0}, close);
}

void peal_nsp_each(peal_nsp *nsp, const peal_to *to, peal_socket_fn fn,
                   void *user) {
  peal_worker *worker = nsp && fn ? peal_nsp_worker(nsp) : NULL;
  peal_socket **sockets;
  size_t count;
  if (!worker || peal_members_select(nsp, worker, to, NULL, &sockets, &count))
    return;
  for (size_t i = 0; i < count; i++)
    fn(sockets[i], user);
}
