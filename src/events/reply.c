/* SPDX-License-Identifier: MIT */
#include "events/reply.h"

peal_reply *peal_reply_open(peal_ticket_pool *pool, const peal_event *event,
                            const peal_reply_verbs *verbs) {
  peal_reply *reply = peal_ticket_pool_open(pool);
  if (!reply)
    return NULL;
  atomic_init(&reply->answered, false);
  reply->verbs = verbs;
  reply->worker = event->worker;
  reply->id = event->id;
  return reply;
}

/* -- on its worker ------------------------------------------------------------ */

static void close_ticket(peal_reply *reply) {
  peal_ticket_pool_close(reply->verbs->pool(reply), &reply->ticket);
}

/* On a worker that has ended, any thread may be here: nobody is left to answer,
 * and the ticket goes with its pool. */
static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_reply *reply = PEAL_LIST_OF(mail, peal_reply, mail);
  bool is_over = peal_worker_impl_is_ending(worker);
  if (reply->doc && !is_over) {
    peal_val args = peal_doc_val(reply->doc);
    (void)reply->verbs->answer(reply, (peal_args){args.as.items, args.len});
  }
  peal_doc_free(reply->doc);
  reply->doc = NULL;
  if (!is_over)
    close_ticket(reply);
}

/* -- any thread ----------------------------------------------------------------- */

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
    peal_err err = reply->verbs->answer(reply, args);
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
