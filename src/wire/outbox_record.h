/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_record: what an outbox writes into its files, to and from bytes.
 * In the flow: client/outbox_file -> [outbox_record] -> client/outbox.
 *
 * Numbers have their highest byte first:
 *
 *   0      2      3      4      8             16        20        24
 *   +------+------+------+------+-------------+---------+---------+------
 *   | f550 | type | 00   | len  | seq         | crc of  | crc of  | body
 *   |      |      |      |      |             | the body| the head| len bytes
 *   +------+------+------+------+-------------+---------+---------+------
 *
 *   body of an event:
 *   u16 len, id | u32 len of the text, u16 attachments, u32 len of each |
 *   text of the packet (wire/sio_packet, namespace "/", no id) | attachments
 *
 * A DONE has no body; its seq is that of the event that is over. Both checksums
 * begin with the file and the place in it: what stands elsewhere (an old block
 * of the disk, a record that somebody has put into an attachment) is no record
 * here. All Thread: pure. */
#include <peal/val.h>

#include "base/arena.h"
#include "base/buf.h"

#define PEAL_OUTBOX_RECORD_HEAD_BYTES 24u

typedef enum peal_outbox_record_type {
  PEAL_OUTBOX_RECORD_EVENT = 1,
  PEAL_OUTBOX_RECORD_DONE = 2
} peal_outbox_record_type;

/* Where a record stands. */
typedef struct peal_outbox_place {
  uint64_t box;    /* random, of all files of an outbox */
  uint64_t number; /* of the file */
  uint64_t offset; /* in the file */
} peal_outbox_place;

typedef struct peal_outbox_record {
  uint8_t type; /* one of peal_outbox_record_type */
  uint64_t seq;
  peal_slice body; /* borrowed */
} peal_outbox_record;

/* What an event's body holds; borrowed from it, values from the arena. */
typedef struct peal_outbox_event {
  peal_slice id;
  peal_slice name;
  peal_args args;
} peal_outbox_event;

/* Append the record as it stands at `place`. Errors are sticky in `out`. */
void peal_outbox_record_encode(peal_buf *out, const peal_outbox_record *record,
                               peal_outbox_place place);
/* Decode the record that `in` (borrowed) begins with.
 * Returns: PEAL_OK and *used; PEAL_ERR_AGAIN: bytes are missing, *used is how
 * many there must be; PEAL_ERR_IO: no whole record stands here. A head whose
 * body is damaged says nothing about where the next record begins: its writing
 * may have ended early, and others have been appended. */
PEAL_MUST_CHECK peal_err peal_outbox_record_decode(peal_outbox_record *out,
                                                   peal_slice in,
                                                   peal_outbox_place place,
                                                   size_t *used);

/* Append the body of an event. If `id_name` is not NULL and the first argument
 * is an object, that gets `id` as a member, in place of one of that name.
 * Returns: PEAL_OK, PEAL_ERR_RESERVED (the name), PEAL_ERR_DEPTH,
 * PEAL_ERR_LIMIT (more than 65535 binaries, or beyond out's ceiling),
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_outbox_record_put_event(
    peal_buf *out, const peal_outbox_event *event, const char *id_name);
/* Read it. Returns: PEAL_OK; PEAL_ERR_IO: it is none; PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_outbox_record_get_event(peal_outbox_event *out,
                                                      peal_slice body,
                                                      peal_arena *arena);
/* Only its id, the empty slice if the body is no event's. */
peal_slice peal_outbox_record_id(peal_slice body);
