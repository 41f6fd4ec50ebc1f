/* SPDX-License-Identifier: MIT */
#pragma once
/* eio3_packet: one packet of Engine.IO 3, which Socket.IO 2 stands on. Text is
 * as in version 4, a type digit and its data; binary has its type, too:
 *
 *   in a frame, or a binary payload    04 <bytes>
 *   in text                            b4<base64>
 *
 * In the flow: proto/ws_conn, wire/eio3_payload -> [eio3_packet] ->
 * proto/eio_session. Spec: engine.io-parser 2.2. */
#include <peal/base.h>

#include "base/arena.h"
#include "wire/eio_packet.h"

/* The first byte of a binary message. */
#define PEAL_EIO3_PACKET_BINARY '\x04'

/* `in` is a packet as text (borrowed).
 * Returns: PEAL_OK, PEAL_ERR_EIO_PACKET (empty, unknown type, bad base64, binary
 * that is no message), PEAL_ERR_NOMEM. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_eio3_packet_decode(peal_eio_packet *out,
                                                 peal_slice in,
                                                 peal_arena *arena);
/* The same of one as bytes. */
PEAL_MUST_CHECK peal_err peal_eio3_packet_decode_binary(peal_eio_packet *out,
                                                        peal_slice in);
