/* SPDX-License-Identifier: MIT */
#pragma once
/* text: the small things one does to slices of ASCII: blanks, letters, lists.
 * Blanks are space and tab (RFC9110 5.6.3: OWS). All Thread: pure. */
#include <peal/base.h>

static inline bool peal_text_is_blank(char c) {
  return c == ' ' || c == '\t';
}

static inline bool peal_text_is_digit(char c) {
  return c >= '0' && c <= '9';
}

static inline char peal_text_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Without the blanks around it. Borrowed. */
peal_slice peal_text_trim(peal_slice text);
/* ASCII letters match in either case. */
bool peal_text_eq_nocase(peal_slice a, peal_slice b);
/* The position of the first `c`, or text.len. */
size_t peal_text_find(peal_slice text, char c);
/* Cut the next piece of a list off `rest`, without the separator and the
 * blanks around it; pieces may be empty. When the last one has been cut
 * rest->ptr is NULL; false then, and for a list whose ptr is NULL.
 *
 *   while (peal_text_next(&list, ',', &piece)) … */
bool peal_text_next(peal_slice *rest, char separator, peal_slice *piece);
