/* SPDX-License-Identifier: MIT */
#include "proto/http_pace.h"

void peal_http_pace_start(peal_http_pace *pace, uint64_t now_ms) {
  *pace = (peal_http_pace){.since_ms = now_ms, .last_ms = now_ms};
}

void peal_http_pace_add(peal_http_pace *pace, uint64_t bytes, uint64_t now_ms) {
  if (!bytes)
    return;
  pace->bytes += bytes;
  pace->last_ms = now_ms;
}

uint64_t peal_http_pace_deadline(const peal_http_pace *pace,
                                 uint32_t limit_ms) {
  uint64_t from_ms =
      pace->last_ms < pace->since_ms ? pace->last_ms : pace->since_ms;
  return from_ms + limit_ms;
}

bool peal_http_pace_is_late(peal_http_pace *pace, uint32_t limit_ms,
                            uint32_t bytes_per_s, uint64_t now_ms) {
  if (now_ms >= pace->last_ms + limit_ms)
    return true;
  if (now_ms < pace->since_ms + limit_ms)
    return false;
  if (pace->bytes < (uint64_t)limit_ms * bytes_per_s / 1000)
    return true;
  pace->since_ms = now_ms;
  pace->bytes = 0;
  return false;
}
