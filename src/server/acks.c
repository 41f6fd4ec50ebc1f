/* SPDX-License-Identifier: MIT */
#include "server/acks.h"

#include "base/limits.h"
#include "base/mem.h"

#define NEVER UINT64_MAX

peal_err peal_acks_add(peal_socket *socket, uint64_t id, uint32_t timeout_ms,
                       peal_ack_fn fn, void *user) {
  const peal_mem *mem = socket->worker->mem;
  uint32_t max = socket->nsp->server->opts.max_acks;
  if (socket->ack_count >= (max ? max : PEAL_LIMIT_SIO_ACKS))
    return PEAL_ERR_LIMIT;
  peal_pending_ack *ack = peal_mem_alloc(mem, sizeof *ack);
  if (!ack)
    return PEAL_ERR_NOMEM;
  uint64_t now_ms = socket->worker->now_ms;
  *ack =
      (peal_pending_ack){.id = id,
                         .deadline = timeout_ms ? now_ms + timeout_ms : NEVER,
                         .fn = fn,
                         .user = user};
  /* Answers come in order as a rule: new ones go to the end. */
  peal_pending_ack **end = &socket->acks;
  while (*end)
    end = &(*end)->next;
  *end = ack;
  socket->ack_count++;
  return PEAL_OK;
}

static peal_pending_ack *take(peal_socket *socket, peal_pending_ack **at) {
  peal_pending_ack *ack = *at;
  *at = ack->next;
  socket->ack_count--;
  return ack;
}

static void finish(peal_socket *socket, peal_pending_ack *ack, peal_err err,
                   peal_args args) {
  peal_ack_fn fn = ack->fn;
  void *user = ack->user;
  peal_mem_free(socket->worker->mem, ack);
  fn(socket, err, args, user);
}

static peal_pending_ack **find(peal_socket *socket, uint64_t id) {
  peal_pending_ack **at = &socket->acks;
  while (*at && (*at)->id != id)
    at = &(*at)->next;
  return at;
}

void peal_acks_forget(peal_socket *socket, uint64_t id) {
  peal_pending_ack **at = find(socket, id);
  if (*at)
    peal_mem_free(socket->worker->mem, take(socket, at));
}

void peal_acks_resolve(peal_socket *socket, const peal_sio_packet *packet) {
  peal_pending_ack **at = find(socket, packet->id);
  if (*at)
    finish(socket, take(socket, at), PEAL_OK,
           (peal_args){packet->data.as.items, packet->data.len});
}

void peal_acks_expire(peal_socket *socket, uint64_t now_ms) {
  peal_pending_ack **at = &socket->acks;
  while (*at) {
    if ((*at)->deadline > now_ms) {
      at = &(*at)->next;
      continue;
    }
    finish(socket, take(socket, at), PEAL_ERR_TIMEOUT, PEAL_NO_ARGS);
    at = &socket->acks; /* the callback may have changed the list */
  }
}

void peal_acks_close(peal_socket *socket) {
  while (socket->acks)
    finish(socket, take(socket, &socket->acks), PEAL_ERR_CLOSED, PEAL_NO_ARGS);
}

uint64_t peal_acks_deadline(const peal_socket *socket) {
  uint64_t first = NEVER;
  for (const peal_pending_ack *ack = socket->acks; ack; ack = ack->next)
    if (ack->deadline < first)
      first = ack->deadline;
  return first;
}
