/* SPDX-License-Identifier: MIT */
#pragma once
/* eio3_payload: a polling body of Engine.IO 3: each packet behind its length.
 *
 *   text       <decimal length in UTF-16 units>:<packet>        6:4hello
 *   binary     00|01 <decimal digits, a byte 0-9 each> ff <packet>
 *
 * A binary one (application/octet-stream) is what a body with binary messages
 * becomes for a peer that has not asked for base64; 00 stands before text in
 * UTF-8, 01 before bytes, and lengths are in bytes. Spec: engine.io-parser 2.2.
 */
#include <peal/base.h>

#include "base/buf.h"
#include "wire/eio_packet.h"

typedef struct peal_eio3_payload_item {
  peal_slice data; /* a packet for wire/eio3_packet, in the body */
  bool binary;     /* as bytes; otherwise text, which is valid UTF-8 */
} peal_eio3_payload_item;

/* Take the first packet of *rest (borrowed), `octets`: of a binary body. One
 * of no length has an empty item: it says nothing.
 * Returns: PEAL_OK; PEAL_ERR_EIO_PACKET (no length, one that leads out of the
 * body, or into a character), PEAL_ERR_UTF8. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_eio3_payload_next(peal_slice *rest, bool octets,
                                                peal_eio3_payload_item *item);
/* Append one packet. Binary becomes base64 in text. */
void peal_eio3_payload_add(peal_buf *out, bool octets,
                           const peal_eio_packet *packet);
/* Bytes that it would append to text, at most. */
size_t peal_eio3_payload_len(const peal_eio_packet *packet);
