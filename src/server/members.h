/* SPDX-License-Identifier: MIT */
#pragma once
/* members: who gets a broadcast: the sockets and rooms of one namespace on one
 * worker. What goes to the other workers is carried by server/op_round. */
#include "server/server_impl.h"

/* -- members (on the socket's worker) ------------------------------------------- */

/* The socket has been accepted: it counts from now on, and broadcasts reach
 * it, also in the rooms that it has joined before.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_members_add(peal_socket *socket);
/* No member any more; nothing if it was none. */
void peal_members_remove(peal_socket *socket);
/* The member with this id, or NULL. */
peal_socket *peal_members_find(const peal_nsp_local *local, peal_slice id);

/* -- selecting ------------------------------------------------------------------ */

/* Sockets of this worker that `to` names, without the one whose id is
 * `without` (may be NULL). The array lies in the turn arena.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_members_select(peal_nsp *nsp, peal_worker *worker,
                                             const peal_to *to,
                                             const char *without,
                                             peal_socket ***out, size_t *count);
/* Does `to` name this socket? */
bool peal_members_is_named(const peal_socket *socket, const peal_to *to);
