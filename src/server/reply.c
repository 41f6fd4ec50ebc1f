/* SPDX-License-Identifier: MIT */
#include "server/reply.h"

#include <string.h>

#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/event.h"

static peal_ticket_pool *pool_of(const peal_nsp *nsp,
                                 const peal_worker *worker) {
  return &peal_server_local_of(nsp->server, worker)->replies;
}

peal_reply *peal_ack_later(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  if (!event || !event->has_id || *event->acked)
    return NULL;
  peal_nsp *nsp = event->socket->local->nsp;
  peal_worker *worker = event->socket->local->worker;
  peal_reply *reply = peal_ticket_pool_open(pool_of(nsp, worker));
  if (!reply)
    return NULL;
  *event->acked = true;
  atomic_init(&reply->answered, false);
  reply->nsp = nsp;
  reply->worker = worker;
  reply->id = event->id;
  memcpy(reply->socket_id, event->socket->id, sizeof reply->socket_id);
  return reply;
}

/* -- on its worker -------------------------------------------------------------------- */

static peal_err answer(const peal_reply *reply, peal_args args) {
  peal_nsp_local *local = peal_nsp_local_of(reply->nsp, reply->worker);
  peal_socket *socket =
      peal_adapter_find(local, peal_slice_of(reply->socket_id));
  peal_err err =
      socket ? peal_event_send_ack(socket, reply->id, args) : PEAL_OK;
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

static void close_ticket(peal_reply *reply) {
  peal_ticket_pool_close(pool_of(reply->nsp, reply->worker), &reply->ticket);
}

/* On a worker that has ended, any thread may be here: nobody is left to answer,
 * and the ticket goes with the server. */
static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_reply *reply = PEAL_LIST_OF(mail, peal_reply, mail);
  bool is_over = peal_worker_impl_is_ending(worker);
  if (reply->doc && !is_over) {
    peal_val args = peal_doc_val(reply->doc);
    (void)answer(reply, (peal_args){args.as.items, args.len});
  }
  peal_doc_free(reply->doc);
  reply->doc = NULL;
  if (!is_over)
    close_ticket(reply);
}

/* -- any thread ------------------------------------------------------------------------ */

/* False: it was answered before. */
static bool take(peal_reply *reply) {
  return reply && !atomic_exchange(&reply->answered, true);
}

static void mail_home(peal_reply *reply) {
  reply->mail.fn = on_mail;
  peal_worker_impl_send(reply->worker, &reply->mail);
}

peal_err peal_reply_send(peal_reply *reply, peal_args args) {
  if (!take(reply))
    return PEAL_OK;
  if (peal_worker_self() == reply->worker) {
    peal_err err = answer(reply, args);
    close_ticket(reply);
    return err;
  }
  reply->doc = peal_doc_new(peal_array(args.items, args.count));
  peal_err err = reply->doc ? PEAL_OK : PEAL_ERR_NOMEM;
  mail_home(reply);
  return err;
}

void peal_reply_drop(peal_reply *reply) {
  if (!take(reply))
    return;
  if (peal_worker_self() == reply->worker)
    close_ticket(reply);
  else
    mail_home(reply);
}
