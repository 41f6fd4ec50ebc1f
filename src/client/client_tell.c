/* SPDX-License-Identifier: MIT */
#include "client/client_tell.h"

#include "client/client_link.h"
#include "events/reply.h"

/* -- acknowledging --------------------------------------------------------- */

/* What an event's acknowledgement needs to find its way. */
typedef struct receiver {
  peal_client_nsp *nsp;
  peal_sio_link link;
} receiver;

typedef struct client_reply {
  peal_reply reply; /* first */
  receiver to;
} client_reply;

static peal_err send_ack(const receiver *to, uint64_t id, peal_args args) {
  peal_client *client = to->nsp->client;
  if (client->phase == PEAL_CLIENT_OVER)
    return PEAL_ERR_CLOSED;
  /* A server that asks and does not read must not make us hold the answers. */
  if (peal_client_link_is_full(client))
    return PEAL_ERR_QUEUE_FULL;
  peal_err err = peal_sio_client_ack(to->nsp->state, to->link, id, args);
  peal_client_impl_react(client);
  return err;
}

static peal_err ack(const peal_event *event, peal_args args) {
  return send_ack(event->receiver, event->id, args);
}

static peal_err reply_answer(const peal_reply *base, peal_args args) {
  const client_reply *reply = (const client_reply *)(const void *)base;
  peal_err err = send_ack(&reply->to, base->id, args);
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

static peal_ticket_pool *reply_pool(const peal_reply *base) {
  const client_reply *reply = (const client_reply *)(const void *)base;
  return &reply->to.nsp->client->replies;
}

static peal_reply *later(const peal_event *event) {
  static const peal_reply_verbs verbs = {reply_answer, reply_pool};
  const receiver *to = event->receiver;
  if (to->nsp->client->phase == PEAL_CLIENT_OVER)
    return NULL;
  peal_reply *base = peal_reply_open(&to->nsp->client->replies, event, &verbs);
  if (base)
    ((client_reply *)(void *)base)->to = *to;
  return base;
}

void peal_client_tell_pool_init(peal_client *client,
                                const peal_ticket_pool_opts *opts) {
  peal_ticket_pool_opts mine = *opts;
  mine.ticket_bytes = sizeof(client_reply);
  peal_ticket_pool_init(&client->replies, &mine);
}

/* -- hooks ----------------------------------------------------------------- */

/* The first of the chain from `hook` on that is to be called; one that is to be
 * called once is removed with that. NULL: nobody is told any more. */
static peal_hook *next_of(peal_client *client, peal_hook *hook, uint64_t age) {
  if (client->is_freed)
    return NULL;
  hook = peal_hook_live(hook, age);
  if (hook && hook->once) {
    hook->removed = true;
    peal_turn_flush_later(client->worker, &client->sweep);
  }
  return hook;
}

#define FOR_EACH(hook, client, first, age)                                     \
  for (peal_hook *hook = next_of(client, first, age); hook;                    \
       hook = next_of(client, hook->next, age))

static void call_chain(peal_client_nsp *nsp, peal_hook *first, uint64_t age,
                       const peal_event *event) {
  FOR_EACH(hook, nsp->client, first, age)
  hook->fn.client_event(nsp, event, hook->user);
}

void peal_client_tell_event(peal_client_nsp *nsp,
                            const peal_sio_client_event *it) {
  static const peal_event_verbs verbs = {.ack = ack, .later = later};
  const peal_sio_packet *packet = &it->packet;
  receiver to = {nsp, it->link};
  bool acked = false;
  peal_event event = {.verbs = &verbs,
                      .receiver = &to,
                      .worker = nsp->client->worker,
                      .name = peal_val_str(packet->data.as.items[0]),
                      .args = {packet->data.as.items + 1, packet->data.len - 1},
                      .id = packet->id,
                      .has_id = packet->has_id,
                      .acked = &acked};
  uint64_t age = nsp->hooks.age;
  call_chain(nsp, nsp->hooks.chains[PEAL_HOOK_ANY], age, &event);
  if (!nsp->client->is_freed)
    call_chain(nsp, peal_hook_of_event(&nsp->hooks, event.name), age, &event);
}

void peal_client_tell_outgoing(peal_client_nsp *nsp, peal_slice event,
                               peal_args args) {
  uint64_t age = nsp->hooks.age;
  FOR_EACH(hook, nsp->client, nsp->hooks.chains[PEAL_HOOK_OUTGOING], age)
  hook->fn.client_outgoing(nsp, event, args, hook->user);
}

void peal_client_tell_connect(peal_client_nsp *nsp) {
  uint64_t age = nsp->hooks.age;
  FOR_EACH(hook, nsp->client, nsp->hooks.chains[PEAL_HOOK_CONNECT], age)
  hook->fn.client_connect(nsp, hook->user);
}

void peal_client_tell_connect_error(peal_client_nsp *nsp,
                                    const peal_client_problem *problem) {
  uint64_t age = nsp->hooks.age;
  FOR_EACH(hook, nsp->client, nsp->hooks.chains[PEAL_HOOK_CONNECT_ERROR], age)
  hook->fn.client_connect_error(nsp, problem, hook->user);
}

void peal_client_tell_disconnect(peal_client_nsp *nsp,
                                 peal_client_reason reason, peal_err err) {
  uint64_t age = nsp->hooks.age;
  FOR_EACH(hook, nsp->client, nsp->hooks.chains[PEAL_HOOK_DISCONNECT], age)
  hook->fn.client_disconnect(nsp, reason, err, hook->user);
}

void peal_client_tell_notice(peal_client *client,
                             const peal_client_notice *notice) {
  uint64_t age = client->hooks.age;
  FOR_EACH(hook, client, client->hooks.chains[PEAL_HOOK_NOTICE], age)
  hook->fn.client_notice(client, notice, hook->user);
}
