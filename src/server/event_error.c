/* SPDX-License-Identifier: MIT */
#include "server/event_error.h"

#include "server/handlers.h"
#include "server/wildcard.h"

/* -- registering ------------------------------------------------------------------- */

static peal_err change(peal_nsp *nsp, bool removes, peal_error_fn fn,
                       void *user) {
  return peal_handlers_change(
      nsp, removes,
      &(peal_hook){.kind = PEAL_HOOK_ERROR, .fn.error = fn, .user = user});
}

peal_err peal_on_error(peal_nsp *nsp, peal_error_fn fn, void *user) {
  return change(nsp, false, fn, user);
}

peal_err peal_off_error(peal_nsp *nsp, peal_error_fn fn, void *user) {
  return change(nsp, true, fn, user);
}

/* -- telling ----------------------------------------------------------------------- */

static void log_unheard(const peal_socket *socket, const peal_event *event,
                        const char *message) {
  const peal_nsp *nsp = socket->local->nsp;
  static const peal_slice none;
  peal_logger_write(nsp->server->log, PEAL_LOG_WARN, "server", none,
                    peal_slice_of(socket->id), "%s in %s: %s",
                    event ? "an event was not handled" : "no packet", nsp->name,
                    message);
}

bool peal_event_error_is_heard(const peal_socket *socket) {
  const peal_hooks *hooks =
      &peal_wildcard_local(socket->local, PEAL_HOOK_ERROR)->hooks;
  return peal_hook_live(hooks->chains[PEAL_HOOK_ERROR], hooks->age) != NULL;
}

bool peal_event_error_tell(peal_socket *socket, const peal_event *event,
                           peal_err err, const char *message) {
  const peal_nsp_local *local =
      peal_wildcard_local(socket->local, PEAL_HOOK_ERROR);
  uint64_t age = local->hooks.age;
  peal_hook *hook = peal_hook_live(local->hooks.chains[PEAL_HOOK_ERROR], age);
  bool any = hook != NULL;
  if (event)
    event->fate->failed = true; /* those who hear of it cannot fail */
  for (; hook; hook = peal_hook_live(hook->next, age))
    hook->fn.error(socket, event, err, message, hook->user);
  if (!any)
    log_unheard(socket, event, message);
  if (!any && event)
    event->fate->unheard = true;
  return any;
}

void peal_event_error_fail(const peal_event *event, peal_err err,
                           const char *message) {
  (void)peal_event_error_tell(event->receiver, event, err, message);
}
