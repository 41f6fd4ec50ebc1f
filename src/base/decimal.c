/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"

#include <string.h>

#include "base/text.h"

size_t peal_decimal_take(peal_slice text, uint64_t *out) {
  size_t i = 0;
  *out = 0;
  for (; i < text.len && peal_text_is_digit(text.ptr[i]); i++) {
    unsigned digit = (unsigned)(text.ptr[i] - '0');
    *out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
  }
  return i;
}

bool peal_decimal_parse(peal_slice text, uint64_t max, uint64_t *out) {
  uint64_t sum = 0;
  if (text.len == 0)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    unsigned digit = (unsigned)(text.ptr[i] - '0');
    if (!peal_text_is_digit(text.ptr[i]) || digit > max ||
        sum > (max - digit) / 10)
      return false;
    sum = sum * 10 + digit;
  }
  *out = sum;
  return true;
}

bool peal_decimal_parse_signed(peal_slice text, int64_t *out) {
  bool negative = text.len && text.ptr[0] == '-';
  uint64_t max = (uint64_t)INT64_MAX + (negative ? 1 : 0), sum = 0;
  if (negative)
    text = (peal_slice){text.ptr + 1, text.len - 1};
  if (!peal_decimal_parse(text, max, &sum))
    return false;
  /* The lowest number has no positive counterpart. */
  *out = negative && sum ? -(int64_t)(sum - 1) - 1 : (int64_t)sum;
  return true;
}

/* Two digits at a time, from the end. */
static const char decimal_pairs[] =
    "00010203040506070809101112131415161718192021222"
    "32425262728293031323334353637383940414243444546"
    "47484950515253545556575859606162636465666768697"
    "07172737475767778798081828384858687888990919293"
    "949596979899";

size_t peal_decimal_put(char out[PEAL_DECIMAL_MAX], uint64_t value) {
  if (value < 10) {
    out[0] = (char)('0' + value);
    return 1;
  }
  char digits[PEAL_DECIMAL_MAX];
  size_t at = sizeof digits;
  while (value >= 100) {
    at -= 2;
    memcpy(digits + at, decimal_pairs + value % 100 * 2, 2);
    value /= 100;
  }
  if (value >= 10) {
    at -= 2;
    memcpy(digits + at, decimal_pairs + value * 2, 2);
  } else {
    digits[--at] = (char)('0' + value);
  }
  memcpy(out, digits + at, sizeof digits - at);
  return sizeof digits - at;
}
