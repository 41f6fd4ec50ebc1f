/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp_life: how long a namespace lives. One that a program has asked for by its
 * name lives as long as the server. A child that clients have made ends when
 * nobody is left in it, if the server is to clean up:
 *
 *   uses   sockets, and what recovery keeps of them   -> 0: it has ended: out of
 *          the table, of its parent, and told
 *   refs   the table, references, operations on their way -> 0: each worker
 *          gives back its part, the last one all (nsp_end)
 *
 * Its block is kept for the next one of whatever name: so what still points to
 * it (peal_socket_ref) finds a server there, and a socket nowhere. */
#include "server/server_impl.h"

/* One more use; of one that is in use, or under the table's lock. */
void peal_nsp_life_use(const peal_nsp *nsp);
/* The reverse; perhaps it has ended with that. Thread: any. */
void peal_nsp_life_leave(const peal_nsp *nsp);
/* The same by a session that recovery has kept. */
void peal_nsp_life_let_go(const void *nsp);
/* It is no child any more; under the table's lock. */
void peal_nsp_life_orphan(peal_nsp *nsp);
/* Keep its memory; by one who has a use or a hold of it. Thread: any. */
void peal_nsp_life_hold(peal_nsp *nsp);
/* The same by one who has none. False: it is no more, or another one. Thread:
 * any. */
PEAL_MUST_CHECK bool peal_nsp_life_try_hold(peal_nsp *nsp);
/* The reverse of both. Thread: any. */
void peal_nsp_life_release(peal_nsp *nsp);
