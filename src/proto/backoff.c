/* SPDX-License-Identifier: MIT */
#include "proto/backoff.h"

/* A deviation leaves at least a tenth of a delay: it is subtracted below nine
 * tenths only. So from here on each outcome is the maximum. */
#define ENOUGH 10u

/* floor(rand * jitter * ms), rand = dice / 2^32, jitter in 65536ths: a product
 * of 85 bits, shifted by 48, in two steps that lose nothing. `ms` has at most
 * 36 bits. */
static uint64_t deviation(uint32_t dice, uint32_t jitter, uint64_t ms) {
  uint64_t part = (uint64_t)dice * jitter;
  uint64_t high = part >> 24, low = part & 0xffffff;
  return (high * ms + (low * ms >> 24)) >> 24;
}

static bool is_even(uint32_t dice) {
  return (((uint64_t)dice * 10 >> 32) & 1) == 0;
}

/* min * 2^attempts, or something beyond `enough`. */
static uint64_t doubled(const peal_backoff *backoff, uint64_t enough) {
  uint64_t ms = backoff->min_ms;
  for (uint32_t i = 0; i < backoff->attempts && ms && ms < enough; i++)
    ms *= 2;
  return ms;
}

uint32_t peal_backoff_next(peal_backoff *backoff, uint32_t dice) {
  uint32_t max = backoff->max_ms;
  uint64_t enough = (uint64_t)max * ENOUGH;
  uint64_t ms = doubled(backoff, enough);
  if (backoff->attempts < UINT32_MAX)
    backoff->attempts++;
  if (ms >= enough)
    return max;
  uint64_t by = deviation(dice, backoff->jitter, ms);
  ms = is_even(dice) ? ms - by : ms + by;
  return ms < max ? (uint32_t)ms : max;
}

void peal_backoff_reset(peal_backoff *backoff) {
  backoff->attempts = 0;
}
