/* SPDX-License-Identifier: MIT */
#pragma once
/* socket: one client in one namespace: its memory, its end, what hangs on it.
 *
 *   middleware        accept                   client, at the end of the turn
 *   PENDING ────────> ACCEPTING ──> CONNECTED ──> LEAVING ──> GONE
 *      └──────────────────┴── refused, or its client has gone ──^
 */
#include "server/server_impl.h"

/* A socket in the middleware; it takes the caller's use of `nsp`. NULL if memory
 * is out. */
PEAL_MUST_CHECK peal_socket *peal_socket_new(peal_server_client *client,
                                             peal_nsp *nsp);
/* It belongs to no client any more and is charged to none: GONE. */
void peal_socket_detach(peal_socket *socket);
/* It is out of everything; the application's pointer is freed. */
void peal_socket_free(peal_socket *socket);
