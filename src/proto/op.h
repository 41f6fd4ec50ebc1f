/* SPDX-License-Identifier: MIT */
#pragma once
/* op: an operation on the sockets of a namespace, as data: what travels to the
 * other workers, and in its encoded form over a bus to other processes. What
 * a worker does with it is in op_run, once.
 *
 * The encoded form, numbers in network order; a text is u16 length, bytes:
 *
 *   u8 version = 1 · u8 kind · u8 flags · text namespace
 *   [ROOMS    u16 count, that many texts]      who: nobody if the count is 0
 *   [EXCEPT   u16 count > 0, that many texts]
 *   [WITHOUT  text]
 *   [CONFLATE text]
 *   JOIN, LEAVE:  text room
 *   ASK:          u32 milliseconds
 *   EMIT, ASK:    u32 length of the packet, u16 count of attachments,
 *                 u32 length of each, the packet, the attachments
 *
 * One operation has one encoded form: what _decode takes, _encode gives back.
 */
#include <peal/server.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proto/message.h"
#include "wire/sio_packet.h"

typedef enum peal_op_kind {
  PEAL_OP_EMIT = 1,
  PEAL_OP_ASK, /* emit, and gather acknowledgements */
  PEAL_OP_JOIN,
  PEAL_OP_LEAVE,
  PEAL_OP_DISCONNECT,
  PEAL_OP_COUNT,
  PEAL_OP_MEMBERS,
  PEAL_OP_FETCH, /* as the next: between workers alone, it has no encoded form */
  PEAL_OP_ROOMS,
  PEAL_OP_SEATS /* rooms, and how many are in each; between workers alone */
} peal_op_kind;

/* All pointers are borrowed, but for the message of a decoded one. */
typedef struct peal_op {
  uint8_t kind;          /* peal_op_kind */
  bool has_offset;       /* EMIT: the last argument is the offset of recovery,
                            and not the program's; not encoded */
  bool close;            /* DISCONNECT: the client's connection too */
  uint32_t timeout_ms;   /* ASK */
  peal_slice nsp;        /* the namespace's name */
  peal_to to;            /* without with_self */
  const char *without;   /* a socket's id that is left out, or NULL */
  peal_slice room;       /* JOIN, LEAVE; otherwise its ptr is NULL */
  peal_message *message; /* EMIT, ASK: an EVENT without an id */
} peal_op;

/* Append the encoded form; PEAL_ERR_LIMIT is sticky if a name is longer than
 * 65535 bytes, or there are more names. Thread: pure. */
void peal_op_encode(peal_buf *out, const peal_op *op);
/* Decode what fills all of `in`. Nothing in it is trusted: ids hold no NUL,
 * flags belong to their kind, the packet is one of this namespace. Names lie
 * in the arena, the message is a reference of the caller's, from libc.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PACKET (not of this form); what is wrong with
 * the packet in it; PEAL_ERR_NOMEM. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_op_decode(peal_op *out, peal_slice in,
                                        peal_arena *arena);
/* Event and arguments of EMIT and ASK as values in the arena: packet->data.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, what is wrong with the packet. */
PEAL_MUST_CHECK peal_err peal_op_values(peal_sio_packet *packet,
                                        const peal_op *op, peal_arena *arena);
/* Where an acknowledgement id goes into the packet of EMIT and ASK: behind
 * type, count of attachments and namespace. 0: the packet is not ours. */
size_t peal_op_id_at(const peal_op *op);
