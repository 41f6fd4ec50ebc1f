/* SPDX-License-Identifier: MIT */
#include "wire/http1_list.h"

#include <string.h>

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

peal_slice peal_http1_list_trim(peal_slice text) {
  while (text.len && is_blank(text.ptr[0]))
    text = (peal_slice){text.ptr + 1, text.len - 1};
  while (text.len && is_blank(text.ptr[text.len - 1]))
    text.len--;
  return text;
}

bool peal_http1_list_next(peal_slice *list, char separator, peal_slice *out) {
  if (!list->ptr)
    return false;
  const char *stop = list->len ? memchr(list->ptr, separator, list->len) : NULL;
  size_t len = stop ? (size_t)(stop - list->ptr) : list->len;
  *out = peal_http1_list_trim((peal_slice){list->ptr, len});
  if (stop)
    *list = (peal_slice){stop + 1, list->len - len - 1};
  else
    *list = (peal_slice){NULL, 0};
  return true;
}
