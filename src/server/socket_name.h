/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_name: the id of a socket as programs and clients know it. As a rule it
 * is `id`. A client of Socket.IO 2 makes its own out of what it knows: in "/"
 * the id of its session, elsewhere that behind the namespace, "/room#<id>"
 * (reference 1.7). In here such a socket has the id of its session as `id` in
 * each namespace, where that names it as well. */
#include "server/server_impl.h"

/* A socket of that kind gets its id and its name.
 * Returns: PEAL_OK; PEAL_ERR_LIMIT, PEAL_ERR_NOMEM (it has none). */
PEAL_MUST_CHECK peal_err peal_socket_name_set(peal_socket *socket);
/* Of any; terminated, as long as the socket. */
const char *peal_socket_name(const peal_socket *socket);
/* It is charged to its client no longer. */
void peal_socket_name_discharge(peal_socket *socket);
/* Without what such a name has in front of the id. */
peal_slice peal_socket_name_id(const peal_nsp *nsp, peal_slice name);
