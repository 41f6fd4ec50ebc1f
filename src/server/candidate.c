/* SPDX-License-Identifier: MIT */
#include "server/candidate.h"

#include <string.h>

#include "base/mem.h"
#include "server/socket.h"
#include "server/socket_extra.h"

static void on_end(peal_flush *flush) {
  peal_candidate_free(PEAL_LIST_OF(flush, peal_candidate, flush));
}

static peal_candidate_ask *ask_new(peal_slice name, const peal_mem *mem) {
  peal_candidate_ask *ask = peal_mem_zalloc(mem, sizeof *ask + name.len + 1);
  if (!ask)
    return NULL;
  ask->name_len = name.len;
  memcpy(ask->name, name.ptr, name.len);
  return ask;
}

peal_candidate *peal_candidate_new(peal_socket *socket, peal_sio_link link,
                                   peal_slice name) {
  const peal_mem *mem = socket->local->worker->mem;
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  peal_candidate_ask *ask = name.ptr && extra ? ask_new(name, mem) : NULL;
  peal_candidate *candidate = extra && (ask || !name.ptr)
                                  ? peal_mem_alloc(mem, sizeof *candidate)
                                  : NULL;
  if (!candidate) {
    peal_mem_free(mem, ask);
    return NULL;
  }
  *candidate = (peal_candidate){.socket = socket,
                                .worker = socket->local->worker,
                                .link = link,
                                .ask = ask,
                                .flush.fn = on_end};
  peal_list_init(&candidate->flush.node);
  extra->candidate = candidate;
  return candidate;
}

void peal_candidate_asked(peal_candidate *candidate) {
  peal_mem_free(candidate->worker->mem, candidate->ask);
  candidate->ask = NULL;
}

static void drop_held(peal_candidate *candidate) {
  peal_recovery_held_drop(candidate->socket->local->nsp->server,
                          &candidate->held);
  const peal_socket *socket = candidate->socket;
  peal_account *account =
      socket->client ? peal_engine_conn_account(socket->client->conn) : NULL;
  peal_hold_clear(&candidate->hold, account, candidate->worker->mem);
  peal_doc_free(candidate->refusal);
  candidate->refusal = NULL;
}

void peal_candidate_release(peal_candidate *candidate) {
  drop_held(candidate);
  candidate->socket->extra->candidate = NULL;
  peal_socket_extra_trim(candidate->socket);
  candidate->socket = NULL;
  peal_worker_impl_flush_later(candidate->worker, &candidate->flush);
}

void peal_candidate_orphan(peal_candidate *candidate) {
  drop_held(candidate);
  peal_socket_detach(candidate->socket);
}

void peal_candidate_bury(peal_candidate *candidate) {
  peal_candidate_orphan(candidate);
  peal_worker_impl_flush_later(candidate->worker, &candidate->flush);
}

void peal_candidate_free(peal_candidate *candidate) {
  peal_list_remove(&candidate->flush.node);
  if (candidate->socket) {
    drop_held(candidate);
    candidate->socket->extra->candidate = NULL;
    peal_socket_free(candidate->socket);
  }
  peal_candidate_asked(candidate);
  peal_mem_free(candidate->worker->mem, candidate);
}
