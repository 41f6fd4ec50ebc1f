/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_input: what an Engine.IO message means for a Socket.IO connection.
 * In the flow: a part of proto/sio_conn. */
#include "base/arena.h"
#include "proto/sio_types.h"

/* Packets that were held first, then the message that was lent: one of them.
 * event->type stays PEAL_SIO_CONN_NONE if it is nothing to be told; *more is
 * false if there was none.
 * Returns: PEAL_OK, or what kills the machine. */
PEAL_MUST_CHECK peal_err peal_sio_input_next(peal_sio_conn *conn,
                                             peal_arena *arena,
                                             peal_sio_conn_event *event,
                                             bool *more);
