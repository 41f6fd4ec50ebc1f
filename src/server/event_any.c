/* SPDX-License-Identifier: MIT */
/* event_any: the catch-all handlers of a namespace: put in front, counted,
 * looked at. */
#include <peal/events.h>

#include "server/handlers.h"
#include "server/nsp.h"

peal_err peal_prepend_any(peal_nsp *nsp, peal_event_fn fn, void *user) {
  return peal_handlers_change(nsp, false,
                              &(peal_hook){.kind = PEAL_HOOK_ANY,
                                           .fn.event = fn,
                                           .user = user,
                                           .in_front = true});
}

peal_err peal_prepend_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn,
                                   void *user) {
  return peal_handlers_change(nsp, false,
                              &(peal_hook){.kind = PEAL_HOOK_OUTGOING,
                                           .fn.outgoing = fn,
                                           .user = user,
                                           .in_front = true});
}

/* The first of the calling worker; before the run all workers have the same. */
static peal_hook *first_of(peal_nsp *nsp, peal_hook_kind kind) {
  if (!nsp)
    return NULL;
  const peal_worker *self = peal_nsp_worker(nsp);
  bool is_running =
      atomic_load_explicit(&nsp->server->running, memory_order_relaxed);
  if (!self && is_running)
    return NULL;
  const peal_nsp_local *local =
      self ? peal_nsp_local_of(nsp, self) : &nsp->locals[0];
  return peal_hook_live(local->hooks.chains[kind], UINT64_MAX);
}

static size_t count_of(peal_nsp *nsp, peal_hook_kind kind) {
  size_t count = 0;
  for (peal_hook *hook = first_of(nsp, kind); hook;
       hook = peal_hook_live(hook->next, UINT64_MAX))
    count++;
  return count;
}

static const peal_hook *at(peal_nsp *nsp, peal_hook_kind kind, size_t index,
                           void **user) {
  peal_hook *hook = first_of(nsp, kind);
  for (; hook && index; index--)
    hook = peal_hook_live(hook->next, UINT64_MAX);
  if (user)
    *user = hook ? hook->user : NULL;
  return hook;
}

size_t peal_any_count(peal_nsp *nsp) {
  return count_of(nsp, PEAL_HOOK_ANY);
}

peal_event_fn peal_any_at(peal_nsp *nsp, size_t index, void **user) {
  const peal_hook *hook = at(nsp, PEAL_HOOK_ANY, index, user);
  return hook ? hook->fn.event : NULL;
}

size_t peal_any_outgoing_count(peal_nsp *nsp) {
  return count_of(nsp, PEAL_HOOK_OUTGOING);
}

peal_outgoing_fn peal_any_outgoing_at(peal_nsp *nsp, size_t index,
                                      void **user) {
  const peal_hook *hook = at(nsp, PEAL_HOOK_OUTGOING, index, user);
  return hook ? hook->fn.outgoing : NULL;
}
