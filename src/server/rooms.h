/* SPDX-License-Identifier: MIT */
#pragma once
/* rooms: who is in which room, on the socket's worker. A socket's own id is a
 * room too, but nothing is kept for it: the namespace finds the id itself. */
#include "server/server_impl.h"

/* The room of this name on a worker, or NULL. */
const peal_room *peal_rooms_find(const peal_nsp_local *local, peal_slice name);
/* It is in the room of its id from now on. */
void peal_rooms_enter_own(peal_socket *socket);
/* Leave all of them, at the end of the socket. */
void peal_rooms_leave_all(peal_socket *socket);
