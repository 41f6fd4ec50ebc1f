/* SPDX-License-Identifier: MIT */
#pragma once
/* taken: does a peer that is behind still take what waits for it? Then its pong
 * may be stuck behind other bytes, and it lives all the same. */
#include "net/stream.h"

/* It is behind, and since `acked` (peal_stream_acked, `span_ms` ago) it has
 * taken bytes at a pace that is a reader's (PEAL_LIMIT_TAKE_PACE): a peer that
 * takes a few now and then would keep its queue for ever. */
bool peal_taken_since(const peal_stream *stream, uint32_t acked,
                      uint64_t span_ms);
