/* SPDX-License-Identifier: MIT */
#pragma once
/* socket: one client in one namespace: from its CONNECT through middleware
 * and connect handlers to its disconnect. */
#include "server/server_impl.h"

/* CONNECT has come: begin the middleware. NULL if memory is out (refused). */
void peal_socket_begin(peal_client *client, peal_nsp *nsp, peal_sio_link *link,
                       peal_val auth);
/* The socket is over: handlers run, it leaves its rooms, its memory is freed
 * (a socket whose middleware still runs: when that calls back). */
void peal_socket_end(peal_socket *socket, peal_reason reason, peal_err err);
/* Does an event go out to this socket at all? */
bool peal_socket_takes(const peal_socket *socket, bool is_volatile);
/* Queue a message for this socket, held if it is not accepted yet. Volatile
 * messages may be dropped. */
PEAL_MUST_CHECK peal_err peal_socket_deliver(peal_socket *socket,
                                             const peal_eio_item *item,
                                             bool is_volatile);
