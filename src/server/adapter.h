/* SPDX-License-Identifier: MIT */
#pragma once
/* adapter: who gets a broadcast: the sockets and rooms of one namespace on one
 * worker. What goes to the other workers is carried by server/op. */
#include "server/server_impl.h"

/* -- membership (on the socket's worker) --------------------------------------- */

/* Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_EXISTS (id taken). */
PEAL_MUST_CHECK peal_err peal_adapter_add(peal_socket *socket);
void peal_adapter_remove(peal_socket *socket);
PEAL_MUST_CHECK peal_err peal_adapter_join(peal_socket *socket,
                                           const char *room);
void peal_adapter_leave(peal_socket *socket, const char *room);

/* -- selecting ------------------------------------------------------------------ */

/* Sockets of this worker that `to` names, without the one whose id is
 * `without` (may be NULL). The array lies in the turn arena.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_adapter_select(peal_nsp *nsp, peal_worker *worker,
                                             const peal_to *to,
                                             const char *without,
                                             peal_socket ***out, size_t *count);
