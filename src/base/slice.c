/* SPDX-License-Identifier: MIT */
/* slice: comparing and searching of borrowed bytes (peal_slice of
 * <peal/base.h>). */
#include <string.h>

#include <peal/base.h>

#include "base/text.h"

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
  return peal_text_eq_nocase(a, peal_slice_of(text));
}

bool peal_slice_starts(peal_slice a, const char *prefix) {
  size_t len = peal_slice_of(prefix).len;
  return a.len >= len && (len == 0 || memcmp(a.ptr, prefix, len) == 0);
}
