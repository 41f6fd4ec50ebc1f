/* SPDX-License-Identifier: MIT */
#include "server/dispatch.h"

#include <string.h>

#include "events/reply.h"
#include "server/deliver.h"
#include "server/event_error.h"
#include "server/event_rate.h"
#include "server/event_use.h"
#include "server/handlers.h"
#include "server/members.h"
#include "server/nsp_life.h"
#include "server/packet.h"
#include "server/slow_handler.h"
#include "server/socket_hook.h"
#include "server/tracing.h"
#include "server/wildcard.h"

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

/* It finds its socket again by id, if its namespace is still the one that it
 * was. */
typedef struct server_reply {
  peal_reply reply; /* first */
  peal_nsp *nsp;
  uint32_t serial; /* of the namespace */
  char socket_id[21];
} server_reply;

static peal_ticket_pool *pool_of(const peal_nsp *nsp,
                                 const peal_worker *worker) {
  return &peal_server_local_of(nsp->server, worker)->replies;
}

/* NULL: it has gone, perhaps with its namespace. */
static peal_socket *socket_of(const server_reply *reply,
                              const peal_worker *worker) {
  peal_nsp *nsp = reply->nsp;
  if (!peal_nsp_life_try_hold(nsp))
    return NULL;
  peal_socket *socket = nsp->serial == reply->serial
                            ? peal_members_find(peal_nsp_local_of(nsp, worker),
                                                peal_slice_of(reply->socket_id))
                            : NULL;
  peal_nsp_life_release(nsp); /* the socket has a use of it */
  return socket;
}

static peal_err reply_answer(const peal_reply *base, peal_args args) {
  const server_reply *reply = (const server_reply *)(const void *)base;
  peal_socket *socket = socket_of(reply, base->worker);
  peal_err err = socket ? send_ack(socket, base->id, args) : PEAL_OK;
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

static peal_ticket_pool *reply_pool(const peal_reply *base) {
  const server_reply *reply = (const server_reply *)(const void *)base;
  return pool_of(reply->nsp, base->worker);
}

static const peal_reply_verbs reply_verbs = {reply_answer, reply_pool};

static peal_reply *later(const peal_event *event) {
  const peal_socket *socket = event->receiver;
  peal_nsp *nsp = socket->local->nsp;
  peal_reply *base =
      peal_reply_open(pool_of(nsp, event->worker), event, &reply_verbs);
  if (!base)
    return NULL;
  server_reply *reply = (server_reply *)(void *)base;
  reply->nsp = nsp;
  reply->serial = nsp->serial;
  memcpy(reply->socket_id, socket->id, sizeof reply->socket_id);
  return base;
}

/* In the pool are those of other nodes' events, too (server_event). */
static void mark_owed(const peal_server_local *local, const peal_worker *worker,
                      const peal_ticket *ticket) {
  const server_reply *reply = (const server_reply *)(const void *)ticket;
  const peal_socket *socket =
      reply->reply.verbs == &reply_verbs ? socket_of(reply, worker) : NULL;
  if (socket && socket->client)
    socket->client->owed_at = local->owed_at;
}

void peal_dispatch_mark_owed(peal_server *server, const peal_worker *worker) {
  peal_server_local *local = peal_server_local_of(server, worker);
  const peal_list *open = &local->replies.open;
  if (!++local->owed_at) /* 0 is nobody's */
    local->owed_at = 1;
  for (peal_list *node = open->next; node != open; node = node->next)
    mark_owed(local, worker, PEAL_LIST_OF(node, peal_ticket, node));
}

void peal_dispatch_pool_init(peal_ticket_pool *pool,
                             const peal_ticket_pool_opts *opts) {
  peal_ticket_pool_opts mine = *opts;
  mine.ticket_bytes = sizeof(server_reply);
  peal_ticket_pool_init(pool, &mine);
}

/* -- dispatch ------------------------------------------------------------------------- */

/* Who asked is not left waiting, if somebody has dealt with the event. */
static void ack_for(const peal_event *event) {
  if (event->has_id && !*event->acked && !event->fate->unheard)
    (void)peal_ack(event, PEAL_NO_ARGS);
}

/* Those that the event is for. As a rule it is called once, and on the way of
 * every event. */
static inline __attribute__((always_inline)) void call_handlers(
    peal_socket *socket, const peal_event *event) {
  peal_nsp_local *local = socket->local;
  peal_hook *first = peal_hook_of_event(&local->hooks, event->name);
  bool any = peal_handlers_call(local, first, local->hooks.age, event);
  if (peal_belongings_of(socket))
    any |= peal_socket_hook_call(socket, event);
  if (!any)
    any = peal_wildcard_call(socket, event);
  if (any && local->home->auto_ack)
    ack_for(event);
}

/* Its middleware has answered, at once. */
static __attribute__((noinline)) void call_now(peal_socket *socket,
                                               const peal_event *event) {
  call_handlers(socket, event);
}

/* The same later. */
static void call_passed(peal_socket *socket, const peal_event *event) {
  peal_tracing_event traced;
  bool is_traced = peal_tracing_is_on(socket);
  if (is_traced)
    peal_tracing_begin(&traced, socket, event);
  socket->local->told++;
  peal_slow_handler_begin(socket);
  call_handlers(socket, event);
  peal_slow_handler_end(socket, event->name);
  if (is_traced)
    peal_tracing_end(&traced, socket, event);
}

/* Those that hear everything, the middleware, those that the event is for. */
static inline void run(peal_socket *socket, peal_sio_link link,
                       const peal_event *event) {
  const peal_hooks *hooks = &socket->local->hooks;
  socket->local->told++;
  peal_slow_handler_begin(socket);
  (void)peal_handlers_call(socket->local, hooks->chains[PEAL_HOOK_ANY],
                           hooks->age, event);
  if (peal_event_use_is_any(socket))
    peal_event_use_run(socket, link, event, call_now, call_passed);
  else
    call_handlers(socket, event);
  peal_slow_handler_end(socket, event->name);
}

static void run_odd(peal_socket *socket, peal_sio_link link,
                    const peal_event *event, unsigned odd) {
  peal_tracing_event traced;
  if ((odd & PEAL_ODD_RATE) && !peal_event_rate_take(socket, event))
    return;
  if (odd & PEAL_ODD_TRACE)
    peal_tracing_begin(&traced, socket, event);
  run(socket, link, event);
  if (odd & PEAL_ODD_TRACE)
    peal_tracing_end(&traced, socket, event);
}

void peal_dispatch_event(peal_socket *socket, const peal_sio_conn_event *from) {
  static const peal_event_verbs verbs = {ack, later, peal_event_error_fail};
  const peal_sio_packet *packet = &from->packet;
  if (socket->state != PEAL_SOCKET_CONNECTED)
    return;
  bool acked = false;
  peal_event_fate fate = {0};
  peal_event event = {.verbs = &verbs,
                      .receiver = socket,
                      .worker = socket->local->worker,
                      .name = peal_val_str(packet->data.as.items[0]),
                      .args = {packet->data.as.items + 1, packet->data.len - 1},
                      .id = packet->id,
                      .has_id = packet->has_id,
                      .bytes = from->bytes,
                      .acked = &acked,
                      .fate = &fate};
  unsigned odd =
      atomic_load_explicit(&socket->local->home->odd, memory_order_acquire);
  if (odd)
    run_odd(socket, from->link, &event, odd);
  else
    run(socket, from->link, &event);
}
