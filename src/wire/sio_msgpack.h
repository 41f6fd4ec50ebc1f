/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_msgpack: one Socket.IO packet as one map of MessagePack, as the package
 * socket.io-msgpack-parser 3 writes it (notepack.io 2; reference 3.7):
 *
 *   EVENT       {type: 2, data: [name, …], id, nsp}     id: if it has one
 *   ACK         {id, type: 3, data: […], nsp}
 *   CONNECT …   {type, data, nsp}                       data: if there is any
 *
 * Binaries lie in it: there are no attachments, and no types 5 and 6.
 * In the flow: as wire/sio_packet. */
#include "wire/sio_packet.h"

/* Decode the packet that fills `in` (borrowed by *out). Keys come in any order,
 * of equal ones the last counts, those that are not known are passed over; what
 * is undefined (d4 00 00) is as if absent, and so is null of CONNECT and
 * DISCONNECT (python-socketio). Shape of the data: as
 * peal_sio_packet_decode.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PACKET (no map, a type that is none, no
 * namespace, an id that is none), PEAL_ERR_SIO_PAYLOAD (malformed, or shape),
 * PEAL_ERR_SIO_RESERVED, PEAL_ERR_UTF8, PEAL_ERR_DEPTH, PEAL_ERR_NOMEM.
 * Thread: pure. */
PEAL_MUST_CHECK peal_err peal_sio_msgpack_decode(peal_sio_packet *out,
                                                 peal_slice in,
                                                 peal_arena *arena);

/* As their namesakes of wire/sio_packet. Errors are sticky in `out`. */
void peal_sio_msgpack_encode_event(peal_buf *out, peal_slice nsp,
                                   peal_slice event, peal_args args,
                                   const uint64_t *id);
void peal_sio_msgpack_encode_ack(peal_buf *out, peal_slice nsp, uint64_t id,
                                 peal_args args);
void peal_sio_msgpack_encode_control(peal_buf *out, peal_sio_type type,
                                     peal_slice nsp, peal_val data);
/* Append an event without an id that was encoded here, with this id: as a
 * broadcast of the reference has it, behind all else. */
void peal_sio_msgpack_add_id(peal_buf *out, peal_slice event, uint64_t id);
/* Bytes behind the data of an event without an id. */
size_t peal_sio_msgpack_tail_len(peal_slice nsp);
