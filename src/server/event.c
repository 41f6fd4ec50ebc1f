/* SPDX-License-Identifier: MIT */
#include "server/event.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "server/nsp.h"
#include "server/packet.h"
#include "server/socket.h"

/* -- reading -------------------------------------------------------------------------- */

peal_slice peal_event_name(const peal_event *event) {
  return event->name;
}

peal_args peal_event_args(const peal_event *event) {
  return event->args;
}

peal_val peal_event_arg(const peal_event *event, size_t index) {
  return index < event->args.count ? event->args.items[index]
                                   : peal_undefined();
}

const char *peal_event_str(const peal_event *event, size_t index) {
  peal_val value = peal_event_arg(event, index);
  peal_slice text = peal_val_str(value);
  if (!peal_val_is(value, PEAL_STRING) ||
      (text.len && memchr(text.ptr, '\0', text.len)))
    return NULL;
  return peal_arena_str(&event->socket->worker->turn, text);
}

bool peal_event_wants_ack(const peal_event *event) {
  return event->has_id;
}

/* -- dispatch ------------------------------------------------------------------------- */

static void call_chain(const peal_hook *hook, const peal_event *event) {
  for (; hook; hook = hook->next) {
    if (event->socket->state != PEAL_SOCKET_CONNECTED)
      return; /* a handler has disconnected it */
    hook->fn.event(event->socket, event, hook->user);
  }
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
  call_chain(socket->nsp->any, &event);
  call_chain(peal_nsp_handlers(socket->nsp, socket->worker, event.name),
             &event);
}

/* -- acknowledging ------------------------------------------------------------------- */

static peal_err send_ack(peal_socket *socket, uint64_t id, peal_args args) {
  peal_eio_item item;
  peal_err err = peal_packet_ack(&item, socket, id, args);
  if (err)
    return err;
  item.keep = true; /* the other end waits for it */
  err = peal_socket_deliver(socket, &item, false);
  peal_packet_release(&item);
  return err;
}

peal_err peal_ack(const peal_event *event, peal_args args) {
  if (!event->has_id || *event->acked)
    return PEAL_OK;
  *event->acked = true;
  return send_ack(event->socket, event->id, args);
}

/* Finds its socket again by id: it may have gone, and another thread may
 * answer. */
struct peal_reply {
  peal_mail mail;
  peal_nsp *nsp;
  peal_worker *worker;
  peal_doc *doc; /* the arguments, when they cross threads */
  uint64_t id;
  char socket_id[21];
};

peal_reply *peal_ack_later(const peal_event *event) {
  if (!event->has_id || *event->acked)
    return NULL;
  peal_nsp *nsp = event->socket->nsp;
  peal_reply *reply = peal_mem_zalloc(nsp->server->mem, sizeof *reply);
  if (!reply)
    return NULL;
  *event->acked = true;
  reply->nsp = nsp;
  reply->worker = event->socket->worker;
  reply->id = event->id;
  memcpy(reply->socket_id, event->socket->id, sizeof reply->socket_id);
  return reply;
}

void peal_reply_drop(peal_reply *reply) {
  if (!reply)
    return;
  peal_doc_free(reply->doc);
  peal_mem_free(reply->nsp->server->mem, reply);
}

static peal_err reply_now(const peal_reply *reply, peal_args args) {
  peal_nsp_local *local = peal_nsp_local_of(reply->nsp, reply->worker);
  peal_socket *socket =
      peal_map_get(&local->sockets, peal_slice_of(reply->socket_id));
  peal_err err = socket ? send_ack(socket, reply->id, args) : PEAL_OK;
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

static void on_reply_mail(peal_worker *worker, peal_mail *mail) {
  peal_reply *reply = (peal_reply *)mail;
  peal_val args = peal_doc_val(reply->doc);
  (void)worker;
  (void)reply_now(reply, (peal_args){args.as.items, args.len});
  peal_reply_drop(reply);
}

peal_err peal_reply_send(peal_reply *reply, peal_args args) {
  if (!reply)
    return PEAL_OK;
  peal_err err = PEAL_OK;
  if (peal_worker_self() == reply->worker) {
    err = reply_now(reply, args);
    peal_reply_drop(reply);
    return err;
  }
  reply->doc = peal_doc_new(peal_array(args.items, args.count));
  if (!reply->doc) {
    peal_reply_drop(reply);
    return PEAL_ERR_NOMEM;
  }
  reply->mail.fn = on_reply_mail;
  peal_worker_impl_send(reply->worker, &reply->mail);
  return PEAL_OK;
}
