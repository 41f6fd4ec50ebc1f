/* SPDX-License-Identifier: MIT */
#include "wire/http1_chars.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/wide.h"

/* clang-format off */
/* One row for sixteen bytes; each number is a sum of flags. */
const uint8_t peal_http1_chars_table[256] = {
    0,   0,   0,   0,   0,   0,   0,   0,   0,   2,   0,   0,   0,   0,   0,   0, /* 00 */
    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, /* 10 */
    2,  15,   6,   3,  15,  15,  15,  15,  14,  14,  15,  15,   6,  15,  15,   6, /* 20 */
   63,  63,  63,  63,  63,  63,  63,  63,  63,  63,   6,  14,   6,  14,   6,   6, /* 30 */
    6, 111, 111, 111, 111, 111, 111,  79,  79,  79,  79,  79,  79,  79,  79,  79, /* 40 */
   79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79,   6,   6,   6,   7,  15, /* 50 */
    7, 111, 111, 111, 111, 111, 111,  79,  79,  79,  79,  79,  79,  79,  79,  79, /* 60 */
   79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79,   6,   7,   6,  15,   0, /* 70 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* 80 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* 90 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* a0 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* b0 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* c0 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* d0 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* e0 */
    2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2, /* f0 */
};
/* clang-format on */

#define ONES UINT64_C(0x0101010101010101)
#define TOPS (ONES * 0x80)

/* These find which of eight bytes may not have a flag, as their top bits. A
 * subtraction that borrows can mark bytes above a true one, so only the lowest
 * mark is exact; who is marked is looked up in the table. */

/* A byte below 0x20 borrows when 0x20 is taken from it; DEL becomes 0 and
 * borrows when 1 is taken. (A tab is one too, and is no control here.) */
static uint64_t controls(uint64_t word) {
  uint64_t low = (word - ONES * 0x20) & ~word;
  uint64_t del = word ^ (ONES * 0x7f);
  return (low | ((del - ONES) & ~del)) & TOPS;
}

/* RFC9112 3.2: a target has visible ASCII but '#'. */
static uint64_t no_targets(uint64_t word) {
  uint64_t low = (word - ONES * 0x21) & ~word;
  uint64_t hash = word ^ (ONES * '#');
  uint64_t del = word ^ (ONES * 0x7f);
  return (low | ((hash - ONES) & ~hash) | ((del - ONES) & ~del) | word) & TOPS;
}

/* Tokens are mostly letters: what is above 'z' or below 'a', in lower case. */
static uint64_t no_letters(uint64_t word) {
  uint64_t low = (word | ONES * 0x20) & ~TOPS;
  uint64_t above = low + ONES * (0x7f - 'z'),
           not_below = low + ONES * (0x80 - 'a');
  return (above | ~not_below | word) & TOPS;
}

static uint64_t stops(uint64_t word, peal_http1_chars flag) {
  if (flag == PEAL_HTTP1_VALUE)
    return controls(word);
  return flag == PEAL_HTTP1_TARGET ? no_targets(word) : no_letters(word);
}

static size_t span_narrow(const char *ptr, size_t len, size_t pos,
                          peal_http1_chars flag) {
  while (pos < len && peal_http1_chars_has(ptr[pos], flag))
    pos++;
  return pos;
}

static bool is_wide(peal_http1_chars flag) {
  return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
         (flag == PEAL_HTTP1_VALUE || flag == PEAL_HTTP1_TARGET ||
          flag == PEAL_HTTP1_TCHAR);
}

#ifdef __SSE2__
/* The same for sixteen bytes, a bit for each. */
static unsigned stops16(__m128i block, peal_http1_chars flag) {
  __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
  if (flag == PEAL_HTTP1_VALUE) {
    __m128i low = _mm_min_epu8(block, _mm_set1_epi8(0x1f));
    low = _mm_cmpeq_epi8(low, block);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, del));
  }
  if (flag == PEAL_HTTP1_TARGET) {
    __m128i low = _mm_cmpgt_epi8(_mm_set1_epi8(0x21), block);
    __m128i hash = _mm_cmpeq_epi8(block, _mm_set1_epi8('#'));
    low = _mm_or_si128(low, _mm_or_si128(hash, del));
    return (unsigned)_mm_movemask_epi8(low);
  }
  block = _mm_or_si128(block, _mm_set1_epi8(0x20));
  __m128i below = _mm_cmpgt_epi8(_mm_set1_epi8('a'), block);
  __m128i above = _mm_cmpgt_epi8(block, _mm_set1_epi8('z'));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(below, above));
}

/* Takes what is whole blocks; *found if it ended before. */
static size_t span16(const char *ptr, size_t len, peal_http1_chars flag,
                     bool *found) {
  size_t pos = 0;
  while (len - pos >= 16) {
    unsigned marks = stops16(
        _mm_loadu_si128((const __m128i *)(const void *)(ptr + pos)), flag);
    if (!marks) {
      pos += 16;
      continue;
    }
    pos += (size_t)__builtin_ctz(marks);
    *found = !peal_http1_chars_has(ptr[pos], flag);
    if (*found)
      return pos;
    pos++;
  }
  return pos;
}
#else
static size_t span16(const char *ptr, size_t len, peal_http1_chars flag,
                     bool *found) {
  (void)ptr;
  (void)len;
  (void)flag;
  (void)found;
  return 0;
}
#endif

size_t peal_http1_chars_span(const char *ptr, size_t len,
                             peal_http1_chars flag) {
  if (!is_wide(flag))
    return span_narrow(ptr, len, 0, flag);
  bool is_end = false;
  size_t pos = span16(ptr, len, flag, &is_end);
  while (!is_end && len - pos >= 8) {
    uint64_t found = stops(peal_wide_load64(ptr + pos), flag);
    if (!found) {
      pos += 8;
      continue;
    }
    pos += (size_t)__builtin_ctzll(found) / 8;
    if (!peal_http1_chars_has(ptr[pos], flag))
      return pos;
    pos++;
  }
  return is_end ? pos : span_narrow(ptr, len, pos, flag);
}
