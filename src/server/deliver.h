/* SPDX-License-Identifier: MIT */
#pragma once
/* deliver: a message into the queues of its receivers on this worker. */
#include "server/server_impl.h"

/* Does an event go out to this socket at all? */
bool peal_deliver_is_taken(const peal_socket *socket, bool is_volatile);
/* Queue a message for this socket, held if it is not accepted yet. Volatile
 * messages may be dropped (PEAL_OK).
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM,
 * PEAL_ERR_LIMIT. */
PEAL_MUST_CHECK peal_err peal_deliver_one(peal_socket *socket,
                                          const peal_eio_item *item,
                                          bool is_volatile);
/* For all of them; their own errors (a full queue) are theirs alone. */
void peal_deliver_many(peal_socket *const *sockets, size_t count,
                       const peal_eio_item *item, bool is_volatile);
