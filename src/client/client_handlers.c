/* SPDX-License-Identifier: MIT */
/* client_handlers: registering and removing the functions of a namespace and
 * of a client, at any time and from any thread. */
#include "base/mem.h"
#include "client/client_op.h"
#include "wire/sio_packet.h"

static peal_err change(peal_client_op *op, bool is_here) {
  peal_client *client = op->client;
  peal_hooks *hooks = op->nsp ? &op->nsp->hooks : &client->hooks;
  peal_hook *hook = op->hook;
  (void)is_here;
  op->hook = NULL;
  if (!op->removes) {
    peal_hook_add(hooks, hook);
    return PEAL_OK;
  }
  /* Handlers may be on the stack: the end of the turn frees. */
  if (peal_hook_remove(hooks, hook))
    peal_turn_flush_later(client->worker, &client->sweep);
  peal_hook_free(client->mem, hook);
  return PEAL_OK;
}

/* `nsp` NULL: of the client itself. */
static peal_err publish(peal_client *client, peal_client_nsp *nsp, bool removes,
                        const peal_hook *like, const char *name) {
  peal_client_op op = {
      .client = client, .nsp = nsp, .run = change, .removes = removes};
  op.hook = peal_hook_copy(client->mem, like, peal_slice_of(name));
  if (!op.hook)
    return PEAL_ERR_NOMEM;
  peal_hook *hook = op.hook;
  bool is_here = peal_client_impl_is_here(client);
  peal_err err = peal_client_op_do(&op);
  if (err && (!is_here || op.hook))
    peal_hook_free(client->mem, hook);
  return err;
}

/* -- events ---------------------------------------------------------------- */

static peal_err change_event(peal_client_nsp *nsp, bool removes,
                             const char *event, const peal_hook *like) {
  if (!nsp || !event || !like->fn.client_event)
    return PEAL_ERR_USAGE;
  if (!removes && peal_sio_packet_is_reserved(peal_slice_of(event)))
    return PEAL_ERR_RESERVED;
  return publish(nsp->client, nsp, removes, like, event);
}

peal_err peal_client_on(peal_client_nsp *nsp, const char *event,
                        peal_client_event_fn fn, void *user) {
  return change_event(nsp, false, event,
                      &(peal_hook){.kind = PEAL_HOOK_EVENT,
                                   .fn.client_event = fn,
                                   .user = user});
}

peal_err peal_client_once(peal_client_nsp *nsp, const char *event,
                          peal_client_event_fn fn, void *user) {
  if (!nsp)
    return PEAL_ERR_USAGE;
  peal_hook_once *once = peal_mem_alloc(nsp->client->mem, sizeof *once);
  if (!once)
    return PEAL_ERR_NOMEM;
  const peal_mem *mem = nsp->client->mem;
  atomic_init(&once->called, false);
  atomic_init(&once->refs, 1); /* ours: until the hook has its own */
  peal_err err = change_event(nsp, false, event,
                              &(peal_hook){.kind = PEAL_HOOK_EVENT,
                                           .fn.client_event = fn,
                                           .user = user,
                                           .once = once});
  if (atomic_fetch_sub_explicit(&once->refs, 1, memory_order_acq_rel) == 1)
    peal_mem_free(mem, once);
  return err;
}

peal_err peal_client_off(peal_client_nsp *nsp, const char *event,
                         peal_client_event_fn fn, void *user) {
  return change_event(nsp, true, event,
                      &(peal_hook){.kind = PEAL_HOOK_EVENT,
                                   .fn.client_event = fn,
                                   .user = user});
}

/* -- one chain per kind ---------------------------------------------------- */

static peal_err change_kind(peal_client_nsp *nsp, bool removes,
                            const peal_hook *like) {
  if (!nsp || !like->fn.client_event)
    return PEAL_ERR_USAGE;
  return publish(nsp->client, nsp, removes, like, NULL);
}

static peal_err change_any(peal_client_nsp *nsp, bool removes,
                           peal_client_event_fn fn, void *user) {
  return change_kind(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_ANY, .fn.client_event = fn, .user = user});
}

peal_err peal_client_on_any(peal_client_nsp *nsp, peal_client_event_fn fn,
                            void *user) {
  return change_any(nsp, false, fn, user);
}

peal_err peal_client_off_any(peal_client_nsp *nsp, peal_client_event_fn fn,
                             void *user) {
  return change_any(nsp, true, fn, user);
}

static peal_err change_outgoing(peal_client_nsp *nsp, bool removes,
                                peal_client_outgoing_fn fn, void *user) {
  return change_kind(nsp, removes,
                     &(peal_hook){.kind = PEAL_HOOK_OUTGOING,
                                  .fn.client_outgoing = fn,
                                  .user = user});
}

peal_err peal_client_on_any_outgoing(peal_client_nsp *nsp,
                                     peal_client_outgoing_fn fn, void *user) {
  return change_outgoing(nsp, false, fn, user);
}

peal_err peal_client_off_any_outgoing(peal_client_nsp *nsp,
                                      peal_client_outgoing_fn fn, void *user) {
  return change_outgoing(nsp, true, fn, user);
}

static peal_err change_connect(peal_client_nsp *nsp, bool removes,
                               peal_client_connect_fn fn, void *user) {
  return change_kind(nsp, removes,
                     &(peal_hook){.kind = PEAL_HOOK_CONNECT,
                                  .fn.client_connect = fn,
                                  .user = user});
}

peal_err peal_client_on_connect(peal_client_nsp *nsp, peal_client_connect_fn fn,
                                void *user) {
  return change_connect(nsp, false, fn, user);
}

peal_err peal_client_off_connect(peal_client_nsp *nsp,
                                 peal_client_connect_fn fn, void *user) {
  return change_connect(nsp, true, fn, user);
}

static peal_err change_connect_error(peal_client_nsp *nsp, bool removes,
                                     peal_client_connect_error_fn fn,
                                     void *user) {
  return change_kind(nsp, removes,
                     &(peal_hook){.kind = PEAL_HOOK_CONNECT_ERROR,
                                  .fn.client_connect_error = fn,
                                  .user = user});
}

peal_err peal_client_on_connect_error(peal_client_nsp *nsp,
                                      peal_client_connect_error_fn fn,
                                      void *user) {
  return change_connect_error(nsp, false, fn, user);
}

peal_err peal_client_off_connect_error(peal_client_nsp *nsp,
                                       peal_client_connect_error_fn fn,
                                       void *user) {
  return change_connect_error(nsp, true, fn, user);
}

static peal_err change_disconnect(peal_client_nsp *nsp, bool removes,
                                  peal_client_disconnect_fn fn, void *user) {
  return change_kind(nsp, removes,
                     &(peal_hook){.kind = PEAL_HOOK_DISCONNECT,
                                  .fn.client_disconnect = fn,
                                  .user = user});
}

peal_err peal_client_on_disconnect(peal_client_nsp *nsp,
                                   peal_client_disconnect_fn fn, void *user) {
  return change_disconnect(nsp, false, fn, user);
}

peal_err peal_client_off_disconnect(peal_client_nsp *nsp,
                                    peal_client_disconnect_fn fn, void *user) {
  return change_disconnect(nsp, true, fn, user);
}

static peal_err change_notice(peal_client *client, bool removes,
                              peal_client_notice_fn fn, void *user) {
  if (!client || !fn)
    return PEAL_ERR_USAGE;
  return publish(client, NULL, removes,
                 &(peal_hook){.kind = PEAL_HOOK_NOTICE,
                              .fn.client_notice = fn,
                              .user = user},
                 NULL);
}

peal_err peal_client_on_notice(peal_client *client, peal_client_notice_fn fn,
                               void *user) {
  return change_notice(client, false, fn, user);
}

peal_err peal_client_off_notice(peal_client *client, peal_client_notice_fn fn,
                                void *user) {
  return change_notice(client, true, fn, user);
}
