/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

peal_slice peal_text_trim(peal_slice text) {
  while (text.len && peal_text_is_blank(text.ptr[0]))
    text = (peal_slice){text.ptr + 1, text.len - 1};
  while (text.len && peal_text_is_blank(text.ptr[text.len - 1]))
    text.len--;
  return text;
}

bool peal_text_eq_nocase(peal_slice a, peal_slice b) {
  if (a.len != b.len)
    return false;
  for (size_t i = 0; i < a.len; i++) {
    if (peal_text_lower(a.ptr[i]) != peal_text_lower(b.ptr[i]))
      return false;
  }
  return true;
}

size_t peal_text_find(peal_slice text, char c) {
  const char *at = text.len ? memchr(text.ptr, c, text.len) : NULL;
  return at ? (size_t)(at - text.ptr) : text.len;
}

bool peal_text_next(peal_slice *rest, char separator, peal_slice *piece) {
  if (!rest->ptr)
    return false;
  size_t len = peal_text_find(*rest, separator);
  *piece = peal_text_trim((peal_slice){rest->ptr, len});
  if (len < rest->len)
    *rest = (peal_slice){rest->ptr + len + 1, rest->len - len - 1};
  else
    *rest = (peal_slice){NULL, 0};
  return true;
}
