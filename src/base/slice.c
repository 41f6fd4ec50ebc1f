/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <peal/base.h>

static char slice_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

peal_slice peal_slice_of(const char *text) {
  return (peal_slice){text, text ? strlen(text) : 0};
}

bool peal_slice_eq(peal_slice a, peal_slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool peal_slice_is(peal_slice a, const char *text) {
  return peal_slice_eq(a, peal_slice_of(text));
}

bool peal_slice_is_nocase(peal_slice a, const char *text) {
  if (a.len != strlen(text))
    return false;
  for (size_t i = 0; i < a.len; i++) {
    if (slice_lower(a.ptr[i]) != slice_lower(text[i]))
      return false;
  }
  return true;
}

bool peal_slice_starts(peal_slice a, const char *prefix) {
  size_t len = strlen(prefix);
  return a.len >= len && (len == 0 || memcmp(a.ptr, prefix, len) == 0);
}
