/* SPDX-License-Identifier: MIT */
#include "wire/utf8.h"

#include "wire/utf8_char.h"

/* The state between pieces, inside a character:
 *   bits 0..7   continuation bytes that are missing
 *   bits 8..15  the first byte, if the second is the next, else 0 */
#define UTF8_BAD UINT32_MAX

/* One byte inside or at the beginning of a character. */
static uint32_t utf8_step(uint32_t state, unsigned char byte) {
  if (state == 0) {
    size_t len = peal_utf8_char_announced(byte);
    if (len == 0)
      return UTF8_BAD;
    return len == 1 ? 0 : ((uint32_t)byte << 8 | (uint32_t)(len - 1));
  }
  unsigned char first = (unsigned char)(state >> 8);
  bool good =
      first ? peal_utf8_char_second_ok(first, byte) : (byte & 0xc0) == 0x80;
  return good ? (state & 0xff) - 1 : UTF8_BAD;
}

/* Whole characters from `p` on; stops at one that is bad or cut. */
static const char *utf8_skip(const char *begin, const char *end) {
  const char *p = begin;
  for (;;) {
    p = peal_utf8_char_skip_ascii(begin, p, end);
    while (p < end && (unsigned char)*p >= 0x80) {
      size_t len = peal_utf8_char_len(p, end);
      if (len == 0)
        return p;
      p += len;
    }
    if (p == end)
      return p;
  }
}

bool peal_utf8_feed(peal_utf8 *check, peal_slice piece) {
  if (piece.len == 0)
    return check->state != UTF8_BAD;
  const char *p = piece.ptr, *end = p + piece.len;
  while (p < end && check->state != 0 && check->state != UTF8_BAD)
    check->state = utf8_step(check->state, (unsigned char)*p++);
  if (check->state != 0)
    return check->state != UTF8_BAD;
  p = utf8_skip(p, end);
  while (p < end && check->state != UTF8_BAD)
    check->state = utf8_step(check->state, (unsigned char)*p++);
  return check->state != UTF8_BAD;
}

bool peal_utf8_is_complete(const peal_utf8 *check) {
  return check->state == 0;
}

bool peal_utf8_is_valid(peal_slice text) {
  if (text.len == 0)
    return true;
  const char *end = text.ptr + text.len;
  return utf8_skip(text.ptr, end) == end;
}
