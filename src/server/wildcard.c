/* SPDX-License-Identifier: MIT */
#include "server/wildcard.h"

#include "server/handlers.h"
#include "server/nsp.h"

/* -- registering ------------------------------------------------------------------- */

static peal_err change(peal_nsp *nsp, bool removes, peal_event_fn fn,
                       void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_WILDCARD, .fn.event = fn, .user = user});
}

peal_err peal_on_wildcard(peal_nsp *nsp, peal_event_fn fn, void *user) {
  return change(nsp, false, fn, user);
}

peal_err peal_off_wildcard(peal_nsp *nsp, peal_event_fn fn, void *user) {
  return change(nsp, true, fn, user);
}

peal_nsp *peal_server_wildcard(peal_server *server) {
  if (!server)
    return NULL;
  bool is_running =
      atomic_load_explicit(&server->running, memory_order_relaxed);
  /* No client can ask for this name: theirs begin with a slash. */
  if (!server->wildcard && !is_running)
    server->wildcard = peal_nsp_new(server, PEAL_S("*"), false, NULL);
  return server->wildcard;
}

/* -- calling ----------------------------------------------------------------------- */

static peal_nsp_local *for_all(const peal_nsp_local *local) {
  peal_nsp *wildcard = local->nsp->server->wildcard;
  return wildcard ? peal_nsp_local_of(wildcard, local->worker) : NULL;
}

static bool call(peal_nsp_local *local, peal_hook *first,
                 const peal_event *event) {
  return peal_handlers_call(local, first, local->hooks.age, event);
}

bool peal_wildcard_call(peal_socket *socket, const peal_event *event) {
  peal_nsp_local *own = socket->local, *all = for_all(own);
  if (call(own, own->hooks.chains[PEAL_HOOK_WILDCARD], event))
    return true;
  return all &&
         (call(all, peal_hook_of_event(&all->hooks, event->name), event) ||
          call(all, all->hooks.chains[PEAL_HOOK_WILDCARD], event));
}

peal_nsp_local *peal_wildcard_local(peal_nsp_local *local,
                                    peal_hook_kind kind) {
  const peal_hooks *hooks = &local->hooks;
  peal_nsp_local *all = for_all(local);
  return all && !peal_hook_live(hooks->chains[kind], hooks->age) ? all : local;
}
