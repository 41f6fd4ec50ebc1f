/* SPDX-License-Identifier: MIT */
#pragma once
/* wide: 64 x 64 -> 128 bits, and words out of bytes. */
#include <stdint.h>
#include <string.h>

typedef struct peal_wide {
  uint64_t hi;
  uint64_t lo;
} peal_wide;

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 peal_wide_u128;

static inline peal_wide peal_wide_mul(uint64_t a, uint64_t b) {
  peal_wide_u128 product = (peal_wide_u128)a * b;
  return (peal_wide){(uint64_t)(product >> 64), (uint64_t)product};
}
#else
static inline peal_wide peal_wide_mul(uint64_t a, uint64_t b) {
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0;
  uint64_t mid = a1 * b0 + (low >> 32);
  uint64_t mid2 = a0 * b1 + (uint32_t)mid;
  return (peal_wide){a1 * b1 + (mid >> 32) + (mid2 >> 32),
                     (mid2 << 32) | (uint32_t)low};
}
#endif

/* In the machine's byte order. */
static inline uint64_t peal_wide_load64(const char *from) {
  uint64_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

static inline uint32_t peal_wide_load32(const char *from) {
  uint32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}
