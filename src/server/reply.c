/* SPDX-License-Identifier: MIT */
/* reply: an acknowledgement that is given after the handler has returned, from
 * any thread. */
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/event.h"

/* It finds its socket again by id, which may have gone. Answered twice, the
 * second answer is none: so it lives until the end of the turn in which its
 * worker has dealt with the first. */
struct peal_reply {
  peal_mail mail;
  peal_flush flush;
  peal_nsp *nsp;
  peal_worker *worker;
  peal_doc *doc; /* the arguments, when they cross threads */
  uint64_t id;
  char socket_id[21];
  atomic_bool answered;
};

static void reply_free(peal_reply *reply) {
  peal_doc_free(reply->doc);
  peal_mem_free(reply->nsp->server->mem, reply);
}

static void on_end(peal_flush *flush) {
  reply_free(PEAL_LIST_OF(flush, peal_reply, flush));
}

peal_reply *peal_ack_later(const peal_event *event) {
  if (!event || !event->has_id || *event->acked)
    return NULL;
  peal_nsp *nsp = event->socket->local->nsp;
  peal_reply *reply = peal_mem_zalloc(nsp->server->mem, sizeof *reply);
  if (!reply)
    return NULL;
  *event->acked = true;
  atomic_init(&reply->answered, false);
  peal_list_init(&reply->flush.node);
  reply->flush.fn = on_end;
  reply->nsp = nsp;
  reply->worker = event->socket->local->worker;
  reply->id = event->id;
  memcpy(reply->socket_id, event->socket->id, sizeof reply->socket_id);
  return reply;
}

/* -- on its worker -------------------------------------------------------------------- */

static peal_err answer(const peal_reply *reply, peal_args args) {
  peal_nsp_local *local = peal_nsp_local_of(reply->nsp, reply->worker);
  peal_socket *socket = peal_adapter_find(local, reply->socket_id);
  peal_err err =
      socket ? peal_event_send_ack(socket, reply->id, args) : PEAL_OK;
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

/* A worker that is ending has no more turns at whose end it could go. */
static void release(peal_reply *reply) {
  if (peal_worker_impl_is_ending(reply->worker))
    reply_free(reply);
  else
    peal_worker_impl_flush_later(reply->worker, &reply->flush);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_reply *reply = (peal_reply *)mail;
  (void)worker;
  if (reply->doc) {
    peal_val args = peal_doc_val(reply->doc);
    (void)answer(reply, (peal_args){args.as.items, args.len});
  }
  release(reply);
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
    release(reply);
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
    release(reply);
  else
    mail_home(reply);
}
