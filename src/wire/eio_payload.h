/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_payload: a polling body: packets separated by 0x1e.
 * Spec: EIO4 payload encoding. */
#include <peal/base.h>

#include "base/buf.h"
#include "wire/eio_packet.h"

#define PEAL_EIO_PAYLOAD_SEPARATOR '\x1e'

/* Take the first packet's text from *rest (borrowed). An empty body has one
 * empty packet, as "a\x1e" has two. Start with *more = true.
 * Returns false when there is none left. Thread: pure. */
bool peal_eio_payload_next(peal_slice *rest, bool *more, peal_slice *packet);

/* Append one packet, with a separator if `out` is not empty at its start
 * `begin` (the offset in `out` where the payload begins). */
void peal_eio_payload_add(peal_buf *out, size_t begin,
                          const peal_eio_packet *packet);
/* Bytes that peal_eio_payload_add would append, separator included. */
size_t peal_eio_payload_len(const peal_eio_packet *packet);
