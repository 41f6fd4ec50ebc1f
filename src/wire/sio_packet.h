/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_packet: one Socket.IO 5 packet, to and from the text of an Engine.IO
 * message: <type>[<n>-][<nsp>,][<id>][json], attachments apart.
 * In the flow: proto/eio_session -> [sio_packet] -> proto/sio_conn. */
#include <peal/parser.h>
#include <peal/val.h>

#include "base/arena.h"
#include "base/buf.h"

typedef enum peal_sio_type {
  PEAL_SIO_CONNECT = 0,
  PEAL_SIO_DISCONNECT = 1,
  PEAL_SIO_EVENT = 2,
  PEAL_SIO_ACK = 3,
  PEAL_SIO_CONNECT_ERROR = 4,
  PEAL_SIO_BINARY_EVENT = 5,
  PEAL_SIO_BINARY_ACK = 6
} peal_sio_type;

/* Of one that was decoded, nsp is "/" if the text names none, and data is
 * undefined if there is none. `attachments`: announced (decode), or counted
 * (encode). `type`: one of peal_sio_type. */
typedef peal_parser_packet peal_sio_packet;

/* Decode the text of a message (borrowed by *out). Grammar and shape of the
 * data are checked: CONNECT nothing or an object, DISCONNECT nothing, EVENT a
 * non-empty array that begins with a string (not reserved) or a number, of which
 * the text that JavaScript prints becomes the name; ACK an array, CONNECT_ERROR
 * an object or a string. Placeholders stay objects until
 * peal_sio_packet_attach.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PACKET (grammar), PEAL_ERR_SIO_PAYLOAD
 * (JSON or shape), PEAL_ERR_SIO_RESERVED, PEAL_ERR_SIO_ATTACHMENTS,
 * PEAL_ERR_SIO_TOO_MANY (above `max_attachments`), PEAL_ERR_DEPTH,
 * PEAL_ERR_NOMEM. `info` may be NULL. Thread: pure. Spec: SIO5 packet
 * encoding. */
PEAL_MUST_CHECK peal_err peal_sio_packet_decode(peal_sio_packet *out,
                                                peal_slice text,
                                                uint32_t max_attachments,
                                                peal_arena *arena,
                                                peal_err_info *info);

/* The same for text of which the caller knows that it is valid UTF-8, as
 * peal_json_decode_utf8. */
PEAL_MUST_CHECK peal_err peal_sio_packet_decode_utf8(peal_sio_packet *out,
                                                     peal_slice text,
                                                     uint32_t max_attachments,
                                                     peal_arena *arena,
                                                     peal_err_info *info);

/* Shape of the data, as above, of a packet that was decoded otherwise. The tree
 * lies in the arena: a name that is a number becomes its text there.
 * Returns: PEAL_OK, PEAL_ERR_SIO_PAYLOAD, PEAL_ERR_SIO_RESERVED,
 * PEAL_ERR_NOMEM. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_sio_packet_check(peal_sio_packet *packet,
                                               peal_arena *arena);

/* Put `count` attachments (borrowed) in the place of their placeholders in
 * packet->data. A placeholder is an object with _placeholder: true; its num
 * must be an integer in [0, count), and another one for each: every encoder
 * numbers them one by one, and a few bytes that name a large attachment again
 * and again would grow by it wherever the packet is encoded once more.
 * Returns: PEAL_OK, PEAL_ERR_SIO_ATTACHMENTS, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_packet_attach(peal_sio_packet *packet,
                                                const peal_slice *attachments,
                                                size_t count,
                                                peal_arena *arena);

/* Append the text of an event with `event` in front of `args`. Binaries in
 * the arguments make it a BINARY_EVENT; *attachments is their number.
 * Errors are sticky in `out`. */
void peal_sio_packet_encode_event(peal_buf *out, peal_slice nsp,
                                  peal_slice event, peal_args args,
                                  const uint64_t *id, size_t *attachments);
/* Append an ACK or BINARY_ACK. */
void peal_sio_packet_encode_ack(peal_buf *out, peal_slice nsp, uint64_t id,
                                peal_args args, size_t *attachments);
/* Append CONNECT, DISCONNECT or CONNECT_ERROR with optional data. */
void peal_sio_packet_encode_control(peal_buf *out, peal_sio_type type,
                                    peal_slice nsp, peal_val data);
/* The binaries of `args` in the order of their placeholders (borrowed).
 * Writes at most `max`; returns how many there are. */
size_t peal_sio_packet_binaries(peal_args args, peal_slice *out, size_t max);

/* Names that the field reserves: connect connect_error disconnect
 * disconnecting newListener removeListener. */
bool peal_sio_packet_is_reserved(peal_slice event);
