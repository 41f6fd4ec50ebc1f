/* SPDX-License-Identifier: MIT */
#include "wire/http1_chars.h"

#include <string.h>

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

/* Is there a control character among these eight bytes? A byte below 0x20
 * borrows when 0x20 is taken from it; one that is 0x7f becomes 0 and borrows
 * when 1 is taken. (A tab is one too: the caller looks at it by itself.) */
static bool has_control(const char *ptr) {
  uint64_t word;
  memcpy(&word, ptr, sizeof(word));
  uint64_t low = (word - ONES * 0x20) & ~word;
  uint64_t del = word ^ (ONES * 0x7f);
  return ((low | ((del - ONES) & ~del)) & TOPS) != 0;
}

size_t peal_http1_chars_span(const char *ptr, size_t len,
                             peal_http1_chars flag) {
  size_t pos = 0;
  bool wide = flag == PEAL_HTTP1_VALUE;
  while (pos < len) {
    if (wide && len - pos >= 8 && !has_control(ptr + pos)) {
      pos += 8;
      continue;
    }
    /* Whoever has a control character here is near its end. */
    if (!peal_http1_chars_has(ptr[pos], flag))
      break;
    pos++;
  }
  return pos;
}
