/* SPDX-License-Identifier: MIT */
#include "server/dispatch.h"

#include <string.h>

#include "events/reply.h"
#include "server/deliver.h"
#include "server/handlers.h"
#include "server/members.h"
#include "server/packet.h"
#include "server/socket_hook.h"

/* -- acknowledging ------------------------------------------------------------------- */

static peal_err send_ack(peal_socket *socket, uint64_t id, peal_args args) {
  peal_eio_item item;
  peal_err err = peal_packet_ack(&item, socket, id, args);
  if (err)
    return err;
  item.keep = true; /* the other end waits for it */
  err = peal_deliver_one(socket, &item, false);
  peal_packet_release(&item);
  return err;
}

static peal_err ack(const peal_event *event, peal_args args) {
  return send_ack(event->receiver, event->id, args);
}

/* -- acknowledging later ------------------------------------------------------------- */

/* It finds its socket again by id. */
typedef struct server_reply {
  peal_reply reply; /* first */
  peal_nsp *nsp;
  char socket_id[21];
} server_reply;

static peal_ticket_pool *pool_of(const peal_nsp *nsp,
                                 const peal_worker *worker) {
  return &peal_server_local_of(nsp->server, worker)->replies;
}

static peal_err reply_answer(const peal_reply *base, peal_args args) {
  const server_reply *reply = (const server_reply *)(const void *)base;
  peal_nsp_local *local = peal_nsp_local_of(reply->nsp, base->worker);
  peal_socket *socket =
      peal_members_find(local, peal_slice_of(reply->socket_id));
  peal_err err = socket ? send_ack(socket, base->id, args) : PEAL_OK;
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

static peal_ticket_pool *reply_pool(const peal_reply *base) {
  const server_reply *reply = (const server_reply *)(const void *)base;
  return pool_of(reply->nsp, base->worker);
}

static peal_reply *later(const peal_event *event) {
  static const peal_reply_verbs verbs = {reply_answer, reply_pool};
  const peal_socket *socket = event->receiver;
  peal_nsp *nsp = socket->local->nsp;
  peal_reply *base =
      peal_reply_open(pool_of(nsp, event->worker), event, &verbs);
  if (!base)
    return NULL;
  server_reply *reply = (server_reply *)(void *)base;
  reply->nsp = nsp;
  memcpy(reply->socket_id, socket->id, sizeof reply->socket_id);
  return base;
}

void peal_dispatch_mark_owed(peal_server *server, const peal_worker *worker) {
  peal_server_local *local = peal_server_local_of(server, worker);
  const peal_list *open = &local->replies.open;
  if (!++local->owed_at) /* 0 is nobody's */
    local->owed_at = 1;
  for (peal_list *node = open->next; node != open; node = node->next) {
    const server_reply *reply =
        (const server_reply *)(const void *)PEAL_LIST_OF(node, peal_ticket,
                                                         node);
    const peal_socket *socket = peal_members_find(
        peal_nsp_local_of(reply->nsp, worker), peal_slice_of(reply->socket_id));
    if (socket && socket->client)
      socket->client->owed_at = local->owed_at;
  }
}

void peal_dispatch_pool_init(peal_ticket_pool *pool,
                             const peal_ticket_pool_opts *opts) {
  peal_ticket_pool_opts mine = *opts;
  mine.ticket_bytes = sizeof(server_reply);
  peal_ticket_pool_init(pool, &mine);
}

/* -- dispatch ------------------------------------------------------------------------- */

/* Until a handler disconnects it. */
static void call_chain(peal_hook *hook, uint64_t age, const peal_event *event) {
  peal_socket *socket = event->receiver;
  for (hook = peal_hook_live(hook, age);
       hook && socket->state == PEAL_SOCKET_CONNECTED;
       hook = peal_hook_live(hook->next, age))
    if (peal_handlers_claim(socket->local, hook))
      hook->fn.event(socket, event, hook->user);
}

void peal_dispatch_event(peal_socket *socket, const peal_sio_packet *packet) {
  static const peal_event_verbs verbs = {ack, later};
  if (socket->state != PEAL_SOCKET_CONNECTED)
    return;
  bool acked = false;
  peal_event event = {.verbs = &verbs,
                      .receiver = socket,
                      .worker = socket->local->worker,
                      .name = peal_val_str(packet->data.as.items[0]),
                      .args = {packet->data.as.items + 1, packet->data.len - 1},
                      .id = packet->id,
                      .has_id = packet->has_id,
                      .acked = &acked};
  peal_hooks *hooks = &socket->local->hooks;
  uint64_t age = hooks->age;
  socket->local->told++;
  call_chain(hooks->chains[PEAL_HOOK_ANY], age, &event);
  call_chain(peal_hook_of_event(hooks, event.name), age, &event);
  if (peal_belongings_of(socket))
    peal_socket_hook_call(socket, &event, event.name);
}
