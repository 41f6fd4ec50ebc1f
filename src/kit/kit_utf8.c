/* SPDX-License-Identifier: MIT */
#include "kit/kit_utf8.h"

/* Of the first byte alone; 0: no character begins with it. */
static size_t len_of(uint8_t first) {
  return first < 0x80   ? 1
         : first < 0xC2 ? 0
         : first < 0xE0 ? 2
         : first < 0xF0 ? 3
         : first < 0xF5 ? 4
                        : 0;
}

/* RFC3629 4: no longer form than is needed, no surrogates, nothing beyond
 * U+10FFFF. */
static bool is_second(uint8_t first, uint8_t second) {
  uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

size_t peal_kit_utf8_next(peal_slice text, uint32_t *code) {
  const uint8_t *p = (const uint8_t *)text.ptr;
  size_t len = len_of(*p);
  *code = 0;
  if (len == 0 || len > text.len || (len > 1 && !is_second(p[0], p[1])))
    return 0;
  *code = len == 1 ? *p : *p & (0x7Fu >> len);
  for (size_t i = 1; i < len; i++) {
    if ((p[i] & 0xC0) != 0x80)
      return 0;
    *code = *code << 6 | (p[i] & 0x3Fu);
  }
  return len;
}

bool peal_kit_utf8_is_good(peal_slice text) {
  uint32_t code;
  while (text.len > 0) {
    size_t len = peal_kit_utf8_next(text, &code);
    if (len == 0)
      return false;
    text = (peal_slice){text.ptr + len, text.len - len};
  }
  return true;
}

size_t peal_kit_utf8_count(peal_slice text) {
  size_t count = 0;
  for (size_t i = 0; i < text.len; i++)
    count += ((uint8_t)text.ptr[i] & 0xC0) != 0x80;
  return count;
}

size_t peal_kit_utf8_cut(peal_slice text, size_t max_bytes) {
  size_t len = text.len < max_bytes ? text.len : max_bytes;
  while (len > 0 && len < text.len && ((uint8_t)text.ptr[len] & 0xC0) == 0x80)
    len--;
  return len;
}
