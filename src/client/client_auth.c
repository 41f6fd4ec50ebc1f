/* SPDX-License-Identifier: MIT */
#include "client/client_auth.h"

#include "base/limits.h"
#include "client/client_op.h"
#include "wire/sio_check.h"

struct peal_client_auth {
  peal_ticket ticket;
  peal_mail mail;
  peal_client_nsp *nsp;
  peal_doc *doc; /* the answer, when it crosses threads */
  uint32_t ask;
  atomic_bool is_answered;
};

/* -- asking ---------------------------------------------------------------- */

static peal_err answer(peal_client_nsp *nsp, uint32_t ask, peal_val auth) {
  peal_client *client = nsp->client;
  peal_err err =
      peal_sio_client_auth(nsp->state, ask, auth, client->worker->now_ms);
  peal_client_impl_react(client);
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

peal_err peal_client_auth_ask(peal_client_nsp *nsp, uint32_t ask) {
  if (!nsp->auth_fn)
    return answer(nsp, ask, peal_doc_val(nsp->auth));
  peal_client_auth *ticket = peal_ticket_pool_open(&nsp->client->asks);
  if (!ticket)
    return PEAL_ERR_NOMEM;
  atomic_init(&ticket->is_answered, false);
  ticket->nsp = nsp;
  ticket->ask = ask;
  nsp->auth_fn(nsp, ticket, nsp->auth_user);
  return PEAL_OK;
}

void peal_client_auth_pool_init(peal_client *client,
                                const peal_ticket_pool_opts *opts) {
  peal_ticket_pool_opts mine = *opts;
  mine.ticket_bytes = sizeof(peal_client_auth);
  peal_ticket_pool_init(&client->asks, &mine);
}

/* -- answering ------------------------------------------------------------- */

/* On the worker. */
static peal_err give(peal_client_auth *ticket, peal_val auth) {
  peal_client *client = ticket->nsp->client;
  peal_err err = PEAL_OK;
  if (client->phase != PEAL_CLIENT_OVER)
    err = answer(ticket->nsp, ticket->ask, auth);
  if (!err)
    peal_ticket_pool_close(&client->asks, &ticket->ticket);
  return err;
}

/* Without memory the namespace cannot be connected. On a worker that has ended
 * any thread may be here, and the ticket goes with its pool. */
static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_client_auth *ticket = PEAL_LIST_OF(mail, peal_client_auth, mail);
  peal_client_nsp *nsp = ticket->nsp;
  peal_doc *doc = ticket->doc;
  if (!peal_worker_is_ending(worker) && give(ticket, peal_doc_val(doc))) {
    peal_ticket_pool_close(&nsp->client->asks, &ticket->ticket);
    peal_sio_client_leave(nsp->state, worker->now_ms);
    peal_client_impl_react(nsp->client);
  }
  peal_doc_free(doc);
}

static peal_err post(peal_client_auth *ticket, peal_val auth) {
  if (!peal_val_is(auth, PEAL_UNDEFINED) && !peal_val_is(auth, PEAL_OBJECT))
    return PEAL_ERR_USAGE;
  peal_err err = peal_sio_check_value(auth, PEAL_LIMIT_JSON_DEPTH);
  if (err)
    return err;
  ticket->doc = peal_doc_new(auth);
  if (!ticket->doc)
    return PEAL_ERR_NOMEM;
  ticket->mail.fn = on_mail;
  peal_mail_send(ticket->nsp->client->worker, &ticket->mail);
  return PEAL_OK;
}

peal_err peal_client_auth_give(peal_client_auth *ask, peal_val auth) {
  if (!ask)
    return PEAL_ERR_USAGE;
  if (atomic_exchange(&ask->is_answered, true))
    return PEAL_OK;
  peal_err err = peal_client_impl_is_here(ask->nsp->client) ? give(ask, auth)
                                                            : post(ask, auth);
  if (err)
    atomic_store(&ask->is_answered, false);
  return err;
}

/* -- what it is connected with --------------------------------------------- */

static peal_err set_auth(peal_client_op *op, bool is_here) {
  peal_doc *old = op->nsp->auth;
  (void)is_here;
  op->nsp->auth = op->doc;
  op->doc = old;
  return PEAL_OK;
}

peal_err peal_client_set_auth(peal_client_nsp *nsp, peal_val auth) {
  if (!nsp ||
      (!peal_val_is(auth, PEAL_UNDEFINED) && !peal_val_is(auth, PEAL_OBJECT)))
    return PEAL_ERR_USAGE;
  peal_err err = peal_sio_check_value(auth, PEAL_LIMIT_JSON_DEPTH);
  if (err)
    return err;
  peal_client_op op = {.client = nsp->client, .nsp = nsp, .run = set_auth};
  op.doc = peal_doc_new(auth);
  if (!op.doc)
    return PEAL_ERR_NOMEM;
  bool is_here = peal_client_impl_is_here(nsp->client);
  err = peal_client_op_do(&op);
  if (err || is_here)
    peal_doc_free(op.doc);
  return err;
}

static peal_err set_fn(peal_client_op *op, bool is_here) {
  (void)is_here;
  op->nsp->auth_fn = op->auth;
  op->nsp->auth_user = op->user;
  return PEAL_OK;
}

peal_err peal_client_on_auth(peal_client_nsp *nsp, peal_client_auth_fn fn,
                             void *user) {
  if (!nsp)
    return PEAL_ERR_USAGE;
  return peal_client_op_do(&(peal_client_op){.client = nsp->client,
                                             .nsp = nsp,
                                             .run = set_fn,
                                             .auth = fn,
                                             .user = user});
}
