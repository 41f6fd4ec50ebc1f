/* SPDX-License-Identifier: MIT */
#pragma once
/* dispatch: an event that came in, to the handlers of its namespace and of its
 * socket; and their acknowledgements, at once or later. */
#include "server/server_impl.h"

/* Call the handlers. */
void peal_dispatch_event(peal_socket *socket, const peal_sio_conn_event *from);
/* Clients who are owed a reply on this worker have its owed_at, a new one, from
 * now on. */
void peal_dispatch_mark_owed(peal_server *server, const peal_worker *worker);
/* The replies of a worker come from this pool. */
void peal_dispatch_pool_init(peal_ticket_pool *pool,
                             const peal_ticket_pool_opts *opts);
