/* SPDX-License-Identifier: MIT */
#include "server/event.h"

#include <string.h>

#include "net/worker_impl.h"
#include "server/deliver.h"
#include "server/handlers.h"
#include "server/packet.h"
#include "server/socket_hook.h"

/* -- reading -------------------------------------------------------------------------- */

peal_slice peal_event_name(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event ? event->name : (peal_slice){0};
}

peal_args peal_event_args(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event ? event->args : PEAL_NO_ARGS;
}

peal_val peal_event_arg(const peal_event *event, size_t index) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event && index < event->args.count ? event->args.items[index]
                                            : peal_undefined();
}

const char *peal_event_str(const peal_event *event, size_t index) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  peal_val value = peal_event_arg(event, index);
  peal_slice text = peal_val_str(value);
  if (!peal_val_is(value, PEAL_STRING) ||
      (text.len && memchr(text.ptr, '\0', text.len)))
    return NULL;
  return peal_arena_str(&event->socket->local->worker->turn, text);
}

bool peal_event_wants_ack(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event && event->has_id;
}

/* -- dispatch ------------------------------------------------------------------------- */

/* Until a handler disconnects it. */
static void call_chain(peal_hook *hook, uint64_t age, const peal_event *event) {
  peal_socket *socket = event->socket;
  for (hook = peal_hook_live(hook, age);
       hook && socket->state == PEAL_SOCKET_CONNECTED;
       hook = peal_hook_live(hook->next, age))
    if (peal_handlers_claim(socket->local, hook))
      hook->fn.event(socket, event, hook->user);
}

void peal_event_dispatch(peal_socket *socket, const peal_sio_packet *packet) {
  if (socket->state != PEAL_SOCKET_CONNECTED)
    return;
  bool acked = false;
  peal_event event = {.socket = socket,
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

/* -- acknowledging ------------------------------------------------------------------- */

peal_err peal_event_send_ack(peal_socket *socket, uint64_t id, peal_args args) {
  peal_eio_item item;
  peal_err err = peal_packet_ack(&item, socket, id, args);
  if (err)
    return err;
  item.keep = true; /* the other end waits for it */
  err = peal_deliver_one(socket, &item, false);
  peal_packet_release(&item);
  return err;
}

peal_err peal_ack(const peal_event *event, peal_args args) {
  PEAL_ON_EVENT(event, "peal_ack_later here and peal_reply_send there");
  if (!event)
    return PEAL_ERR_USAGE;
  if (!event->has_id || *event->acked)
    return PEAL_OK;
  *event->acked = true;
  return peal_event_send_ack(event->socket, event->id, args);
}
