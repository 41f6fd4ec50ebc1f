/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp_watch: who is told that a namespace was made, or has ended: functions of
 * the program's, and the other nodes. */
#include "server/server_impl.h"

/* Is there anybody to be told? */
bool peal_nsp_watch_is_any(const peal_server *server);
/* It is made; before anybody can be in it. Not under the lock. */
void peal_nsp_watch_made(peal_nsp *nsp);
/* It is out of the table. On worker 0. */
void peal_nsp_watch_ended(peal_nsp *nsp);
/* The same to the other nodes; under the lock, so that they hear it in order. */
void peal_nsp_watch_tell_nodes(const peal_nsp *nsp, bool made);
void peal_nsp_watch_deinit(peal_server *server);
