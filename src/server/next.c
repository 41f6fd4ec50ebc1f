/* SPDX-License-Identifier: MIT */
#include "server/next.h"

#include "base/mem.h"
#include "server/socket.h"
#include "server/socket_extra.h"

static void on_end(peal_flush *flush) {
  peal_next_free(PEAL_LIST_OF(flush, peal_next, flush));
}

peal_next *peal_next_new(peal_socket *socket, peal_sio_link link) {
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  peal_next *next =
      extra ? peal_mem_alloc(socket->local->worker->mem, sizeof *next) : NULL;
  if (!next)
    return NULL;
  *next = (peal_next){.socket = socket,
                      .worker = socket->local->worker,
                      .link = link,
                      .flush.fn = on_end,
                      .called = true};
  peal_list_init(&next->flush.node);
  extra->next = next;
  return next;
}

static void drop_held(peal_next *next) {
  const peal_socket *socket = next->socket;
  peal_account *account =
      socket->client ? peal_engine_conn_account(socket->client->conn) : NULL;
  peal_hold_clear(&next->hold, account, next->worker->mem);
  peal_doc_free(next->refusal);
  next->refusal = NULL;
}

void peal_next_release(peal_next *next) {
  drop_held(next);
  next->socket->extra->next = NULL;
  peal_socket_extra_trim(next->socket);
  next->socket = NULL;
  peal_worker_impl_flush_later(next->worker, &next->flush);
}

void peal_next_orphan(peal_next *next) {
  drop_held(next);
  peal_socket_detach(next->socket);
}

void peal_next_bury(peal_next *next) {
  peal_next_orphan(next);
  next->called = true;
  peal_worker_impl_flush_later(next->worker, &next->flush);
}

void peal_next_free(peal_next *next) {
  peal_list_remove(&next->flush.node);
  if (next->socket) {
    drop_held(next);
    next->socket->extra->next = NULL;
    peal_socket_free(next->socket);
  }
  peal_mem_free(next->worker->mem, next);
}
