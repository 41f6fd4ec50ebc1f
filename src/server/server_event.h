/* SPDX-License-Identifier: MIT */
#pragma once
/* server_event: events between the servers of a cluster: handlers for what
 * another node sends, and its answer. */
#include "server/server_impl.h"

/* An event that another node has sent: args.items[0] is its name. `wants_answer`:
 * it goes by the adapter, as the answer to question `number`. On worker 0. */
void peal_server_event_run(peal_nsp *nsp, peal_args args, bool wants_answer,
                           uint64_t number);
/* Has it a name that only the library uses? */
bool peal_server_event_is_reserved(peal_slice name);
