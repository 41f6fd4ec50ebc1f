/* SPDX-License-Identifier: MIT */
/* nsp_ops: operations on the sockets that a peal_to names, on all workers:
 * join, leave, disconnect, count, list. */
#include <string.h>

#include "base/mem.h"
#include "server/adapter.h"
#include "server/op.h"

/* -- moving -------------------------------------------------------------------------- */

typedef struct move_data {
  const char *room;
  bool close;
} move_data;

typedef void (*move_fn)(peal_socket *socket, const move_data *move);

static void each_selected(peal_op *op, peal_worker *worker, move_fn fn) {
  peal_socket **sockets;
  size_t count;
  if (peal_adapter_select(op->nsp, worker, &op->to, op->without, &sockets,
                          &count))
    return;
  for (size_t i = 0; i < count; i++)
    fn(sockets[i], op->data);
}

static void join_one(peal_socket *socket, const move_data *move) {
  peal_err err = peal_join(socket, move->room);
  if (err && err != PEAL_ERR_CLOSED)
    peal_logger_write(socket->nsp->server->log, PEAL_LOG_WARN, "server",
                      (peal_slice){0}, peal_slice_of(socket->id),
                      "cannot join a room: %s", peal_err_message(err));
}

static void leave_one(peal_socket *socket, const move_data *move) {
  peal_leave(socket, move->room);
}

static void disconnect_one(peal_socket *socket, const move_data *move) {
  peal_disconnect(socket, move->close);
}

static void join_run(peal_op *op, peal_worker *worker) {
  each_selected(op, worker, join_one);
}

static void leave_run(peal_op *op, peal_worker *worker) {
  each_selected(op, worker, leave_one);
}

static void disconnect_run(peal_op *op, peal_worker *worker) {
  each_selected(op, worker, disconnect_one);
}

static peal_err move_all(peal_nsp *nsp, const peal_to *to, const char *room,
                         bool close,
                         void (*run)(peal_op *op, peal_worker *worker)) {
  peal_op *op = peal_op_new(nsp, to, NULL);
  move_data *data = op ? peal_arena_alloc(&op->strings, sizeof *data) : NULL;
  if (data) {
    data->close = close;
    data->room = peal_arena_str(&op->strings, peal_slice_of(room ? room : ""));
  }
  if (!data || !data->room) {
    peal_op_unref(op);
    return PEAL_ERR_NOMEM;
  }
  op->data = data;
  op->run = run;
  return peal_op_run(op, false);
}

peal_err peal_nsp_join(peal_nsp *nsp, const peal_to *to, const char *room) {
  return room ? move_all(nsp, to, room, false, join_run) : PEAL_ERR_USAGE;
}

peal_err peal_nsp_leave(peal_nsp *nsp, const peal_to *to, const char *room) {
  return room ? move_all(nsp, to, room, false, leave_run) : PEAL_ERR_USAGE;
}

peal_err peal_nsp_disconnect(peal_nsp *nsp, const peal_to *to, bool close) {
  return move_all(nsp, to, NULL, close, disconnect_run);
}

/* -- asking ----------------------------------------------------------------------------- */

typedef struct worker_members {
  char *ids; /* `count` ids of ID_ROOM bytes, or NULL */
  size_t count;
  bool failed;
} worker_members;

#define ID_ROOM 21u

/* Each worker writes its own slot; the home worker reads when all have. */
typedef struct census_data {
  peal_members_fn fn;
  void *user;
  bool with_ids;
  worker_members slots[];
} census_data;

static void census_run(peal_op *op, peal_worker *worker) {
  census_data *data = op->data;
  worker_members *slot = &data->slots[peal_worker_index(worker)];
  peal_socket **sockets;
  if (peal_adapter_select(op->nsp, worker, &op->to, op->without, &sockets,
                          &slot->count)) {
    slot->failed = true;
    return;
  }
  if (!data->with_ids || !slot->count)
    return;
  slot->ids = peal_mem_alloc(op->nsp->server->mem, slot->count * ID_ROOM);
  slot->failed = !slot->ids;
  for (size_t i = 0; slot->ids && i < slot->count; i++)
    memcpy(slot->ids + i * ID_ROOM, sockets[i]->id, ID_ROOM);
}

static void census_finish(peal_op *op) {
  census_data *data = op->data;
  unsigned workers = op->nsp->server->worker_count;
  size_t count = 0;
  bool failed = false;
  for (unsigned i = 0; i < workers; i++) {
    count += data->slots[i].count;
    failed = failed || data->slots[i].failed;
  }
  peal_val *ids = NULL;
  if (data->with_ids && count && !failed)
    ids = peal_arena_alloc(&op->home->turn, count * sizeof *ids);
  if (data->with_ids && count && !ids)
    failed = true;
  size_t at = 0;
  for (unsigned i = 0; ids && i < workers; i++)
    for (size_t j = 0; j < data->slots[i].count; j++)
      ids[at++] = peal_str(data->slots[i].ids + j * ID_ROOM);
  if (failed)
    data->fn(PEAL_ERR_NOMEM, 0, PEAL_NO_ARGS, data->user);
  else
    data->fn(PEAL_OK, count, (peal_args){ids, ids ? count : 0}, data->user);
}

static void census_release(peal_op *op) {
  census_data *data = op->data;
  for (unsigned i = 0; i < op->nsp->server->worker_count; i++)
    peal_mem_free(op->nsp->server->mem, data->slots[i].ids);
}

static peal_err take_census(peal_nsp *nsp, const peal_to *to, bool with_ids,
                            peal_members_fn fn, void *user) {
  if (!fn)
    return PEAL_ERR_USAGE;
  size_t size =
      sizeof(census_data) + nsp->server->worker_count * sizeof(worker_members);
  peal_op *op = peal_op_new(nsp, to, NULL);
  census_data *data = op ? peal_arena_alloc(&op->strings, size) : NULL;
  if (!data) {
    peal_op_unref(op);
    return PEAL_ERR_NOMEM;
  }
  memset(data, 0, size);
  data->fn = fn;
  data->user = user;
  data->with_ids = with_ids;
  op->data = data;
  op->run = census_run;
  op->finish = census_finish;
  op->release = census_release;
  return peal_op_run(op, false);
}

peal_err peal_nsp_count(peal_nsp *nsp, const peal_to *to, peal_members_fn fn,
                        void *user) {
  return take_census(nsp, to, false, fn, user);
}

peal_err peal_nsp_members(peal_nsp *nsp, const peal_to *to, peal_members_fn fn,
                          void *user) {
  return take_census(nsp, to, true, fn, user);
}

void peal_nsp_each(peal_nsp *nsp, const peal_to *to, peal_socket_fn fn,
                   void *user) {
  peal_worker *worker = peal_worker_self();
  peal_socket **sockets;
  size_t count;
  if (!worker || worker->group != nsp->server->workers ||
      peal_adapter_select(nsp, worker, to, NULL, &sockets, &count))
    return;
  for (size_t i = 0; i < count; i++)
    fn(sockets[i], user);
}
