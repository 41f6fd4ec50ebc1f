/* SPDX-License-Identifier: MIT */
#pragma once
/* json_scan: over what a JSON string has as it is, 8 or 16 bytes at a time;
 * for reading and for writing. */
#include "base/wide.h"
#include "wire/utf8_char.h"

/* What may stand in a JSON string as it is (RFC8259 7), if it is ASCII. */
static inline bool peal_json_scan_is_plain(char c) {
  unsigned char u = (unsigned char)c;
  return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

/* The high bits of those of these 8 bytes that are a quote, a backslash or a
 * control character, and of those that are not ASCII, if `ascii`. A zero byte
 * is found by the borrow of a subtraction, a control character too; a borrow
 * can mark bytes above a true one, so only the lowest mark is exact. */
static inline uint64_t peal_json_scan_stops(uint64_t word, bool ascii) {
  const uint64_t ones = 0x0101010101010101u;
  uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
  uint64_t hits = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
                  ((word - ones * 0x20) & ~word) | (ascii ? word : 0);
  return hits & PEAL_UTF8_CHAR_HIGH_BITS;
}

#ifdef __SSE2__
static inline __m128i peal_json_scan_load16(const char *from) {
  return _mm_loadu_si128((const __m128i *)(const void *)from);
}

/* The same, a bit for each of these 16 bytes. */
static inline unsigned peal_json_scan_stops16(__m128i block, bool ascii) {
  __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                               _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
  __m128i low = _mm_min_epu8(block, _mm_set1_epi8(0x1f));
  stops = _mm_or_si128(stops, _mm_cmpeq_epi8(low, block));
  return (unsigned)_mm_movemask_epi8(ascii ? _mm_or_si128(stops, block)
                                           : stops);
}
#endif

/* For short rests and for machines without wider words. */
static inline const char *peal_json_scan_words(const char *p, const char *end,
                                               bool ascii) {
  while (end - p >= 8) {
    uint64_t stops = peal_json_scan_stops(peal_wide_load64(p), ascii);
    if (stops && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
      return p + __builtin_ctzll(stops) / 8;
    if (stops)
      break;
    p += 8;
  }
  while (p < end &&
         (peal_json_scan_is_plain(*p) || (!ascii && (unsigned char)*p >= 0x80)))
    p++;
  return p;
}

/* The first byte from `p` on that is a quote, a backslash or a control
 * character, or not ASCII, if `ascii`; or `end`. What lies between `begin`,
 * which is not behind `p`, and `end` may be read. */
static inline const char *peal_json_scan_plain(const char *begin, const char *p,
                                               const char *end, bool ascii) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    unsigned stops = peal_json_scan_stops16(peal_json_scan_load16(p), ascii);
    if (stops)
      return p + __builtin_ctz(stops);
  }
  if (end - begin >= 16) { /* the last 16, without those before `p` */
    unsigned stops =
        peal_json_scan_stops16(peal_json_scan_load16(end - 16), ascii) >>
        (16 - (end - p));
    return stops ? p + __builtin_ctz(stops) : end;
  }
#else
  (void)begin;
#endif
  return peal_json_scan_words(p, end, ascii);
}

/* Are these 8 bytes, and those 8, plain? */
static inline bool peal_json_scan_pair_is_plain(uint64_t a, uint64_t b) {
#ifdef __SSE2__
  __m128i block = _mm_set_epi64x((int64_t)b, (int64_t)a);
  return peal_json_scan_stops16(block, true) == 0;
#else
  return (peal_json_scan_stops(a, true) | peal_json_scan_stops(b, true)) == 0;
#endif
}

/* Copy up to 16 bytes if all are plain: two loads that overlap in the middle.
 * On false `to` is left half written. */
static inline bool peal_json_scan_copy_short(char *to, const char *from,
                                             size_t len) {
  if (len >= 8) {
    uint64_t a = peal_wide_load64(from), b = peal_wide_load64(from + len - 8);
    memcpy(to, &a, 8);
    memcpy(to + len - 8, &b, 8);
    return peal_json_scan_pair_is_plain(a, b);
  }
  if (len >= 4) {
    uint32_t a = peal_wide_load32(from), b = peal_wide_load32(from + len - 4);
    memcpy(to, &a, 4);
    memcpy(to + len - 4, &b, 4);
    return peal_json_scan_stops((uint64_t)a << 32 | b, true) == 0;
  }
  for (size_t i = 0; i < len; i++) {
    if (!peal_json_scan_is_plain(from[i]))
      return false;
    to[i] = from[i];
  }
  return true;
}

/* Over valid UTF-8: stops at a quote, a backslash, a control character, or at
 * the first byte of an invalid sequence. */
static inline const char *peal_json_scan_text(const char *begin, const char *p,
                                              const char *end) {
  for (;;) {
    p = peal_json_scan_plain(begin, p, end, true);
    if (p == end || (unsigned char)*p < 0x80)
      return p;
    while (p < end && (unsigned char)*p >= 0x80) {
      size_t len = peal_utf8_char_len(p, end);
      if (len == 0)
        return p;
      p += len;
    }
  }
}
