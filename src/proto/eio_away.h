/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_away: what nodes say to each other about sessions whose requests arrive
 * elsewhere, in the form of @socket.io/cluster-engine 0.1 over Redis.
 *
 *   entry: the node that a request reaches     home: the node of its session
 *     LOCK           who has this sid?  ──> all
 *     LOCK_ANSWER    <── I, and you may (or may not)
 *     PACKET         packets of a POST, or one of a WebSocket ──> home; several in
 *                    one message, and an answer to the last of a POST, are ours:
 *                    what the client sends next may reach the home by itself
 *     DRAIN          <── packets for the GET or the WebSocket that is there
 *     UPGRADE        the client has left polling (or will not) ──> home
 *     UPGRADE_ANSWER <── the session stays here
 *     CLOSE          the client, or its request, is gone ──> home
 *     CREDIT         the client has taken so much (ours: the reference has no
 *                    such thing) ──> home
 *
 * In the flow: engine/away -> [eio_away] -> the bus, and back. */
#include <peal/val.h>

#include "base/arena.h"
#include "base/buf.h"
#include "wire/eio_packet.h"

/* A node's name: 3 bytes in hex. */
#define PEAL_EIO_AWAY_NODE 6u
/* Packets of one message. */
#define PEAL_EIO_AWAY_PACKETS 65535u

typedef enum peal_eio_away_type {
  PEAL_EIO_AWAY_LOCK,
  PEAL_EIO_AWAY_LOCK_ANSWER,
  PEAL_EIO_AWAY_DRAIN,
  PEAL_EIO_AWAY_PACKET,
  PEAL_EIO_AWAY_UPGRADE,
  PEAL_EIO_AWAY_UPGRADE_ANSWER,
  PEAL_EIO_AWAY_CLOSE,
  PEAL_EIO_AWAY_CREDIT
} peal_eio_away_type;

typedef struct peal_eio_away {
  uint8_t type;         /* peal_eio_away_type */
  bool success;         /* LOCK_ANSWER, UPGRADE */
  bool take_over;       /* UPGRADE_ANSWER */
  bool writes;          /* LOCK: for a POST */
  bool is_websocket;    /* LOCK: for an upgrade */
  uint64_t request;     /* LOCK, UPGRADE and their answers, below 2^53; PACKET:
                           0, or it is answered as LOCK when it has been taken */
  peal_slice sender;    /* all */
  peal_slice recipient; /* all but LOCK */
  peal_slice sid;       /* all but the answers */
  peal_slice reason;    /* CLOSE */
  uint64_t bytes;       /* CREDIT */
  const peal_eio_packet
      *packets; /* DRAIN, UPGRADE_ANSWER; PACKET: 1 at least */
  size_t packet_count;
} peal_eio_away;

/* Append a message. */
void peal_eio_away_encode(peal_buf *out, const peal_eio_away *msg);
/* Decode one; what it points to lies in `in` (borrowed) and the arena. A packet
 * whose type is unknown has PEAL_EIO_AWAY_UNREADABLE.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PACKET: another source's, or none of these
 * forms; PEAL_ERR_NOMEM; as peal_msgpack_decode. */
PEAL_MUST_CHECK peal_err peal_eio_away_decode(peal_eio_away *out, peal_slice in,
                                              peal_arena *arena);

/* As the type of a packet: the parser's "error". */
#define PEAL_EIO_AWAY_UNREADABLE 7u
