/* SPDX-License-Identifier: MIT */
#include "net/taken.h"

#include "base/limits.h"

bool peal_taken_since(const peal_stream *stream, uint32_t acked,
                      uint64_t span_ms) {
  bool is_behind =
      peal_stream_is_blocked(stream) || peal_stream_unacked(stream) > 0;
  int32_t taken = (int32_t)(peal_stream_acked(stream) - acked);
  return is_behind && taken > 0 &&
         (uint64_t)taken >= PEAL_LIMIT_TAKE_PACE * span_ms / 1000;
}
