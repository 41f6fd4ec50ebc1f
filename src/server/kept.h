/* SPDX-License-Identifier: MIT */
#pragma once
/* kept: events that recovery keeps get their number and go to their receivers,
 * in the order of the numbers. */
#include "server/op_round.h"
#include "server/recovery.h"

/* To this one socket, which is accepted or about to be. `op` (EMIT, has_offset)
 * goes to its room, `item` is made of it. Returns: as peal_deliver_one, and
 * peal_op_round_keep. */
PEAL_MUST_CHECK peal_err peal_kept_one(peal_socket *socket, const peal_op *op,
                                       const peal_eio_item *item);
/* Does a store keep what goes to this socket? It is accepted, and not
 * leaving. */
bool peal_kept_is_elsewhere(const peal_socket *socket, bool is_volatile);
/* To its room, by the adapter of the store, in the order of all that it is
 * given. `to` may be NULL. Returns: as peal_adapter_verbs.publish. */
PEAL_MUST_CHECK peal_err peal_kept_hand_over(peal_socket *socket,
                                             const peal_to *to,
                                             peal_message *message);
/* To all that it names, on all workers. `own`: a socket that is about to be
 * accepted and gets it, too, or NULL.
 * Returns: as peal_op_round_keep. Thread: any. */
PEAL_MUST_CHECK peal_err peal_kept_cast(peal_nsp *nsp, const peal_op *op,
                                        const peal_eio_item *item,
                                        const peal_socket *own);
