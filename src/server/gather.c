/* SPDX-License-Identifier: MIT */
#include "server/gather.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/emit.h"

struct peal_gather {
  atomic_uint refs; /* one for the round, one per client asked */
  peal_nsp *nsp;
  peal_worker *home;
  peal_acks_fn fn; /* NULL: another node has asked */
  void *user;
  uint64_t number; /* of its question */
  /* On the home worker only. */
  peal_doc **docs; /* arrays of arguments, in order of arrival */
  size_t count, cap;
  size_t expected;
  size_t finished; /* answered or not, but over */
  size_t missing;  /* nodes that did not say whom they asked */
  peal_err err;
  bool begun; /* `expected` is known, of this node */
  bool waits; /* for the other nodes */
  bool told;
};

/* From the worker that asked a client to the home worker. */
typedef struct answer_mail {
  peal_mail mail;
  peal_gather *gather;
  peal_doc *doc; /* NULL if none came */
  peal_err err;
} answer_mail;

static const peal_mem *mem_of(const peal_gather *gather) {
  return gather->nsp->server->mem;
}

peal_gather *peal_gather_new(peal_nsp *nsp, peal_worker *home, peal_acks_fn fn,
                             void *user) {
  peal_gather *gather = peal_mem_zalloc(nsp->server->mem, sizeof *gather);
  if (!gather)
    return NULL;
  atomic_init(&gather->refs, 1);
  gather->nsp = nsp;
  gather->home = home;
  gather->fn = fn;
  gather->user = user;
  return gather;
}

peal_gather *peal_gather_for_node(peal_nsp *nsp, peal_worker *home,
                                  uint64_t number) {
  peal_gather *gather = peal_gather_new(nsp, home, NULL, NULL);
  if (gather)
    gather->number = number;
  return gather;
}

/* For another node: nobody is left who could answer. */
static void tell_over(const peal_gather *gather) {
  peal_adapter *adapter = gather->nsp->server->adapter;
  if (!gather->fn && adapter)
    adapter->verbs->over(adapter, gather->number);
}

static void unref(peal_gather *gather) {
  if (atomic_fetch_sub_explicit(&gather->refs, 1, memory_order_acq_rel) != 1)
    return;
  const peal_mem *mem = mem_of(gather);
  tell_over(gather);
  for (size_t i = 0; i < gather->count; i++)
    peal_doc_free(gather->docs[i]);
  peal_mem_free(mem, gather->docs);
  peal_mem_free(mem, gather);
}

/* -- at home -------------------------------------------------------------------------- */

static void say(const peal_gather *gather, peal_bus_kind kind, size_t count,
                peal_args args) {
  peal_adapter *adapter = gather->nsp->server->adapter;
  if (adapter)
    adapter->verbs->answer(
        adapter, gather->number,
        &(peal_bus_msg){.kind = (uint8_t)kind, .count = count, .args = args});
}

/* To the node that has asked: what is here so far. */
static void say_all(peal_gather *gather) {
  for (size_t i = 0; i < gather->count; i++) {
    peal_val args = peal_doc_val(gather->docs[i]);
    say(gather, PEAL_BUS_ACKED, 0, (peal_args){args.as.items, args.len});
    peal_doc_free(gather->docs[i]);
  }
  gather->count = 0;
}

static void tell(peal_gather *gather) {
  peal_val *items = NULL;
  peal_acks acks = {.err = gather->err,
                    .expected = gather->expected,
                    .missing = gather->missing};
  if (gather->count)
    items =
        peal_arena_alloc(&gather->home->turn, gather->count * sizeof *items);
  if (gather->count && !items)
    acks.err = PEAL_ERR_NOMEM;
  for (size_t i = 0; items && i < gather->count; i++)
    items[i] = peal_val_at(peal_doc_val(gather->docs[i]), 0);
  acks.responses = (peal_args){items, items ? gather->count : 0};
  gather->fn(&acks, gather->user);
}

static void tell_if_done(peal_gather *gather) {
  if (gather->told || !gather->begun || gather->waits)
    return;
  if (!gather->fn) {
    say_all(gather);
    return;
  }
  if (gather->finished < gather->expected)
    return;
  gather->told = true;
  tell(gather);
}

void peal_gather_begin(peal_gather *gather, size_t expected, peal_err err) {
  gather->expected += expected;
  gather->begun = true;
  if (err)
    gather->err = err;
  if (!gather->fn)
    say(gather, PEAL_BUS_ASKED, expected, PEAL_NO_ARGS);
  tell_if_done(gather);
  unref(gather);
}

void peal_gather_drop(peal_gather *gather) {
  unref(gather);
}

static peal_err keep(peal_gather *gather, peal_doc *doc) {
  if (gather->count == gather->cap) {
    size_t cap = gather->cap ? gather->cap * 2 : 8;
    peal_doc **docs =
        peal_mem_resize(mem_of(gather), gather->docs, cap * sizeof *docs);
    if (!docs)
      return PEAL_ERR_NOMEM;
    gather->docs = docs;
    gather->cap = cap;
  }
  gather->docs[gather->count++] = doc;
  return PEAL_OK;
}

void peal_gather_expect_far(peal_gather *gather) {
  atomic_fetch_add_explicit(&gather->refs, 1, memory_order_relaxed);
  gather->waits = true;
}

/* Their clients are all over by now: answered, or not in time. */
void peal_gather_far(peal_gather *gather, const peal_far *far) {
  gather->waits = false;
  gather->expected += far->count;
  gather->finished += far->count;
  gather->missing = far->missing;
  if (far->err)
    gather->err = far->err;
  for (size_t i = 0; i < far->doc_count; i++) {
    if (keep(gather, far->docs[i])) {
      gather->err = PEAL_ERR_NOMEM;
      break;
    }
    far->docs[i] = NULL;
  }
  tell_if_done(gather);
  unref(gather);
}

static void on_answer(peal_worker *worker, peal_mail *base) {
  answer_mail *mail = (answer_mail *)base;
  peal_gather *gather = mail->gather;
  (void)worker;
  gather->finished++;
  peal_err err = mail->err;
  if (!err && keep(gather, mail->doc)) {
    peal_doc_free(mail->doc);
    err = PEAL_ERR_NOMEM;
  }
  if (err)
    gather->err = err == PEAL_ERR_CLOSED ? PEAL_ERR_TIMEOUT : err;
  peal_mem_free(mem_of(gather), mail);
  tell_if_done(gather);
  unref(gather);
}

/* -- where the clients are ---------------------------------------------------------------- */

/* The mail was made when the client was asked: answering cannot fail. */
static void on_client_ack(peal_socket *socket, peal_err err, peal_args args,
                          void *user) {
  answer_mail *mail = user;
  (void)socket;
  mail->err = err;
  if (!err) {
    mail->doc = peal_doc_new(peal_array(args.items, args.count));
    if (!mail->doc)
      mail->err = PEAL_ERR_NOMEM;
  }
  peal_worker_impl_send(mail->gather->home, &mail->mail);
}

/* False if memory is out even for the answer. */
static bool ask_one(peal_gather *gather, const peal_op *op,
                    peal_socket *socket) {
  answer_mail *mail = peal_mem_zalloc(mem_of(gather), sizeof *mail);
  if (!mail)
    return false;
  mail->mail.fn = on_answer;
  mail->gather = gather;
  atomic_fetch_add_explicit(&gather->refs, 1, memory_order_relaxed);
  mail->err = peal_emit_ask(socket, op, on_client_ack, mail);
  if (mail->err)
    peal_worker_impl_send(gather->home, &mail->mail);
  return true;
}

peal_err peal_gather_ask(peal_gather *gather, const peal_op *op,
                         peal_socket *const *sockets, size_t count,
                         size_t *asked) {
  *asked = 0;
  for (size_t i = 0; i < count; i++)
    *asked += ask_one(gather, op, sockets[i]);
  return *asked < count ? PEAL_ERR_NOMEM : PEAL_OK;
}
