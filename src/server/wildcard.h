/* SPDX-License-Identifier: MIT */
#pragma once
/* wildcard: handlers for what has none of its own: for any event of a
 * namespace, and for all namespaces (peal_server_wildcard). */
#include "events/event.h"
#include "server/server_impl.h"

/* Call those for an event that nobody has handled. True if there was any. */
bool peal_wildcard_call(peal_socket *socket, const peal_event *event);
/* Whose handlers of this kind (one without names) serve the namespace: its own,
 * if it has any, otherwise those for all. */
peal_nsp_local *peal_wildcard_local(peal_nsp_local *local, peal_hook_kind kind);
