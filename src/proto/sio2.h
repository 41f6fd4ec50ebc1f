/* SPDX-License-Identifier: MIT */
#pragma once
/* sio2: what is otherwise on the wire of Socket.IO 2 (protocol 4, above
 * Engine.IO 3): the server connects "/" by itself, CONNECT brings a query with
 * its namespace instead of an object, and its answer says nothing.
 *
 *   0/room?token=x,   CONNECT           0/room,         its answer
 *   0                 "/", unasked      4/room,"why"    a refusal
 *
 * In the flow: a part of proto/sio_conn. Spec: reference 3.6. */
#include "base/arena.h"
#include "base/buf.h"
#include "wire/sio_packet.h"

/* Cut the query off the packet's namespace (borrowed by it); of a CONNECT its
 * parameters become the data, an object of decoded strings, or undefined if
 * there are none.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT (more than 256), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio2_take_query(peal_sio_packet *packet,
                                              peal_arena *arena);
/* Append `nsp` with what is in `auth` as its query: strings, numbers and
 * booleans by their text, the rest as JSON. Errors are sticky in `out`. */
void peal_sio2_add_query(peal_buf *out, peal_slice nsp, peal_val auth);
