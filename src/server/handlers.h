/* SPDX-License-Identifier: MIT */
#pragma once
/* handlers: the functions that are registered with a namespace: a chain for each
 * kind, and one for each event name. All are registered before the run and
 * fixed during it, so that workers read them without a lock. */
#include "server/server_impl.h"

/* Is there a namespace, and does the server not run yet? */
bool peal_handlers_is_open(const peal_nsp *nsp);
/* Append a copy of `hook` to a chain of `nsp`. Returns: PEAL_OK,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_handlers_add(peal_nsp *nsp, peal_hook **chain,
                                           const peal_hook *hook);
/* The first handler of an event, or NULL. */
const peal_hook *peal_handlers_of_event(peal_nsp *nsp,
                                        const peal_worker *worker,
                                        peal_slice event);
/* An event goes out to this socket: whoever watches that is told. */
void peal_handlers_tell_outgoing(peal_socket *socket, peal_slice event,
                                 peal_args args);
/* All of a namespace. */
void peal_handlers_free(peal_nsp *nsp);
