/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_record: all that is to be known of a client for another process to
 * go on with it where this one ends: its session, what waits for it, the
 * request that began it, its sockets.
 *
 * Written as one MessagePack map by names, so that a later process may add
 * some: what is unknown is skipped. What must be understood has a version: who
 * does not know that of the other side is given no client.
 * In the flow: engine/handover_give -> [handover_record] -> a Unix socket ->
 * engine/handover_take. */
#include <peal/val.h>

#include "base/arena.h"
#include "base/buf.h"
#include "wire/deflate_terms.h"

#define PEAL_HANDOVER_RECORD_VERSION 1u
/* Characters of the ids of sessions and of sockets. */
#define PEAL_HANDOVER_RECORD_ID 20u

typedef struct peal_handover_field {
  peal_slice name, value;
} peal_handover_field;

/* An Engine.IO message that waits. */
typedef struct peal_handover_message {
  peal_slice data;
  bool is_binary;
  bool no_compress;
} peal_handover_message;

/* A member of a namespace. */
typedef struct peal_handover_socket {
  peal_slice nsp; /* with its slash */
  peal_slice id;
  peal_slice pid;   /* of recovery; empty: it has none */
  peal_slice auth;  /* JSON; NULL ptr: none */
  peal_val data;    /* undefined: none */
  peal_val session; /* an object; undefined: none */
  const peal_slice *rooms;
  size_t room_count;
} peal_handover_socket;

typedef struct peal_handover_record {
  peal_slice sid;
  bool is_websocket;
  bool is_eio3; /* of that version, with Socket.IO 2 */
  bool wants_base64;
  bool is_pinged;       /* a pong is awaited, otherwise a ping is to be sent */
  uint32_t beat_ms;     /* how long until then */
  uint32_t queue_bytes; /* its own ceiling; 0: the server's */
  uint8_t policy;       /* peal_queue_policy */
  /* Of a WebSocket that compresses: what was agreed on, and what the client's
   * next messages may refer to. */
  peal_deflate_terms deflate;
  peal_slice window;
  /* The request that began it. */
  bool is_secure;
  int64_t since_ms; /* since 1970 */
  peal_slice url, address;
  const peal_handover_field *fields;
  size_t field_count;
  const peal_handover_message *messages; /* oldest first */
  size_t message_count;
  const peal_handover_socket *sockets;
  size_t socket_count;
} peal_handover_record;

/* Append it. What is wrong is sticky in `out`. */
void peal_handover_record_encode(peal_buf *out,
                                 const peal_handover_record *record);
/* Decode one; what it points to lies in `in` (borrowed) and in the arena.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PACKET: it is none, or one that makes no sense;
 * PEAL_ERR_NOMEM; as peal_msgpack_decode. */
PEAL_MUST_CHECK peal_err peal_handover_record_decode(peal_handover_record *out,
                                                     peal_slice in,
                                                     peal_arena *arena);
