/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_classic: what Node's @socket.io/redis-adapter (createAdapter) publishes,
 * to and from bytes; what @socket.io/redis-emitter does is read, too.
 *
 *   broadcasts  msgpack [uid, packet {type, data, nsp}, opts]
 *               opts: {rooms, except, flags {volatile, compress, timeout}}
 *   requests    JSON {uid, requestId, type, …}; 7 is msgpack
 *   responses   JSON {requestId, …} or {type, requestId, …}; 9 is msgpack
 *
 *   0 IDS, IDS_ARE   1 ROOMS, ROOMS_ARE     2 3 4 OP: JOIN, LEAVE, DISCONNECT
 *   5 FETCH, FETCHED 6 CALL, RETURN         7 ASK   8 ASKED   9 ACKED
 *
 * In the flow: cluster/redis -> [bus_classic] -> proto/cluster_machine. */
#include "proto/bus.h"
#include "proto/bus_channel.h"

/* Append the message for the channel of peal_bus_channel_classic. `arena` is
 * scratch. Sticky errors in `out`: PEAL_ERR_USAGE if the dialect has no such
 * message (Peal's own kinds, Python's; rooms that are an empty list: that is
 * nobody), and what memory says.
 * The socket that is left out (op.without) is an exception here; what events
 * replace (conflate) is not said. Thread: pure. */
void peal_bus_classic_encode(peal_buf *out, const peal_bus_msg *msg,
                             peal_arena *arena);
/* Decode what came from a channel. Nothing in it is trusted. What it points to
 * lies in the arena, of which it takes at most 64 bytes for each of `in`, and
 * in `in`.
 * An answer with an empty list of sockets is FETCHED: whoever asked for IDS
 * takes it as that.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PACKET (not of this form), what is wrong with
 * the msgpack, the JSON or the event in it; PEAL_ERR_NOMEM. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_bus_classic_decode(peal_bus_msg *out,
                                                 const peal_bus_channel *where,
                                                 peal_slice in,
                                                 peal_arena *arena);
