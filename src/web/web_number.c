/* SPDX-License-Identifier: MIT */
#include "web/web_number.h"

bool peal_web_number_parse(peal_slice text, int64_t *out) {
  bool negative = text.len && text.ptr[0] == '-';
  size_t i = negative ? 1 : 0;
  uint64_t sum = 0;
  uint64_t max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  if (i == text.len)
    return false;
  for (; i < text.len; i++) {
    unsigned digit = (unsigned)text.ptr[i] - '0';
    if (digit > 9 || sum > (max - digit) / 10)
      return false;
    sum = sum * 10 + digit;
  }
  if (negative)
    *out = sum ? -(int64_t)(sum - 1) - 1 : 0;
  else
    *out = (int64_t)sum;
  return true;
}
