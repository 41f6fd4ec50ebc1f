/* SPDX-License-Identifier: MIT */
/* move: all sockets that a peal_to names join or leave a room, or go; and a
 * walk over them on this worker. */
#include "base/reserved.h"
#include "server/adapter.h"
#include "server/members.h"
#include "server/nsp.h"
#include "server/op_round.h"
#include "server/parent.h"

static peal_err move_in(peal_nsp *nsp, void *with) {
  peal_op op = *(const peal_op *)with;
  op.nsp = (peal_slice){nsp->name, nsp->name_len};
  peal_adapter *adapter = peal_adapter_for(nsp, &op.to);
  if (adapter && adapter->orders)
    return adapter->verbs->publish(adapter, &op);
  peal_err err = peal_op_round_run(nsp, &op, false, NULL);
  if (!err && adapter)
    (void)adapter->verbs->publish(adapter, &op);
  return err;
}

static peal_err move_all(peal_nsp *nsp, peal_op_kind kind, const peal_to *to,
                         peal_slice room, bool close) {
  peal_op op = {.kind = (uint8_t)kind,
                .close = close,
                .to = to ? *to : (peal_to){0},
                .room = room};
  if (!PEAL_RESERVED_IS_KNOWN(&op.to))
    return PEAL_ERR_OPTION;
  return nsp->parent ? peal_parent_each(nsp, move_in, &op) : move_in(nsp, &op);
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

typedef struct walk {
  peal_worker *worker;
  const peal_to *to;
  peal_socket_fn fn;
  void *user;
} walk;

static peal_err walk_in(peal_nsp *nsp, void *with) {
  const walk *it = with;
  peal_socket **sockets;
  size_t count;
  peal_err err =
      peal_members_select(nsp, it->worker, it->to, NULL, &sockets, &count);
  for (size_t i = 0; !err && i < count; i++)
    it->fn(sockets[i], it->user);
  return err;
}

void peal_nsp_each(peal_nsp *nsp, const peal_to *to, peal_socket_fn fn,
                   void *user) {
  walk it = {nsp && fn ? peal_nsp_worker(nsp) : NULL, to, fn, user};
  if (!it.worker)
    return;
  peal_err err =
      nsp->parent ? peal_parent_each(nsp, walk_in, &it) : walk_in(nsp, &it);
  (void)err; /* of memory: nobody was called */
}
