/* SPDX-License-Identifier: MIT */
#pragma once
/* utf8_char: one character at a time, and fast over ASCII; what the UTF-8
 * check and the JSON codec share. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PEAL_UTF8_CHAR_HIGH_BITS 0x8080808080808080u

/* RFC3629 4: the second byte of some sequences has a narrower range, which
 * keeps out what is overlong, surrogates, and what is above U+10FFFF. */
static inline bool peal_utf8_char_second_ok(unsigned char first,
                                            unsigned char second) {
  unsigned char lo = 0x80, hi = 0xbf;
  if (first == 0xe0)
    lo = 0xa0;
  else if (first == 0xed)
    hi = 0x9f;
  else if (first == 0xf0)
    lo = 0x90;
  else if (first == 0xf4)
    hi = 0x8f;
  return second >= lo && second <= hi;
}

/* Bytes that a sequence beginning with `first` has; 0 if none begins so. */
static inline size_t peal_utf8_char_announced(unsigned char first) {
  if (first < 0x80)
    return 1;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  return first < 0xe0 ? 2u : first < 0xf0 ? 3u : 4u;
}

/* Length of the valid sequence at `p` (below `end`), or 0. */
static inline size_t peal_utf8_char_len(const char *p, const char *end) {
  unsigned char first = (unsigned char)*p;
  size_t len = peal_utf8_char_announced(first);
  if (len == 1)
    return 1;
  if (len == 0 || (size_t)(end - p) < len ||
      !peal_utf8_char_second_ok(first, (unsigned char)p[1]))
    return 0;
  if (len > 2 && ((unsigned char)p[2] & 0xc0) != 0x80)
    return 0;
  if (len > 3 && ((unsigned char)p[3] & 0xc0) != 0x80)
    return 0;
  return len;
}

/* Where the sequence at `p` is not valid: how many bytes one U+FFFD stands
 * for (the longest beginning of a valid sequence, at least one byte). */
static inline size_t peal_utf8_char_bad_len(const char *p, const char *end) {
  unsigned char first = (unsigned char)*p;
  size_t announced = peal_utf8_char_announced(first), len = 1;
  if (announced < 2 || p + 1 == end ||
      !peal_utf8_char_second_ok(first, (unsigned char)p[1]))
    return 1;
  for (len = 2; len < announced && p + len < end; len++) {
    if (((unsigned char)p[len] & 0xc0) != 0x80)
      break;
  }
  return len;
}

/* The first byte from `p` on that is not ASCII, or `end`. What lies between
 * `begin`, which is not behind `p`, and `end` may be read. */
static inline const char *peal_utf8_char_skip_ascii(const char *begin,
                                                    const char *p,
                                                    const char *end) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
    int high = _mm_movemask_epi8(block);
    if (high)
      return p + __builtin_ctz((unsigned)high);
  }
  if (end - begin >= 16) { /* the last 16, without those before `p` */
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
    unsigned high = (unsigned)_mm_movemask_epi8(block) >> (16 - (end - p));
    return high ? p + __builtin_ctz(high) : end;
  }
#else
  (void)begin;
#endif
  while (end - p >= 8) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    if (word & PEAL_UTF8_CHAR_HIGH_BITS)
      break;
    p += 8;
  }
  while (p < end && (unsigned char)*p < 0x80)
    p++;
  return p;
}
