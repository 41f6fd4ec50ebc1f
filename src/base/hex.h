/* SPDX-License-Identifier: MIT */
#pragma once
/* hex: hexadecimal digits. Thread: pure. */
#include <stddef.h>

/* 0 to 15, or -1 if it is none. */
static inline int peal_hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/* The digit of 0 to 15, lower case. */
static inline char peal_hex_digit(unsigned value) {
  return "0123456789abcdef"[value & 15];
}

/* Two digits for each byte, 2 * len bytes in all, not terminated. */
static inline void peal_hex_put(char *out, const void *in, size_t len) {
  const unsigned char *from = (const unsigned char *)in;
  for (size_t i = 0; i < len; i++) {
    *out++ = peal_hex_digit(from[i] >> 4);
    *out++ = peal_hex_digit(from[i]);
  }
}
