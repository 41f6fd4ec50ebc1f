/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_hook: handlers of one socket alone. They may be changed while they are
 * called, as those of the namespace (hook.h). */
#include "server/belongings.h"

/* Those of this event, behind those of the namespace. True if there was any. */
bool peal_socket_hook_call(peal_socket *socket, const peal_event *event);
/* The socket ends: none is called any more. */
void peal_socket_hook_end(peal_socket *socket);
