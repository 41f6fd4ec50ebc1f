/* SPDX-License-Identifier: MIT */
#include "server/deliver.h"

#include "net/worker_impl.h"
#include "proto/proto_limits.h"
#include "server/candidate.h"
#include "server/tracing.h"

/* A delivery touches little, but of ever new connections. */
#define PREFETCH_FAR 8u
#define PREFETCH_NEAR 4u

static bool is_early(const peal_socket *socket) {
  return socket->state == PEAL_SOCKET_PENDING ||
         socket->state == PEAL_SOCKET_ACCEPTING;
}

bool peal_deliver_is_taken(const peal_socket *socket, bool is_volatile) {
  if (is_early(socket))
    return true;
  return socket->state == PEAL_SOCKET_CONNECTED &&
         (!is_volatile || peal_engine_conn_is_writable(socket->client->conn));
}

static peal_err hold_back(peal_socket *socket, const peal_eio_item *item) {
  size_t max = socket->local->nsp->server->opts.max_queue_bytes;
  return peal_hold_add(&socket->extra->candidate->hold, item,
                       max ? max : PEAL_LIMIT_QUEUE_BYTES,
                       peal_engine_conn_account(socket->client->conn),
                       socket->local->worker->mem);
}

static peal_err queue(const peal_socket *socket, const peal_eio_item *item) {
  peal_err err = peal_engine_conn_send(socket->client->conn, item);
  if (err == PEAL_ERR_QUEUE_FULL)
    peal_figures_add(&peal_figures_of(socket)->queue_full, 1);
  return err;
}

static void count_out(const peal_socket *socket, const peal_eio_item *item,
                      uint64_t sent) {
  peal_figures *figures = peal_figures_of(socket);
  peal_figures_add(&figures->events_out, sent);
  peal_figures_add(&figures->bytes_out, sent * peal_message_len(item->message));
}

peal_err peal_deliver_one(peal_socket *socket, const peal_eio_item *item,
                          bool is_volatile) {
  if (is_early(socket))
    return hold_back(socket, item);
  if (socket->state != PEAL_SOCKET_CONNECTED)
    return PEAL_ERR_CLOSED;
  if (is_volatile && !peal_engine_conn_is_writable(socket->client->conn)) {
    peal_figures_add(&peal_figures_of(socket)->dropped_volatile, 1);
    return PEAL_OK;
  }
  peal_err err = queue(socket, item);
  if (!err)
    count_out(socket, item, 1);
  if (!err && peal_tracing_is_on(socket))
    peal_tracing_out(socket, item);
  return err;
}

/* The same to one of many: how many were sent it. */
static unsigned deliver_traced(const peal_socket *socket,
                               const peal_eio_item *item) {
  if (queue(socket, item))
    return 0;
  peal_tracing_out(socket, item);
  return 1;
}

static void prefetch(const peal_socket *socket) {
  if (socket->client)
    peal_engine_conn_prefetch(socket->client->conn);
}

void peal_deliver_many(peal_socket *const *sockets, size_t count,
                       const peal_eio_item *item, bool is_volatile) {
  uint64_t sent = 0;
  bool is_traced = count && peal_tracing_is_on(sockets[0]);
  for (size_t i = 0; i < count; i++) {
    if (i + PREFETCH_FAR < count)
      __builtin_prefetch(sockets[i + PREFETCH_FAR]);
    if (i + PREFETCH_NEAR < count)
      prefetch(sockets[i + PREFETCH_NEAR]);
    const peal_socket *socket = sockets[i];
    if (socket->state != PEAL_SOCKET_CONNECTED)
      continue;
    if (!is_volatile || peal_engine_conn_is_writable(socket->client->conn))
      sent += is_traced ? deliver_traced(socket, item) : !queue(socket, item);
    else
      peal_figures_add(&peal_figures_of(socket)->dropped_volatile, 1);
  }
  if (sent)
    count_out(sockets[0], item, sent);
}
