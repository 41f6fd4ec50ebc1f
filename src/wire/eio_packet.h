/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_packet: one Engine.IO 4 packet: a type digit and its data, or a binary
 * message (as a binary frame, or as `b` + base64 in text).
 * In the flow: proto/ws_conn, wire/eio_payload -> [eio_packet] ->
 * proto/eio_session. */
#include <peal/base.h>

#include "base/arena.h"

typedef enum peal_eio_type {
  PEAL_EIO_OPEN = 0,
  PEAL_EIO_CLOSE = 1,
  PEAL_EIO_PING = 2,
  PEAL_EIO_PONG = 3,
  PEAL_EIO_MESSAGE = 4,
  PEAL_EIO_UPGRADE = 5,
  PEAL_EIO_NOOP = 6
} peal_eio_type;

typedef struct peal_eio_packet {
  peal_slice data; /* borrowed from the input, or from the arena (base64) */
  uint8_t type;    /* one of peal_eio_type */
  bool binary;     /* a message of bytes */
} peal_eio_packet;

/* `in` is a text packet (borrowed): digit + data, or `b` + base64.
 * Returns: PEAL_OK, PEAL_ERR_EIO_PACKET (empty, unknown type, bad base64),
 * PEAL_ERR_NOMEM. Thread: pure. Spec: EIO4 packet encoding. */
PEAL_MUST_CHECK peal_err peal_eio_packet_decode(peal_eio_packet *out,
                                                peal_slice in,
                                                peal_arena *arena);
/* `text` is the base64 of a binary message alone.
 * Returns: as peal_eio_packet_decode. */
PEAL_MUST_CHECK peal_err peal_eio_packet_decode_base64(peal_eio_packet *out,
                                                       peal_slice text,
                                                       peal_arena *arena);
