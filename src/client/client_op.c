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

/* -- those who ask ----------------------------------------------------------- */

static void note_asking(peal_client_op *op) {
  peal_list_init(&op->node);
  if (!op->ack)
    return;
  uv_mutex_lock(&op->client->lock);
  peal_list_push(&op->client->asking, &op->node);
  uv_mutex_unlock(&op->client->lock);
}

/* False: who asks was told meanwhile that it is over. */
static bool note_come(peal_client_op *op) {
  uv_mutex_lock(&op->client->lock);
  bool was_told = op->is_told;
  if (peal_list_is_linked(&op->node))
    peal_list_remove(&op->node);
  uv_mutex_unlock(&op->client->lock);
  return !was_told;
}

/* Under the lock all that is needed of it is taken: whoever has posted it may
 * free it behind that. */
static bool take_asking(peal_client *client, peal_client_ack_fn *ack,
                        void **user) {
  uv_mutex_lock(&client->lock);
  peal_list *node = peal_list_shift(&client->asking);
  if (node) {
    peal_client_op *op = PEAL_LIST_OF(node, peal_client_op, node);
    op->is_told = true;
    *ack = op->ack;
    *user = op->user;
  }
  uv_mutex_unlock(&client->lock);
  return node != NULL;
}

void peal_client_op_end(peal_client *client) {
  peal_client_ack_fn ack;
  void *user;
  while (take_asking(client, &ack, &user))
    ack(NULL, PEAL_ERR_CLOSED, PEAL_NO_ARGS, user);
}

/* -- on their way ------------------------------------------------------------ */

static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_client_op *op = PEAL_LIST_OF(mail, peal_client_op, mail);
  (void)worker;
  /* One of its own callbacks may free the client here: then it is told there. */
  peal_err err = run(op);
  if (note_come(op) && err && op->ack)
    op->ack(op->client->is_freed ? NULL : op->nsp, err, PEAL_NO_ARGS, op->user);
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
  note_asking(op);
  if (peal_mail_put(client->worker, &op->mail))
    return PEAL_OK;
  peal_err err = note_come(op) ? PEAL_ERR_CLOSED : PEAL_OK;
  if (err)
    op->doc = NULL; /* the caller's */
  free_op(op);
  return err;
}
