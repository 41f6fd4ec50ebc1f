/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_end: how a socket goes: asked for by the server, or told by its
 * client; the handlers that hear of it, and the reason. */
#include "server/server_impl.h"

/* The connection or the namespace is over for this socket: handlers run, it
 * leaves its rooms, its memory is freed (a socket whose middleware still runs:
 * when that has answered). */
void peal_socket_end(peal_socket *socket, peal_reason reason, peal_err err);
