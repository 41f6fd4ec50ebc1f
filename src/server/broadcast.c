/* SPDX-License-Identifier: MIT */
/* broadcast: an event to all that a peal_to names: encoded once, if anybody may
 * receive it, delivered on this worker and handed to the others. */
#include "base/reserved.h"
#include "proto/names.h"
#include "server/adapter.h"
#include "server/deliver.h"
#include "server/form.h"
#include "server/handlers.h"
#include "server/kept.h"
#include "server/members.h"
#include "server/nsp.h"
#include "server/packet.h"
#include "server/parent.h"
#include "server/stored.h"
#include "wire/sio_check.h"

typedef struct cast {
  peal_nsp *nsp;
  const peal_to *to;   /* not NULL */
  const char *without; /* a socket's id, or NULL */
  peal_socket *own;    /* not accepted yet, and wants it too; or NULL */
  peal_slice event;
  peal_args args;
  peal_stored *stored; /* to be told, and taken then; or NULL */
} cast;

static void tell_outgoing(const cast *it, peal_socket *socket) {
  if (peal_nsp_local_is_watched(socket->local) &&
      peal_deliver_is_taken(socket, it->to->is_volatile))
    peal_handlers_tell_outgoing(socket, it->event, it->args);
}

static peal_err deliver_here(const cast *it, const peal_eio_item *item,
                             peal_socket *const *sockets, size_t count) {
  bool watched = count && peal_nsp_local_is_watched(sockets[0]->local);
  for (size_t i = 0; watched && i < count; i++)
    tell_outgoing(it, sockets[i]);
  peal_deliver_many(sockets, count, item, it->to->is_volatile);
  if (!it->own)
    return PEAL_OK;
  tell_outgoing(it, it->own);
  return peal_deliver_one(it->own, item, it->to->is_volatile);
}

static peal_op op_of(const cast *it, const peal_eio_item *item) {
  return (peal_op){.kind = PEAL_OP_EMIT,
                   .nsp = {it->nsp->name, it->nsp->name_len},
                   .to = *it->to,
                   .without = it->without,
                   .message = item->message};
}

/* To the other workers, and to the other nodes. */
static peal_err hand_to_others(const cast *it, const peal_worker *self,
                               peal_adapter *adapter,
                               const peal_eio_item *item) {
  const peal_op op = op_of(it, item);
  peal_err err = PEAL_OK;
  if (!self || it->nsp->server->worker_count > 1)
    err = peal_op_round_run(it->nsp, &op, true, NULL);
  if (!err && adapter)
    (void)adapter->verbs->publish(adapter, &op);
  return err;
}

/* The adapter says when all get it, this node's too. Who is no member yet would
 * miss it, or might be one by then and get it twice. */
static peal_err hand_over(const cast *it, peal_worker *self,
                          peal_adapter *adapter) {
  peal_eio_item item;
  peal_err err =
      peal_packet_event(&item, it->nsp, self, true, it->event, it->args, NULL);
  if (err)
    return err;
  peal_op op = op_of(it, &item);
  if (it->own)
    op.without = it->own->id;
  err = it->stored ? adapter->verbs->store(adapter, &op, it->stored)
                   : adapter->verbs->publish(adapter, &op);
  item.no_compress = it->to->no_compress;
  if (!err && it->own)
    err = deliver_here(it, &item, NULL, 0);
  peal_packet_release(&item);
  return err;
}

/* Where watchers are told by the round. */
static bool is_alone(const cast *it, const peal_worker *self) {
  return self && it->nsp->server->worker_count == 1 &&
         !peal_lanes_are_running(&it->nsp->server->recovery->lanes, self);
}

static peal_err tell_all(const cast *it, peal_worker *self) {
  peal_socket **sockets;
  size_t count;
  if (!is_alone(it, self) ||
      !peal_nsp_local_is_watched(peal_nsp_local_of(it->nsp, self)))
    return PEAL_OK;
  peal_err err =
      peal_members_select(it->nsp, self, it->to, it->without, &sockets, &count);
  for (size_t i = 0; !err && i < count; i++)
    tell_outgoing(it, sockets[i]);
  return err;
}

/* To the other nodes, who have numbers of their own. */
static peal_err publish(const cast *it, peal_worker *self,
                        peal_adapter *adapter) {
  peal_eio_item item;
  peal_err err =
      peal_packet_event(&item, it->nsp, self, true, it->event, it->args, NULL);
  if (err)
    return err;
  const peal_op op = op_of(it, &item);
  adapter->verbs->publish(adapter, &op);
  peal_packet_release(&item);
  return PEAL_OK;
}

static void tell_stored(const cast *it, peal_message *message) {
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_stored_tell(it->stored, PEAL_OK,
                   peal_form_last(it->nsp->server, message, &arena));
  peal_arena_deinit(&arena);
}

/* It gets a number, for those who come back. */
static peal_err run_kept(const cast *it, peal_worker *self,
                         peal_adapter *adapter) {
  peal_eio_item item;
  peal_err err = peal_packet_kept(&item, it->nsp, self, it->event, it->args);
  if (err)
    return err;
  peal_op op = op_of(it, &item);
  op.has_offset = true;
  item.key = peal_packet_key(it->nsp, peal_names_key(it->to));
  item.no_compress = it->to->no_compress;
  err = tell_all(it, self);
  if (!err)
    err = peal_kept_cast(it->nsp, &op, &item, it->own);
  if (!err && it->own) {
    tell_outgoing(it, it->own);
    err = peal_deliver_one(it->own, &item, false);
  }
  if (!err && adapter)
    err = publish(it, self, adapter);
  if (!err && it->stored)
    tell_stored(it, item.message);
  peal_packet_release(&item);
  return err;
}

static peal_err run(const cast *it) {
  peal_worker *self = peal_nsp_worker(it->nsp);
  if (!PEAL_RESERVED_IS_KNOWN(it->to))
    return PEAL_ERR_OPTION;
  peal_adapter *adapter = peal_adapter_for(it->nsp, it->to);
  if (adapter && adapter->orders)
    return hand_over(it, self, adapter);
  if (peal_recovery_keeps(it->nsp->server, it->to))
    return run_kept(it, self, adapter);
  bool crosses = !self || adapter || it->nsp->server->worker_count > 1;
  peal_socket **sockets = NULL;
  size_t count = 0;
  peal_err err = self ? peal_members_select(it->nsp, self, it->to, it->without,
                                            &sockets, &count)
                      : PEAL_OK;
  if (err)
    return err;
  if (!count && !it->own && !crosses)
    return peal_sio_check_event(it->event, it->args);
  peal_eio_item item;
  err = peal_packet_event(&item, it->nsp, self, crosses, it->event, it->args,
                          NULL);
  if (err)
    return err;
  item.key = peal_packet_key(it->nsp, peal_names_key(it->to));
  item.no_compress = it->to->no_compress;
  if (crosses)
    err = hand_to_others(it, self, adapter, &item);
  if (!err && self)
    err = deliver_here(it, &item, sockets, count);
  peal_packet_release(&item);
  return err;
}

static const peal_to everyone = {0};

/* A socket in its connect handlers is no member yet; with with_self it asks
 * for its own copy, which follows its CONNECT. */
static bool wants_own(const peal_socket *socket, const peal_to *to) {
  return socket->state == PEAL_SOCKET_ACCEPTING && to->with_self &&
         peal_members_is_named(socket, to);
}

peal_err peal_emit_to_n(peal_socket *socket, const peal_to *to,
                        peal_slice event, peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit_n");
  if (!socket)
    return PEAL_ERR_USAGE;
  to = to ? to : &everyone;
  return run(&(cast){.nsp = socket->local->nsp,
                     .to = to,
                     .without = to->with_self ? NULL : socket->id,
                     .own = wants_own(socket, to) ? socket : NULL,
                     .event = event,
                     .args = args});
}

peal_err peal_emit_to(peal_socket *socket, const peal_to *to, const char *event,
                      peal_args args) {
  PEAL_ON_SOCKET(socket, "peal_nsp_emit");
  return peal_emit_to_n(socket, to, peal_slice_of(event), args);
}

static peal_err emit_to_child(peal_nsp *child, void *with) {
  cast it = *(const cast *)with;
  it.nsp = child;
  return run(&it);
}

peal_err peal_nsp_emit_n(peal_nsp *nsp, const peal_to *to, peal_slice event,
                         peal_args args) {
  if (!nsp)
    return PEAL_ERR_USAGE;
  cast it = {
      .nsp = nsp, .to = to ? to : &everyone, .event = event, .args = args};
  return nsp->parent ? peal_parent_each(nsp, emit_to_child, &it) : run(&it);
}

peal_err peal_nsp_emit(peal_nsp *nsp, const peal_to *to, const char *event,
                       peal_args args) {
  return peal_nsp_emit_n(nsp, to, peal_slice_of(event), args);
}

/* Is an event to these stored? */
static bool is_stored(const peal_nsp *nsp, const peal_to *to) {
  if (nsp->server->store)
    return !to->is_volatile && !to->is_local;
  return peal_recovery_keeps(nsp->server, to);
}

peal_err peal_nsp_emit_stored_n(peal_nsp *nsp, const peal_to *to,
                                peal_slice event, peal_args args,
                                peal_stored_fn fn, void *user) {
  if (!peal_nsp_has_sockets(nsp) || !fn)
    return PEAL_ERR_USAGE;
  to = to ? to : &everyone;
  if (!is_stored(nsp, to))
    return PEAL_ERR_OPTION;
  peal_stored *stored =
      peal_stored_new(nsp->server->mem, peal_op_round_home(nsp), fn, user);
  if (!stored)
    return PEAL_ERR_NOMEM;
  peal_err err = run(&(cast){
      .nsp = nsp, .to = to, .event = event, .args = args, .stored = stored});
  if (err)
    peal_stored_free(stored);
  return err;
}

peal_err peal_nsp_emit_stored(peal_nsp *nsp, const peal_to *to,
                              const char *event, peal_args args,
                              peal_stored_fn fn, void *user) {
  return peal_nsp_emit_stored_n(nsp, to, peal_slice_of(event), args, fn, user);
}
