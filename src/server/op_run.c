/* SPDX-License-Identifier: MIT */
#include "server/op_run.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "proto/names.h"
#include "server/deliver.h"
#include "server/describe.h"
#include "server/form.h"
#include "server/handlers.h"
#include "server/members.h"
#include "server/packet.h"
#include "server/recovery_store.h"
#include "server/socket_name.h"

typedef struct chosen {
  peal_socket **sockets;
  size_t count;
} chosen;

static void log_loss(const peal_nsp *nsp, const peal_worker *worker,
                     const char *what, size_t lost, size_t count,
                     peal_err err) {
  peal_logger_write(nsp->server->log, PEAL_LOG_ERROR, "server",
                    (peal_slice){nsp->name, nsp->name_len}, (peal_slice){0},
                    "%s lost on worker %u for %zu of %zu sockets: %s", what,
                    peal_worker_index(worker), lost, count,
                    peal_err_message(err));
}

/* -- events --------------------------------------------------------------------------- */

/* The values are made again for those who watch. */
static peal_err tell_outgoing(const peal_op *op, peal_worker *worker,
                              const chosen *all) {
  peal_sio_packet packet;
  const peal_server *server = all->sockets[0]->local->nsp->server;
  peal_err err = peal_form_values(&packet, server, op->message, &worker->turn);
  if (err)
    return err;
  peal_slice event = peal_val_str(packet.data.as.items[0]);
  peal_args args = {packet.data.as.items + 1,
                    packet.data.len - 1 - op->has_offset};
  for (size_t i = 0; i < all->count; i++)
    if (peal_deliver_is_taken(all->sockets[i], op->to.is_volatile))
      peal_handlers_tell_outgoing(all->sockets[i], event, args);
  return PEAL_OK;
}

/* Who joins from now on has missed nothing up to here. */
static void note_offset(peal_nsp_local *local, const peal_op *op) {
  peal_slice offset =
      peal_form_last(local->nsp->server, op->message, &local->worker->turn);
  if (offset.len >= sizeof local->offset)
    return;
  memcpy(local->offset, offset.ptr, offset.len);
  local->offset[offset.len] = 0;
}

static peal_err emit(peal_nsp *nsp, const peal_op *op, const chosen *all) {
  peal_eio_item item = {.message = op->message,
                        .key = peal_packet_key(nsp, peal_names_key(&op->to)),
                        .no_compress = op->to.no_compress};
  peal_deliver_many(all->sockets, all->count, &item, op->to.is_volatile);
  return PEAL_OK;
}

/* -- moving --------------------------------------------------------------------------- */

static peal_err join(const peal_op *op, const chosen *all) {
  size_t lost = 0;
  peal_err first = PEAL_OK;
  for (size_t i = 0; i < all->count; i++) {
    peal_err err = peal_join_n(all->sockets[i], op->room);
    if (!err || err == PEAL_ERR_CLOSED)
      continue;
    first = first ? first : err;
    lost++;
  }
  if (lost)
    log_loss(all->sockets[0]->local->nsp, all->sockets[0]->local->worker,
             "a join", lost, all->count, first);
  return PEAL_OK;
}

static peal_err leave(const peal_op *op, const chosen *all) {
  for (size_t i = 0; i < all->count; i++)
    peal_leave_n(all->sockets[i], op->room);
  return PEAL_OK;
}

static peal_err disconnect(const peal_op *op, const chosen *all) {
  for (size_t i = 0; i < all->count; i++)
    peal_disconnect(all->sockets[i], op->close);
  return PEAL_OK;
}

/* -- asking ---------------------------------------------------------------------------- */

static peal_err list_ids(peal_nsp *nsp, const chosen *all,
                         peal_op_result *result) {
  if (!all->count)
    return PEAL_OK;
  size_t bytes = 0;
  for (size_t i = 0; i < all->count; i++)
    bytes += strlen(peal_socket_name(all->sockets[i])) + 1;
  char *at = result->ids = peal_mem_alloc(nsp->server->mem, bytes);
  if (!result->ids)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < all->count; i++) {
    const char *name = peal_socket_name(all->sockets[i]);
    size_t len = strlen(name) + 1;
    memcpy(at, name, len);
    at += len;
  }
  return PEAL_OK;
}

static peal_err keep(peal_op_result *result, peal_doc *doc) {
  result->doc = doc;
  return doc ? PEAL_OK : PEAL_ERR_NOMEM;
}

static peal_err run(peal_nsp *nsp, const peal_op *op, const chosen *all,
                    peal_gather *gather, peal_op_result *result) {
  switch ((peal_op_kind)op->kind) {
  case PEAL_OP_EMIT:
    return emit(nsp, op, all);
  case PEAL_OP_ASK:
    return peal_gather_ask(gather, op, all->sockets, all->count,
                           &result->count);
  case PEAL_OP_JOIN:
    return join(op, all);
  case PEAL_OP_LEAVE:
    return leave(op, all);
  case PEAL_OP_DISCONNECT:
    return disconnect(op, all);
  case PEAL_OP_COUNT:
    return PEAL_OK;
  case PEAL_OP_MEMBERS:
    return list_ids(nsp, all, result);
  case PEAL_OP_FETCH:
    return keep(result, peal_describe_sockets(all->sockets, all->count));
  case PEAL_OP_ROOMS:
    return keep(result, peal_describe_rooms(all->count ? all->sockets[0]->local
                                                       : NULL));
  case PEAL_OP_SEATS:
    return keep(result, peal_describe_seats(all->count ? all->sockets[0]->local
                                                       : NULL));
  }
  return PEAL_ERR_USAGE;
}

void peal_op_run(peal_nsp *nsp, peal_worker *worker, const peal_op *op,
                 peal_gather *gather, peal_op_result *result) {
  chosen all;
  *result = (peal_op_result){0};
  if (op->has_offset && nsp->server->store)
    note_offset(peal_nsp_local_of(nsp, worker), op);
  result->err = peal_members_select(nsp, worker, &op->to, op->without,
                                    &all.sockets, &all.count);
  if (!result->err && op->message && all.count &&
      peal_nsp_local_is_watched(peal_nsp_local_of(nsp, worker)))
    result->err = tell_outgoing(op, worker, &all);
  if (!result->err) {
    result->count = all.count;
    result->err = run(nsp, op, &all, gather, result);
  }
  if (result->err && op->kind == PEAL_OP_EMIT)
    log_loss(nsp, worker, "a broadcast", all.count, all.count, result->err);
}
