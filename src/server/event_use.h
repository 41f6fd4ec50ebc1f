/* SPDX-License-Identifier: MIT */
#pragma once
/* event_use: the middleware of events: one function after the other lets an
 * event pass, or not. One that answers later makes the event wait, as a copy that
 * is charged to its client; what comes behind it for this socket waits in the
 * machine (peal_sio_conn_pause).
 *
 *   run ──> fn ──> answered inside ──> the next fn ... ──> then: the handlers
 *            └──> not yet: kept, link paused
 *                   └──> answered: end of the turn ──> the next fn ... ──> then
 *                                                             └──> link resumed
 */
#include "server/event_chain.h"

/* Has anybody registered one? */
static inline bool peal_event_use_is_any(const peal_socket *socket) {
  const peal_belongings *own = peal_belongings_of(socket);
  return socket->local->hooks.chains[PEAL_HOOK_USE_EVENT] || (own && own->uses);
}

/* Ask all of them; then `then` inside this call, or `later` at the end of a turn,
 * or neither. */
void peal_event_use_run(peal_socket *socket, peal_sio_link link,
                        const peal_event *event, peal_event_use_fn then,
                        peal_event_use_fn later);
