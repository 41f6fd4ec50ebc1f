/* SPDX-License-Identifier: MIT */
/* emit_ack: a broadcast that gathers acknowledgements from all workers. */
#include <stdlib.h>

#include "base/mem.h"
#include "server/adapter.h"
#include "server/op.h"

#define DEFAULT_TIMEOUT_MS 10000u

/* What comes back to the home worker; lives until the last client has
 * answered, timed out or gone. */
typedef struct gather_state {
  atomic_uint refs; /* one for the round of workers, one per client asked */
  peal_nsp *nsp;
  peal_worker *home;
  peal_acks_fn fn;
  void *user;
  /* On the home worker only. */
  peal_doc **docs; /* first arguments, in order of arrival */
  size_t count, cap;
  size_t expected;
  size_t finished; /* answered or not, but over */
  peal_err err;
  bool round_done;
  bool told;
} gather_state;

/* From the worker that asked a client to the home worker. */
typedef struct answer_mail {
  peal_mail mail;
  gather_state *gather;
  peal_doc *doc; /* NULL if none came */
  peal_err err;
  size_t asked; /* clients that a worker asked (with doc NULL, err OK) */
} answer_mail;

typedef struct ask_data {
  gather_state *gather;
  peal_doc *args;
  const char *event;
  uint32_t timeout_ms;
} ask_data;

static const peal_mem *mem_of(const gather_state *gather) {
  return gather->nsp->server->mem;
}

static void unref(gather_state *gather) {
  if (atomic_fetch_sub_explicit(&gather->refs, 1, memory_order_acq_rel) != 1)
    return;
  const peal_mem *mem = mem_of(gather);
  for (size_t i = 0; i < gather->count; i++)
    peal_doc_free(gather->docs[i]);
  peal_mem_free(mem, gather->docs);
  peal_mem_free(mem, gather);
}

/* -- at home -------------------------------------------------------------------------- */

static void tell_if_done(gather_state *gather) {
  if (gather->told || !gather->round_done ||
      gather->finished < gather->expected)
    return;
  gather->told = true;
  peal_val *items = NULL;
  peal_acks acks = {.err = gather->err, .expected = gather->expected};
  if (gather->count)
    items =
        peal_arena_alloc(&gather->home->turn, gather->count * sizeof *items);
  if (gather->count && !items)
    acks.err = PEAL_ERR_NOMEM;
  for (size_t i = 0; items && i < gather->count; i++)
    items[i] = peal_doc_val(gather->docs[i]);
  acks.responses = (peal_args){items, items ? gather->count : 0};
  gather->fn(&acks, gather->user);
}

static peal_err keep(gather_state *gather, peal_doc *doc) {
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

static void on_answer(peal_worker *worker, peal_mail *base) {
  answer_mail *mail = (answer_mail *)base;
  gather_state *gather = mail->gather;
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
    mail->doc = peal_doc_new(args.count ? args.items[0] : peal_undefined());
    if (!mail->doc)
      mail->err = PEAL_ERR_NOMEM;
  }
  peal_worker_impl_send(mail->gather->home, &mail->mail);
}

/* A client that could not be asked counts as one that did not answer; false
 * if memory is out even for that. */
static bool ask_one(const ask_data *ask, peal_socket *socket, peal_args args) {
  gather_state *gather = ask->gather;
  answer_mail *mail = peal_mem_zalloc(mem_of(gather), sizeof *mail);
  if (!mail)
    return false;
  mail->mail.fn = on_answer;
  mail->gather = gather;
  atomic_fetch_add_explicit(&gather->refs, 1, memory_order_relaxed);
  peal_err err = peal_emit_ack(socket, ask->event, args, ask->timeout_ms,
                               on_client_ack, mail);
  if (!err)
    return true;
  mail->err = err;
  peal_worker_impl_send(gather->home, &mail->mail);
  return true;
}

typedef struct round {
  ask_data ask;
  atomic_size_t asked;
  atomic_bool failed; /* memory was out: somebody was not asked */
} round_data;

static void ask_run(peal_op *op, peal_worker *worker) {
  round_data *data = op->data;
  peal_val list = peal_doc_val(data->ask.args);
  peal_args args = {list.as.items, list.len};
  peal_socket **sockets;
  size_t count;
  if (peal_adapter_select(op->nsp, worker, &op->to, op->without, &sockets,
                          &count)) {
    atomic_store_explicit(&data->failed, true, memory_order_relaxed);
    return;
  }
  size_t asked = 0;
  for (size_t i = 0; i < count; i++)
    asked += ask_one(&data->ask, sockets[i], args);
  atomic_fetch_add_explicit(&data->asked, asked, memory_order_relaxed);
  if (asked < count)
    atomic_store_explicit(&data->failed, true, memory_order_relaxed);
}

/* -- the round ------------------------------------------------------------------------------ */

/* Every worker has asked its clients. */
static void ask_finish(peal_op *op) {
  round_data *data = op->data;
  gather_state *gather = data->ask.gather;
  gather->expected = atomic_load_explicit(&data->asked, memory_order_relaxed);
  if (atomic_load_explicit(&data->failed, memory_order_relaxed))
    gather->err = PEAL_ERR_NOMEM;
  gather->round_done = true;
  tell_if_done(gather);
}

static void ask_release(peal_op *op) {
  round_data *data = op->data;
  peal_doc_free(data->ask.args);
  unref(data->ask.gather);
}

static gather_state *gather_new(peal_nsp *nsp, peal_worker *home,
                                peal_acks_fn fn, void *user) {
  gather_state *gather = peal_mem_zalloc(nsp->server->mem, sizeof *gather);
  if (!gather)
    return NULL;
  atomic_init(&gather->refs, 1);
  gather->nsp = nsp;
  gather->home = home;
  gather->fn = fn;
  gather->user = user;
  return gather;
}

peal_err peal_nsp_emit_ack(peal_nsp *nsp, const peal_to *to, const char *event,
                           peal_args args, uint32_t timeout_ms, peal_acks_fn fn,
                           void *user) {
  if (!fn || !event)
    return PEAL_ERR_USAGE;
  if (peal_sio_packet_is_reserved(peal_slice_of(event)))
    return PEAL_ERR_RESERVED;
  peal_op *op = peal_op_new(nsp, to, NULL);
  round_data *data = op ? peal_arena_alloc(&op->strings, sizeof *data) : NULL;
  gather_state *gather = data ? gather_new(nsp, op->home, fn, user) : NULL;
  if (!gather) {
    peal_op_unref(op);
    return PEAL_ERR_NOMEM;
  }
  atomic_init(&data->asked, 0);
  atomic_init(&data->failed, false);
  data->ask =
      (ask_data){.gather = gather,
                 .args = peal_doc_new(peal_array(args.items, args.count)),
                 .event = peal_arena_str(&op->strings, peal_slice_of(event)),
                 .timeout_ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS};
  op->data = data;
  op->run = ask_run;
  op->finish = ask_finish;
  op->release = ask_release;
  if (data->ask.args && data->ask.event)
    return peal_op_run(op, false);
  peal_op_unref(op);
  return PEAL_ERR_NOMEM;
}
