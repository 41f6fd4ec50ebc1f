/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_extra: what few sockets have, and then only for a while: a block that
 * is made when it is needed. */
#include "server/server_impl.h"

/* Made if it is missing; NULL if memory is out. */
PEAL_MUST_CHECK peal_socket_extra *peal_socket_extra_open(peal_socket *socket);
/* Give it back if nothing is in it. */
void peal_socket_extra_trim(peal_socket *socket);
