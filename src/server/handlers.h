/* SPDX-License-Identifier: MIT */
#pragma once
/* handlers: registering and removing the functions of a namespace, before the
 * run and during it. Each worker has hooks of its own (hook.h); a change is made
 * at once where it is asked for, and travels to the other workers as mail. */
#include "server/server_impl.h"

/* One more on all workers: a copy of `like` with this name.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM: on none. Thread: any. */
PEAL_MUST_CHECK peal_err peal_handlers_add(peal_nsp *nsp, const peal_hook *like,
                                           peal_slice name);
/* The reverse of it. */
PEAL_MUST_CHECK peal_err peal_handlers_remove(peal_nsp *nsp,
                                              const peal_hook *like,
                                              peal_slice name);
/* An event goes out to this socket: whoever watches that is told. */
void peal_handlers_tell_outgoing(peal_socket *socket, peal_slice event,
                                 peal_args args);
/* Is it to be called? One that is to be called once is removed with that. */
bool peal_handlers_claim(peal_nsp_local *local, peal_hook *hook);
/* Call the handlers from `hook` on that were there at `age`, until one
 * disconnects the socket or fails. True if there was any. */
bool peal_handlers_call_all(peal_nsp_local *local, peal_hook *hook,
                            uint64_t age, const peal_event *event);

/* The same; as a rule there is none of a kind. */
static inline bool peal_handlers_call(peal_nsp_local *local, peal_hook *hook,
                                      uint64_t age, const peal_event *event) {
  return hook && peal_handlers_call_all(local, hook, age, event);
}

/* The same for a kind that has no names: PEAL_ERR_USAGE without a function. */
PEAL_MUST_CHECK peal_err peal_handlers_change(peal_nsp *nsp, bool removes,
                                              const peal_hook *like);
