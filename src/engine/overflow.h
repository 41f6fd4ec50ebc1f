/* SPDX-License-Identifier: MIT */
#pragma once
/* overflow: what happens when a client's send queue is full; here and nowhere
 * else.
 *
 *   1. what waits is written as far as the peer takes it, in mid-turn
 *   2. still full: the policy
 *      CLOSE        the client is closed at the end of the turn
 *      DROP_NEWEST  the message is refused
 *      DROP_OLDEST  queued ones that may go make room, or it is refused */
#include "engine/engine_conn_impl.h"

/* Queue the message. Returns: PEAL_OK; PEAL_ERR_CLOSED; PEAL_ERR_NOMEM;
 * PEAL_ERR_QUEUE_FULL: not queued. */
PEAL_MUST_CHECK peal_err peal_overflow_send(peal_engine_conn *conn,
                                            const peal_eio_item *item);
