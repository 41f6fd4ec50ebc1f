/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_out: the packets that a session has for one of its ways, in the order in
 * which they leave (proto/eio_due).
 * In the flow: proto/eio_session -> [eio_out] -> proto/ws_conn, or a polling
 * body. */
#include "proto/eio_types.h"
#include "proto/role.h"
#include "wire/eio3_packet.h"

/* A packet to send. */
typedef struct peal_eio_out {
  uint8_t type; /* peal_eio_type */
  bool binary;  /* a message of bytes */
  bool no_compress;
  peal_message *message; /* whose part this is (borrowed until _pop), or NULL */
  size_t part;
  peal_slice data; /* borrowed until _pop */
} peal_eio_out;

/* Where a walk stands; {0}: at the beginning. Any verb of the session ends
 * it. */
typedef struct peal_eio_cursor {
  peal_eio_queue_cursor queue;
  uint8_t shown; /* peal_eio_due */
} peal_eio_cursor;

/* What stands before its data in a frame of a WebSocket; 0: nothing. */
static inline char peal_eio_out_prefix(const peal_eio_session *session,
                                       const peal_eio_out *out) {
  if (!out->binary)
    return (char)('0' + out->type);
  return PEAL_ROLE_IS_EIO3(session) ? PEAL_EIO3_PACKET_BINARY : 0;
}

/* Is there something to take for this way now? */
bool peal_eio_out_wants(const peal_eio_session *session, peal_eio_via via);
/* The next packet of a walk over what waits for this way; false at its end.
 * Several may be looked at before it is known what has left. */
bool peal_eio_out_peek(const peal_eio_session *session, peal_eio_via via,
                       peal_eio_cursor *cursor, peal_eio_out *out);
/* The first packet has left. */
void peal_eio_out_pop(peal_eio_session *session, peal_eio_via via,
                      uint64_t now_ms);
