/* SPDX-License-Identifier: MIT */
#include "server/acks.h"

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/server_limits.h"
#include "server/socket_extra.h"

#define NEVER UINT64_MAX

/* -- the list: in order of emission, and answers come in that order as a rule -- */

static void append(peal_ack_list *list, peal_pending_ack *ack) {
  ack->next = NULL;
  if (list->last)
    list->last->next = ack;
  else
    list->first = ack;
  list->last = ack;
  list->count++;
}

/* The one behind `before` (NULL: the first), taken out. */
static peal_pending_ack *take(peal_ack_list *list, peal_pending_ack *before) {
  peal_pending_ack *ack = before ? before->next : list->first;
  if (before)
    before->next = ack->next;
  else
    list->first = ack->next;
  if (list->last == ack)
    list->last = before;
  list->count--;
  return ack;
}

static peal_pending_ack *take_id(peal_ack_list *list, uint64_t id) {
  peal_pending_ack *before = NULL;
  for (peal_pending_ack *at = list->first; at; before = at, at = at->next)
    if (at->id == id)
      return take(list, before);
  return NULL;
}

/* All whose deadline has come, in order. */
static peal_pending_ack *take_due(peal_ack_list *list, uint64_t now_ms) {
  peal_ack_list due = {0};
  peal_pending_ack *before = NULL;
  peal_pending_ack *at = list->first;
  while (at) {
    peal_pending_ack *next = at->next;
    if (at->deadline <= now_ms)
      append(&due, take(list, before));
    else
      before = at;
    at = next;
  }
  return due.first;
}

static peal_ack_list *list_of(const peal_socket *socket) {
  return socket->extra ? &socket->extra->acks : NULL;
}

/* -- adding --------------------------------------------------------------------- */

peal_err peal_acks_add(peal_socket *socket, uint64_t id, uint32_t timeout_ms,
                       peal_ack_fn fn, void *user) {
  const peal_mem *mem = socket->local->worker->mem;
  uint32_t max = socket->local->nsp->server->opts.max_acks;
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  if (!extra)
    return PEAL_ERR_NOMEM;
  if (extra->acks.count >= (max ? max : PEAL_LIMIT_SIO_ACKS))
    return PEAL_ERR_LIMIT;
  peal_pending_ack *ack = peal_mem_alloc(mem, sizeof *ack);
  if (!ack)
    return PEAL_ERR_NOMEM;
  uint64_t now_ms = socket->local->worker->now_ms;
  *ack =
      (peal_pending_ack){.id = id,
                         .deadline = timeout_ms ? now_ms + timeout_ms : NEVER,
                         .fn = fn,
                         .user = user};
  append(&extra->acks, ack);
  return PEAL_OK;
}

void peal_acks_forget(peal_socket *socket, uint64_t id) {
  peal_ack_list *list = list_of(socket);
  if (list)
    peal_mem_free(socket->local->worker->mem, take_id(list, id));
}

/* -- ending --------------------------------------------------------------------- */

/* It is in no list any more. */
static void tell(peal_socket *socket, peal_pending_ack *ack, peal_err err,
                 peal_args args) {
  peal_ack_fn fn = ack->fn;
  void *user = ack->user;
  peal_mem_free(socket->local->worker->mem, ack);
  fn(socket, err, args, user);
}

static void tell_all(peal_socket *socket, peal_pending_ack *first,
                     peal_err err) {
  while (first) {
    peal_pending_ack *ack = first;
    first = ack->next;
    tell(socket, ack, err, PEAL_NO_ARGS);
  }
}

void peal_acks_resolve(peal_socket *socket, const peal_sio_packet *packet) {
  peal_ack_list *list = list_of(socket);
  peal_pending_ack *ack = list ? take_id(list, packet->id) : NULL;
  if (ack)
    tell(socket, ack, PEAL_OK,
         (peal_args){packet->data.as.items, packet->data.len});
}

void peal_acks_expire(peal_socket *socket, uint64_t now_ms) {
  peal_ack_list *list = list_of(socket);
  if (list)
    tell_all(socket, take_due(list, now_ms), PEAL_ERR_TIMEOUT);
}

void peal_acks_close(peal_socket *socket) {
  peal_ack_list *list = list_of(socket);
  while (list && list->first)
    tell(socket, take(list, NULL), PEAL_ERR_CLOSED, PEAL_NO_ARGS);
}

uint64_t peal_acks_deadline(const peal_socket *socket) {
  const peal_ack_list *list = list_of(socket);
  uint64_t first = NEVER;
  for (const peal_pending_ack *ack = list ? list->first : NULL; ack;
       ack = ack->next)
    if (ack->deadline < first)
      first = ack->deadline;
  return first;
}
