/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_key: the values that modules keep with a socket, one for each key. */
#include "server/belongings.h"

/* The socket ends: each value goes to the function of its key. */
void peal_socket_key_end(peal_socket *socket);
