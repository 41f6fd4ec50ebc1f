/* SPDX-License-Identifier: MIT */
#include "client/client_op.h"

#include "base/mem.h"

static void free_op(peal_client_op *op) {
  peal_client *client = op->client;
  atomic_fetch_sub_explicit(&client->posted, op->bytes, memory_order_relaxed);
  peal_doc_free(op->doc);
  peal_mem_free(client->mem, op);
  peal_client_impl_unref(client);
}

static peal_err run(peal_client_op *op) {
  if (op->client->phase != PEAL_CLIENT_OVER)
    return op->run(op, false);
  if (op->hook)
    peal_hook_free(op->client->mem, op->hook);
  return PEAL_ERR_CLOSED;
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_client_op *op = PEAL_LIST_OF(mail, peal_client_op, mail);
  (void)worker;
  peal_err err = run(op);
  bool is_freed = op->client->is_freed;
  if (err && op->ack && (!is_freed || op->is_inner))
    op->ack(is_freed ? NULL : op->nsp, err, PEAL_NO_ARGS, op->user);
  free_op(op);
}

peal_err peal_client_op_do(peal_client_op *like) {
  peal_client *client = like->client;
  if (peal_client_impl_is_here(client))
    return client->phase == PEAL_CLIENT_OVER ? PEAL_ERR_CLOSED
                                             : like->run(like, true);
  peal_client_op *op = peal_mem_alloc(client->mem, sizeof *op);
  if (!op)
    return PEAL_ERR_NOMEM;
  *op = *like;
  op->mail.fn = on_mail;
  peal_client_impl_ref(client);
  atomic_fetch_add_explicit(&client->posted, op->bytes, memory_order_relaxed);
  if (peal_mail_put(client->worker, &op->mail))
    return PEAL_OK;
  op->doc = NULL;
  free_op(op);
  return PEAL_ERR_CLOSED;
}
