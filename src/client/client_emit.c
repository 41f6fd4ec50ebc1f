/* SPDX-License-Identifier: MIT */
/* client_emit: events to the server: encoded here and now on the worker,
 * copied and posted elsewhere. */
#include "client/client_emit.h"

#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "client/client_core.h"
#include "client/client_link.h"
#include "client/client_spaces.h"
#include "client/client_tell.h"
#include "wire/doc.h"
#include "wire/sio_check.h"

/* -- on the worker --------------------------------------------------------- */

static uint8_t flow_of(const peal_client *client, bool is_volatile) {
  if (!client->link || !client->link->is_open)
    return PEAL_SIO_CLIENT_FLOWS;
  peal_client_engine *engine = client->link->engine;
  if (peal_client_engine_has_ping_expired(engine, client->worker->now_ms))
    return PEAL_SIO_CLIENT_STALE;
  return is_volatile && !peal_client_engine_is_writable(engine)
             ? PEAL_SIO_CLIENT_BUSY
             : PEAL_SIO_CLIENT_FLOWS;
}

/* Watchers may free the client. False: one has. */
static bool tell_watchers(peal_client_nsp *nsp, peal_slice event,
                          peal_args args) {
  peal_client *client = nsp->client;
  if (!nsp->hooks.chains[PEAL_HOOK_OUTGOING] ||
      peal_sio_check_event(event, args))
    return true;
  peal_client_impl_ref(client);
  peal_client_tell_outgoing(nsp, event, args);
  bool is_there = client->phase < PEAL_CLIENT_STOPPING;
  peal_client_impl_unref(client);
  return is_there;
}

static peal_err emit_here(const peal_client_op *op, peal_slice event,
                          peal_args args) {
  peal_client *client = op->client;
  if (client->phase >= PEAL_CLIENT_STOPPING)
    return PEAL_ERR_CLOSED;
  peal_sio_client_nsp *state = peal_client_spaces_state(op->nsp);
  if (!state)
    return PEAL_ERR_NOMEM;
  if (!op->how.is_volatile && peal_client_link_is_full(client))
    return PEAL_ERR_QUEUE_FULL;
  if (!tell_watchers(op->nsp, event, args))
    return PEAL_ERR_CLOSED;
  const peal_sio_client_emit emit = {.event = event,
                                     .args = args,
                                     .flow =
                                         flow_of(client, op->how.is_volatile),
                                     .is_volatile = op->how.is_volatile,
                                     .no_retry = op->how.no_retry,
                                     .no_compress = op->how.no_compress,
                                     .timeout_ms = op->how.timeout_ms,
                                     .fn = op->ack,
                                     .user = op->user};
  peal_err err = peal_sio_client_send(state, &emit, client->worker->now_ms);
  peal_client_impl_react(client);
  return err;
}

static peal_err emit(peal_client_op *op, bool is_here) {
  if (is_here)
    return emit_here(op, op->event, op->args);
  peal_val all = peal_doc_val(op->doc);
  return emit_here(op, peal_val_str(all.as.items[0]),
                   (peal_args){all.as.items + 1, all.len - 1});
}

/* -- from another thread --------------------------------------------------- */

static peal_doc *doc_of(const peal_mem *mem, peal_slice event, peal_args args) {
  peal_val *values = peal_mem_alloc(mem, (args.count + 1) * sizeof *values);
  if (!values)
    return NULL;
  values[0] = peal_str_slice(event);
  if (args.count)
    memcpy(values + 1, args.items, args.count * sizeof *values);
  peal_doc *doc = peal_doc_new(peal_array(values, args.count + 1));
  peal_mem_free(mem, values);
  return doc;
}

/* Who posts faster than the worker follows is told. */
static bool is_far_behind(const peal_client *client) {
  return atomic_load_explicit(&client->posted, memory_order_relaxed) >=
         peal_client_link_max_queue(client);
}

static peal_err post(peal_client_op *op) {
  peal_err err = peal_sio_check_event(op->event, op->args);
  if (err)
    return err;
  if (is_far_behind(op->client))
    return PEAL_ERR_QUEUE_FULL;
  op->doc = doc_of(op->client->mem, op->event, op->args);
  if (!op->doc)
    return PEAL_ERR_NOMEM;
  op->bytes = peal_doc_bytes(op->doc);
  err = peal_client_op_do(op);
  if (err)
    peal_doc_free(op->doc);
  return err;
}

/* -- any thread ------------------------------------------------------------ */

peal_err peal_client_emit_op(peal_client_nsp *nsp, const peal_client_how *how,
                             peal_slice event, peal_args args,
                             const peal_client_emit_ask *ask) {
  if (!nsp || (args.count && !args.items))
    return PEAL_ERR_USAGE;
  if (how && !PEAL_RESERVED_IS_KNOWN(how))
    return PEAL_ERR_OPTION;
  peal_client_op op = {.client = nsp->client,
                       .nsp = nsp,
                       .run = emit,
                       .event = event,
                       .args = args};
  if (how)
    op.how = *how;
  if (ask) {
    op.ack = ask->fn;
    op.user = ask->user;
  }
  return peal_client_impl_is_here(op.client) ? peal_client_op_do(&op)
                                             : post(&op);
}

peal_err peal_client_emit_n(peal_client_nsp *nsp, peal_slice event,
                            peal_args args) {
  return peal_client_emit_op(nsp, NULL, event, args, NULL);
}

peal_err peal_client_emit(peal_client_nsp *nsp, const char *event,
                          peal_args args) {
  return peal_client_emit_op(nsp, NULL, peal_slice_of(event), args, NULL);
}

peal_err peal_client_emit_with_n(peal_client_nsp *nsp,
                                 const peal_client_how *how, peal_slice event,
                                 peal_args args) {
  return peal_client_emit_op(nsp, how, event, args, NULL);
}

peal_err peal_client_emit_with(peal_client_nsp *nsp, const peal_client_how *how,
                               const char *event, peal_args args) {
  return peal_client_emit_op(nsp, how, peal_slice_of(event), args, NULL);
}

peal_err peal_client_send(peal_client_nsp *nsp, peal_args args) {
  return peal_client_emit_op(nsp, NULL, PEAL_S("message"), args, NULL);
}

peal_err peal_client_emit_ack_n(peal_client_nsp *nsp,
                                const peal_client_how *how, peal_slice event,
                                peal_args args, peal_client_ack_fn fn,
                                void *user) {
  if (!fn)
    return PEAL_ERR_USAGE;
  return peal_client_emit_op(nsp, how, event, args,
                             &(peal_client_emit_ask){.fn = fn, .user = user});
}

peal_err peal_client_emit_ack(peal_client_nsp *nsp, const peal_client_how *how,
                              const char *event, peal_args args,
                              peal_client_ack_fn fn, void *user) {
  return peal_client_emit_ack_n(nsp, how, peal_slice_of(event), args, fn, user);
}
