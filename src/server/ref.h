/* SPDX-License-Identifier: MIT */
#pragma once
/* ref: references to sockets that outlive them and cross threads. What is asked
 * of a socket by one is in errand. */
#include "server/belongings.h"

/* The socket ends: references to it are to nobody. */
void peal_ref_end(peal_socket *socket);
