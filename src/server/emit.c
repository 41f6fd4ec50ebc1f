/* SPDX-License-Identifier: MIT */
/* emit: the public verbs that send: to one socket, to those that a peal_to
 * names, on this worker and on the others. */
#include <string.h>

#include "base/mem.h"
#include "server/acks.h"
#include "server/adapter.h"
#include "server/op.h"
#include "server/packet.h"
#include "server/socket.h"

/* -- to one ---------------------------------------------------------------------------- */

static void tell_outgoing(peal_socket *socket, const char *event,
                          peal_args args) {
  for (const peal_hook *hook = socket->nsp->outgoing; hook; hook = hook->next)
    hook->fn.outgoing(socket, peal_slice_of(event), args, hook->user);
}

static peal_err emit_one(peal_socket *socket, const peal_to *to,
                         const char *event, peal_args args,
                         const uint64_t *id) {
  peal_eio_item item;
  peal_err err = peal_packet_event(&item, socket->nsp, socket->worker, false,
                                   event, args, id);
  if (err)
    return err;
  if (to) {
    item.key = peal_packet_key(socket->nsp, to->conflate);
    item.no_compress = to->no_compress;
  }
  if (socket->nsp->outgoing && peal_socket_takes(socket, to && to->is_volatile))
    tell_outgoing(socket, event, args);
  err = peal_socket_deliver(socket, &item, to && to->is_volatile);
  peal_packet_release(&item);
  return err;
}

peal_err peal_emit(peal_socket *socket, const char *event, peal_args args) {
  return emit_one(socket, NULL, event, args, NULL);
}

peal_err peal_emit_with(peal_socket *socket, const peal_to *to,
                        const char *event, peal_args args) {
  if (to && (to->rooms || to->except))
    return PEAL_ERR_USAGE;
  return emit_one(socket, to, event, args, NULL);
}

peal_err peal_send(peal_socket *socket, peal_args args) {
  return emit_one(socket, NULL, "message", args, NULL);
}

peal_err peal_emit_ack(peal_socket *socket, const char *event, peal_args args,
                       uint32_t timeout_ms, peal_ack_fn fn, void *user) {
  if (!fn)
    return PEAL_ERR_USAGE;
  /* In the middleware it is not connected yet, and may never be. */
  if (socket->state != PEAL_SOCKET_ACCEPTING &&
      socket->state != PEAL_SOCKET_CONNECTED)
    return PEAL_ERR_CLOSED;
  peal_nsp_local *local = peal_nsp_local_of(socket->nsp, socket->worker);
  uint64_t id = local->next_ack;
  peal_err err = peal_acks_add(socket, id, timeout_ms, fn, user);
  if (err)
    return err;
  local->next_ack++;
  err = emit_one(socket, NULL, event, args, &id);
  if (err) {
    peal_acks_forget(socket, id);
    return err;
  }
  peal_engine_conn *conn = socket->client->conn;
  uint64_t at = socket->worker->now_ms + timeout_ms;
  if (timeout_ms && at < conn->app_deadline)
    peal_engine_conn_set_deadline(conn, at);
  return PEAL_OK;
}

/* -- to many on this worker ---------------------------------------------------------------- */

#define PREFETCH_FAR 8u
#define PREFETCH_NEAR 4u

static void prefetch(const peal_socket *socket) {
  if (socket->client && socket->client->conn)
    peal_engine_conn_prefetch(socket->client->conn);
}

/* The receivers' own errors (a full queue) are theirs alone. */
static peal_err deliver_here(peal_nsp *nsp, peal_worker *worker,
                             const peal_to *to, const char *without,
                             const peal_eio_item *item, const char *event,
                             const peal_args *args) {
  peal_socket **sockets;
  size_t count;
  peal_err err =
      peal_adapter_select(nsp, worker, to, without, &sockets, &count);
  bool is_volatile = to && to->is_volatile;
  for (size_t i = 0; !err && i < count; i++) {
    /* A delivery touches little, but of ever new connections. */
    if (i + PREFETCH_FAR < count)
      __builtin_prefetch(sockets[i + PREFETCH_FAR]);
    if (i + PREFETCH_NEAR < count)
      prefetch(sockets[i + PREFETCH_NEAR]);
    if (nsp->outgoing && args && peal_socket_takes(sockets[i], is_volatile))
      tell_outgoing(sockets[i], event, *args);
    peal_err one = peal_socket_deliver(sockets[i], item, is_volatile);
    (void)one;
  }
  return err;
}

/* -- to many on all workers ---------------------------------------------------------------- */

/* What crosses to the other workers: the encoded packet, and the values if
 * somebody watches outgoing events. */
typedef struct broadcast {
  peal_eio_item item;
  peal_doc *args; /* or NULL */
  const char *event;
} broadcast;

static void broadcast_run(peal_op *op, peal_worker *worker) {
  const broadcast *data = op->data;
  peal_args args = PEAL_NO_ARGS;
  if (data->args) {
    peal_val list = peal_doc_val(data->args);
    args = (peal_args){list.as.items, list.len};
  }
  peal_err err =
      deliver_here(op->nsp, worker, &op->to, op->without, &data->item,
                   data->event, data->args ? &args : NULL);
  if (err)
    peal_logger_write(op->nsp->server->log, PEAL_LOG_ERROR, "server",
                      (peal_slice){0}, (peal_slice){0},
                      "broadcast lost on worker %u: %s",
                      peal_worker_index(worker), peal_err_message(err));
}

static void broadcast_release(peal_op *op) {
  broadcast *data = op->data;
  peal_packet_release(&data->item);
  peal_doc_free(data->args);
}

static peal_op *broadcast_op(peal_nsp *nsp, const peal_to *to,
                             const char *without, const peal_eio_item *item,
                             const char *event, peal_args args) {
  peal_op *op = peal_op_new(nsp, to, without);
  broadcast *data = op ? peal_arena_alloc(&op->strings, sizeof *data) : NULL;
  if (!data) {
    peal_op_unref(op);
    return NULL;
  }
  *data = (broadcast){.item = *item};
  peal_message_ref(item->message);
  op->data = data;
  op->run = broadcast_run;
  op->release = broadcast_release;
  data->event = peal_arena_str(&op->strings, peal_slice_of(event));
  if (nsp->outgoing)
    data->args = peal_doc_new(peal_array(args.items, args.count));
  if (data->event && (data->args || !nsp->outgoing))
    return op;
  peal_op_unref(op);
  return NULL;
}

static peal_worker *own_worker(const peal_nsp *nsp) {
  peal_worker *self = peal_worker_self();
  return self && self->group == nsp->server->workers ? self : NULL;
}

static peal_err emit_many(peal_nsp *nsp, const peal_to *to, const char *without,
                          const char *event, peal_args args) {
  peal_worker *self = own_worker(nsp);
  bool crosses = !self || nsp->server->worker_count > 1;
  peal_eio_item item;
  peal_err err =
      peal_packet_event(&item, nsp, self, crosses, event, args, NULL);
  if (err)
    return err;
  if (to) {
    item.key = peal_packet_key(nsp, to->conflate);
    item.no_compress = to->no_compress;
  }
  peal_op *op = NULL;
  if (crosses) {
    op = broadcast_op(nsp, to, without, &item, event, args);
    if (!op)
      err = PEAL_ERR_NOMEM;
  }
  if (!err && self)
    err = deliver_here(nsp, self, to, without, &item, event, &args);
  if (!err && op)
    err = peal_op_run(op, true);
  else
    peal_op_unref(op);
  peal_packet_release(&item);
  return err;
}

peal_err peal_emit_to(peal_socket *socket, const peal_to *to, const char *event,
                      peal_args args) {
  const char *without = to && to->with_self ? NULL : socket->id;
  return emit_many(socket->nsp, to, without, event, args);
}

peal_err peal_nsp_emit(peal_nsp *nsp, const peal_to *to, const char *event,
                       peal_args args) {
  return emit_many(nsp, to, NULL, event, args);
}
