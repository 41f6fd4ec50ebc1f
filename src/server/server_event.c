/* SPDX-License-Identifier: MIT */
#include "server/server_event.h"

#include "events/reply.h"
#include "server/adapter.h"
#include "server/handlers.h"
#include "server/nsp.h"

bool peal_server_event_is_reserved(peal_slice name) {
  return peal_slice_is(name, "connect") || peal_slice_is(name, "connection") ||
         peal_slice_is(name, "new_namespace");
}

/* -- answering ------------------------------------------------------------------------ */

static peal_err answer(const peal_nsp *nsp, uint64_t number, peal_args args) {
  peal_adapter *adapter = nsp->server->adapter;
  if (adapter)
    adapter->verbs->answer(
        adapter, number,
        &(peal_bus_msg){.kind = PEAL_BUS_RETURN, .args = args});
  return PEAL_OK;
}

static peal_err ack(const peal_event *event, peal_args args) {
  return answer(event->receiver, event->id, args);
}

typedef struct call_reply {
  peal_reply reply; /* first */
  peal_nsp *nsp;
} call_reply;

static peal_ticket_pool *pool_of(const peal_nsp *nsp,
                                 const peal_worker *worker) {
  return &peal_server_local_of(nsp->server, worker)->replies;
}

static peal_err reply_answer(const peal_reply *base, peal_args args) {
  const call_reply *reply = (const call_reply *)(const void *)base;
  return answer(reply->nsp, base->id, args);
}

static peal_ticket_pool *reply_pool(const peal_reply *base) {
  const call_reply *reply = (const call_reply *)(const void *)base;
  return pool_of(reply->nsp, base->worker);
}

/* From the pool of the clients' events, whose tickets are larger. */
static peal_reply *later(const peal_event *event) {
  static const peal_reply_verbs verbs = {reply_answer, reply_pool};
  peal_nsp *nsp = event->receiver;
  peal_reply *base =
      peal_reply_open(pool_of(nsp, event->worker), event, &verbs);
  if (base)
    ((call_reply *)(void *)base)->nsp = nsp;
  return base;
}

/* -- calling -------------------------------------------------------------------------- */

static bool is_named(const peal_hook *hook, peal_slice name) {
  return peal_slice_eq((peal_slice){hook->name, hook->name_len}, name);
}

/* Nobody here will answer it. */
static void tell_silent(const peal_nsp *nsp, uint64_t number) {
  peal_adapter *adapter = nsp->server->adapter;
  if (adapter)
    adapter->verbs->over(adapter, number);
}

void peal_server_event_run(peal_nsp *nsp, peal_args args, bool wants_answer,
                           uint64_t number) {
  static const peal_event_verbs verbs = {.ack = ack, .later = later};
  peal_worker *worker = peal_nsp_worker(nsp);
  if (!args.count || !peal_val_is(args.items[0], PEAL_STRING) || !worker)
    return;
  bool acked = false;
  peal_event event = {.verbs = &verbs,
                      .receiver = nsp,
                      .worker = worker,
                      .name = peal_val_str(args.items[0]),
                      .args = {args.items + 1, args.count - 1},
                      .id = number,
                      .has_id = wants_answer,
                      .acked = &acked};
  const peal_hooks *hooks = &peal_nsp_local_of(nsp, worker)->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[PEAL_HOOK_CALL], age);
       hook; hook = peal_hook_live(hook->next, age))
    if (is_named(hook, event.name))
      hook->fn.server_event(nsp, &event, hook->user);
  if (wants_answer && !acked)
    tell_silent(nsp, number);
}

/* -- handlers -------------------------------------------------------------------------- */

static peal_err check(const peal_nsp *nsp, const char *event,
                      peal_server_event_fn fn) {
  if (!nsp || !event || !fn)
    return PEAL_ERR_USAGE;
  return peal_server_event_is_reserved(peal_slice_of(event)) ? PEAL_ERR_RESERVED
                                                             : PEAL_OK;
}

peal_err peal_on_server_event(peal_nsp *nsp, const char *event,
                              peal_server_event_fn fn, void *user) {
  peal_err err = check(nsp, event, fn);
  const peal_hook like = {
      .kind = PEAL_HOOK_CALL, .fn.server_event = fn, .user = user};
  return err ? err : peal_handlers_add(nsp, &like, peal_slice_of(event));
}

peal_err peal_off_server_event(peal_nsp *nsp, const char *event,
                               peal_server_event_fn fn, void *user) {
  if (!nsp || !event || !fn)
    return PEAL_ERR_USAGE;
  const peal_hook like = {
      .kind = PEAL_HOOK_CALL, .fn.server_event = fn, .user = user};
  return peal_handlers_remove(nsp, &like, peal_slice_of(event));
}
