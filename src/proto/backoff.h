/* SPDX-License-Identifier: MIT */
#pragma once
/* backoff: how long a client waits before it tries to connect again, as the
 * reference's client computes it (backo2), in integers.
 * In the flow: a part of proto/sio_client. */
#include <stdbool.h>
#include <stdint.h>

/* All of a delay, as a jitter. */
#define PEAL_BACKOFF_ONE 65536u

typedef struct peal_backoff {
  uint32_t min_ms; /* of the first attempt, doubled by each */
  uint32_t max_ms;
  uint32_t jitter;   /* this part of a delay is random: 65536ths, at most ONE */
  uint32_t attempts; /* made since the last reset */
} peal_backoff;

/* The delay before the next attempt, in ms; counts that attempt. `dice` are 32
 * random bits:
 *
 *   ms = min * 2^attempts, deviation = floor(rand * jitter * ms)
 *   minus it if floor(rand * 10) is even, else plus it; at most max
 *
 * Once the doubling alone makes each outcome the maximum it goes no further, so
 * that nothing overflows (the reference waits 0 ms after 1015 attempts). */
uint32_t peal_backoff_next(peal_backoff *backoff, uint32_t dice);
void peal_backoff_reset(peal_backoff *backoff);
