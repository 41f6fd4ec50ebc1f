/* SPDX-License-Identifier: MIT */
#pragma once
/* event_error: what went wrong with what a socket sent, to the error handlers
 * of its namespace, or to those for all. */
#include "events/event.h"
#include "server/server_impl.h"

/* The verb of an event: one of its handlers has failed. */
void peal_event_error_fail(const peal_event *event, peal_err err,
                           const char *message);
/* Is there a handler that would be told? */
bool peal_event_error_is_heard(const peal_socket *socket);
/* The event (NULL: what came was none) ends here. True if somebody was told. */
bool peal_event_error_tell(peal_socket *socket, const peal_event *event,
                           peal_err err, const char *message);
