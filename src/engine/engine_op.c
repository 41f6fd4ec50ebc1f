/* SPDX-License-Identifier: MIT */
#include "engine/engine_op.h"

#include <assert.h>

#include "base/mem.h"
#include "engine/engine_client.h"

typedef struct engine_round engine_round;

/* To one worker. */
typedef struct round_mail {
  peal_mail mail;
  engine_round *round;
} round_mail;

/* Freed by the last worker. */
struct engine_round {
  atomic_uint waiting; /* workers that have not run yet */
  peal_engine_server *server;
  peal_op_weight weight; /* in the server's load */
  peal_engine_op op;
  round_mail mails[];
};

/* -- on a worker ----------------------------------------------------------- */

peal_err peal_engine_op_run(peal_engine_server *server, peal_worker *worker,
                            const peal_engine_op *op) {
  peal_engine_client *client =
      op->kind == PEAL_ENGINE_OP_SEND_ALL
          ? NULL
          : peal_engine_client_get(server, worker, op->id);
  switch (op->kind) {
  case PEAL_ENGINE_OP_SEND:
    return client ? peal_engine_outgoing_put(&op->outgoing, client) : PEAL_OK;
  case PEAL_ENGINE_OP_SEND_ALL:
    peal_engine_outgoing_put_all(&op->outgoing, server, worker);
    break;
  case PEAL_ENGINE_OP_CLOSE:
    peal_engine_client_close(client, op->discard);
    break;
  case PEAL_ENGINE_OP_POST:
    op->fn(client, op->user);
    break;
  }
  return PEAL_OK;
}

/* -- between workers ------------------------------------------------------- */

static void round_free(engine_round *round) {
  peal_engine_server *server = round->server;
  peal_op_weight weight = round->weight;
  peal_engine_outgoing_release(&round->op.outgoing);
  peal_mem_free(server->mem, round);
  peal_op_load_remove(&server->load, weight);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  engine_round *round = PEAL_LIST_OF(mail, round_mail, mail)->round;
  peal_err err = peal_engine_op_run(round->server, worker, &round->op);
  (void)err; /* whoever asked is elsewhere */
  if (atomic_fetch_sub_explicit(&round->waiting, 1, memory_order_acq_rel) == 1)
    round_free(round);
}

static peal_op_weight weight_of(const peal_engine_op *op, unsigned count) {
  const peal_message *message = op->outgoing.item.message;
  return (peal_op_weight){.own =
                              sizeof(engine_round) + count * sizeof(round_mail),
                          .message = message ? peal_message_len(message) : 0};
}

static peal_err round_new(engine_round **out, peal_engine_server *server,
                          const peal_engine_op *op, unsigned count) {
  peal_op_weight weight = weight_of(op, count);
  peal_err err = peal_op_load_add(&server->load, weight);
  if (err)
    return err;
  engine_round *round = peal_mem_zalloc(server->mem, weight.own);
  *out = round;
  if (!round) {
    peal_op_load_remove(&server->load, weight);
    return PEAL_ERR_NOMEM;
  }
  atomic_init(&round->waiting, count);
  round->server = server;
  round->weight = weight;
  round->op = *op;
  return PEAL_OK;
}

peal_err peal_engine_op_post(peal_engine_server *server,
                             const peal_engine_op *op, unsigned first,
                             unsigned end, const peal_worker *self) {
  bool skips = self && self->index >= first && self->index < end;
  unsigned count = end - first - skips, next = 0;
  engine_round *round;
  if (!count)
    return PEAL_ERR_USAGE;
  peal_err err = round_new(&round, server, op, count);
  if (err)
    return err;
  /* With the last mail the round may be gone. */
  for (unsigned i = first; i < end; i++) {
    peal_worker *worker = peal_workers_get(server->workers, i);
    if (worker == self)
      continue;
    round_mail *mail = &round->mails[next++];
    *mail = (round_mail){.mail.fn = on_mail, .round = round};
    peal_mail_send(worker, &mail->mail);
  }
  return PEAL_OK;
}
