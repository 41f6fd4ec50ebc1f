/* SPDX-License-Identifier: MIT */
#pragma once
/* wide: 64 x 64 -> 128 bits, words out of bytes, and short copies. */
#include <stddef.h>
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

/* memcpy for what is mostly short: up to 32 bytes in words that overlap in the
 * middle, without a call. */
static inline void peal_wide_copy(char *to, const char *from, size_t len) {
  if (len > 32) {
    memcpy(to, from, len);
  } else if (len > 16) {
    uint64_t a = peal_wide_load64(from), b = peal_wide_load64(from + 8);
    uint64_t c = peal_wide_load64(from + len - 16);
    uint64_t d = peal_wide_load64(from + len - 8);
    memcpy(to, &a, 8);
    memcpy(to + 8, &b, 8);
    memcpy(to + len - 16, &c, 8);
    memcpy(to + len - 8, &d, 8);
  } else if (len >= 8) {
    uint64_t a = peal_wide_load64(from), b = peal_wide_load64(from + len - 8);
    memcpy(to, &a, 8);
    memcpy(to + len - 8, &b, 8);
  } else if (len >= 4) {
    uint32_t a = peal_wide_load32(from), b = peal_wide_load32(from + len - 4);
    memcpy(to, &a, 4);
    memcpy(to + len - 4, &b, 4);
  } else {
    for (size_t i = 0; i < len; i++)
      to[i] = from[i];
  }
}
