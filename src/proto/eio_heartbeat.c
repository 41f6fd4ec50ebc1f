/* SPDX-License-Identifier: MIT */
#include "proto/eio_heartbeat.h"

#define STILL (UINT64_MAX >> 1)

void peal_eio_heartbeat_stop(peal_eio_heartbeat *beat) {
  beat->at_ms = STILL;
  beat->is_pinged = 0;
}

void peal_eio_heartbeat_start(peal_eio_heartbeat *beat, uint64_t at_ms) {
  beat->at_ms = at_ms & STILL;
  beat->is_pinged = 0;
}

peal_eio_heartbeat_beat peal_eio_heartbeat_tick(peal_eio_heartbeat *beat,
                                                uint64_t now_ms,
                                                uint32_t timeout_ms) {
  if (now_ms < peal_eio_heartbeat_deadline(beat))
    return PEAL_EIO_HEARTBEAT_NONE;
  if (beat->is_pinged)
    return PEAL_EIO_HEARTBEAT_OVER;
  beat->at_ms = (now_ms + timeout_ms) & STILL;
  beat->is_pinged = 1;
  return PEAL_EIO_HEARTBEAT_PING;
}

void peal_eio_heartbeat_pong(peal_eio_heartbeat *beat, uint64_t next_ms) {
  if (beat->is_pinged)
    peal_eio_heartbeat_start(beat, next_ms);
}

void peal_eio_heartbeat_spare(peal_eio_heartbeat *beat, uint64_t until_ms) {
  if (beat->is_pinged && until_ms > beat->at_ms)
    beat->at_ms = until_ms & STILL;
}

uint64_t peal_eio_heartbeat_deadline(const peal_eio_heartbeat *beat) {
  return beat->at_ms == STILL ? UINT64_MAX : beat->at_ms;
}
