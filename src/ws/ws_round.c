/* SPDX-License-Identifier: MIT */
#include "ws/ws_round.h"

#include <string.h>

#include "base/mem.h"

typedef struct ws_round ws_round;

typedef struct round_mail {
  peal_mail mail;
  ws_round *round;
} round_mail;

/* One block: this, the mails, the groups, their names, the reason. Freed by the
 * last worker. */
struct ws_round {
  atomic_uint waiting; /* mails that have not been read, and the sender */
  peal_ws_endpoint *endpoint;
  peal_op_weight weight;
  peal_ws_op op;
  unsigned count;
  round_mail mails[];
};

/* -- the record ------------------------------------------------------------ */

static size_t groups_bytes(const peal_ws_op *op) {
  size_t bytes = op->reason.len;
  for (size_t i = 0; op->groups && i < op->group_count; i++)
    bytes += sizeof(peal_slice) + op->groups[i].len;
  return bytes;
}

static char *put(char *at, peal_slice *text) {
  if (text->len)
    memcpy(at, text->ptr, text->len);
  text->ptr = at;
  return at + text->len;
}

/* What the operation points to comes along. */
static void copy_op(ws_round *round, const peal_ws_op *op) {
  peal_slice *groups = (peal_slice *)(void *)(round->mails + round->count);
  size_t count = op->groups ? op->group_count : 0;
  round->op = *op;
  if (op->groups)
    round->op.groups = groups;
  char *at = (char *)(groups + count);
  for (size_t i = 0; i < count; i++) {
    groups[i] = op->groups[i];
    at = put(at, &groups[i]);
  }
  (void)put(at, &round->op.reason);
  if (op->message)
    peal_message_ref(op->message);
}

static void round_free(ws_round *round) {
  peal_ws_endpoint *endpoint = round->endpoint;
  peal_op_weight weight = round->weight;
  peal_message_unref(round->op.message);
  peal_mem_free(endpoint->mem, round);
  peal_op_load_remove(&endpoint->load, weight);
}

static peal_err round_new(ws_round **out, peal_ws_endpoint *endpoint,
                          const peal_ws_op *op, unsigned mails) {
  peal_op_weight weight = {
      .own = sizeof(ws_round) + mails * sizeof(round_mail) + groups_bytes(op),
      .message = op->message ? peal_message_len(op->message) : 0};
  peal_err err = peal_op_load_add(&endpoint->load, weight);
  if (err)
    return err;
  ws_round *round = peal_mem_alloc(endpoint->mem, weight.own);
  if (!round) {
    peal_op_load_remove(&endpoint->load, weight);
    return PEAL_ERR_NOMEM;
  }
  round->endpoint = endpoint;
  round->weight = weight;
  round->count = mails;
  atomic_init(&round->waiting, mails + 1);
  copy_op(round, op);
  *out = round;
  return PEAL_OK;
}

/* -- on its way ------------------------------------------------------------ */

static void has_run(ws_round *round) {
  if (atomic_fetch_sub_explicit(&round->waiting, 1, memory_order_acq_rel) == 1)
    round_free(round);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  ws_round *round = ((round_mail *)mail)->round;
  (void)peal_ws_op_run(peal_ws_local_of(round->endpoint, worker), &round->op);
  has_run(round);
}

static void mail_to(ws_round *round, unsigned mail, unsigned worker) {
  round_mail *sent = &round->mails[mail];
  *sent = (round_mail){.mail.fn = on_mail, .round = round};
  peal_worker_impl_send(peal_workers_get(round->endpoint->workers, worker),
                        &sent->mail);
}

/* To all others, or to the one. */
static peal_err hand_over(peal_ws_endpoint *endpoint, const peal_ws_op *op,
                          const peal_ws_local *here) {
  ws_round *round;
  bool is_for_all = op->kind == PEAL_WS_OP_GROUPS;
  unsigned self = here ? peal_worker_index(here->worker) : UINT32_MAX;
  unsigned mails = is_for_all ? endpoint->worker_count - (here != NULL) : 1;
  peal_err err = round_new(&round, endpoint, op, mails);
  if (err)
    return err;
  unsigned mail = 0;
  for (unsigned i = 0; is_for_all && i < endpoint->worker_count; i++)
    if (i != self)
      mail_to(round, mail++, i);
  if (!is_for_all)
    mail_to(round, 0, op->who.worker);
  has_run(round);
  return PEAL_OK;
}

/* -- from here ------------------------------------------------------------- */

/* Does it concern the calling worker alone? */
static bool is_local(const peal_ws_endpoint *endpoint, const peal_ws_op *op,
                     const peal_ws_local *here) {
  if (!here)
    return false;
  return op->kind == PEAL_WS_OP_GROUPS
             ? endpoint->worker_count == 1
             : op->who.worker == peal_worker_index(here->worker);
}

static peal_message *make(peal_ws_endpoint *endpoint, peal_slice data,
                          bool is_binary, const peal_ws_local *owner) {
  peal_account_server *account = endpoint->load.account;
  if (owner)
    return is_binary ? peal_message_new_binary(data, owner->worker->mem)
                     : peal_message_new(data, NULL, 0, owner->worker->mem);
  return is_binary ? peal_message_new_binary_crossing(data, account)
                   : peal_message_new_crossing(data, NULL, 0, account);
}

static peal_err run(peal_ws_endpoint *endpoint, const peal_ws_op *op,
                    peal_ws_local *here, bool is_alone) {
  peal_err err = is_alone ? PEAL_OK : hand_over(endpoint, op, here);
  if (!err && (is_alone || (here && op->kind == PEAL_WS_OP_GROUPS)))
    err = peal_ws_op_run(here, op);
  return err;
}

peal_err peal_ws_round_run(peal_ws_endpoint *endpoint, peal_ws_op *op,
                           peal_slice data, bool is_binary) {
  peal_ws_local *here = peal_ws_local_here(endpoint);
  bool is_alone = is_local(endpoint, op, here);
  if (op->kind == PEAL_WS_OP_CLOSE)
    return run(endpoint, op, here, is_alone);
  op->message = make(endpoint, data, is_binary, is_alone ? here : NULL);
  if (!op->message)
    return PEAL_ERR_NOMEM;
  peal_err err = run(endpoint, op, here, is_alone);
  peal_message_unref(op->message);
  return err;
}
