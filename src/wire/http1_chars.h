/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_chars: which bytes may stand where in HTTP/1.1, as one table of
 * flags. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum peal_http1_chars {
  PEAL_HTTP1_TCHAR = 1,  /* RFC9110 5.6.2: of a token */
  PEAL_HTTP1_VALUE = 2,  /* RFC9110 5.5: of a field value, with blanks */
  PEAL_HTTP1_TARGET = 4, /* visible ASCII but '#': RFC9112 3.2 */
  /* RFC3986 3.2.2: of a registered name; not the comma, which is what a
   * proxy makes of two Host fields (RFC9110 5.3). */
  PEAL_HTTP1_HOST = 8,
  PEAL_HTTP1_DIGIT = 16,
  PEAL_HTTP1_HEX = 32,
  PEAL_HTTP1_ALPHA = 64
} peal_http1_chars;

extern const uint8_t peal_http1_chars_table[256];

static inline bool peal_http1_chars_has(char c, peal_http1_chars flag) {
  return (peal_http1_chars_table[(uint8_t)c] & (unsigned)flag) != 0;
}

/* How many bytes from `ptr` on have the flag. Values, targets and
 * tokens, the bulk of a head, are looked at eight bytes at once. */
size_t peal_http1_chars_span(const char *ptr, size_t len,
                             peal_http1_chars flag);
