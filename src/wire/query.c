/* SPDX-License-Identifier: MIT */
#include "wire/query.h"

#include <string.h>

#include "base/text.h"
#include "wire/percent.h"

bool peal_query_next(peal_slice *rest, peal_query_param *out) {
  peal_slice param = {NULL, 0};
  while (rest->len && !param.len) {
    param = (peal_slice){rest->ptr, peal_text_find(*rest, '&')};
    size_t used = param.len + (param.len < rest->len);
    *rest = (peal_slice){rest->ptr + used, rest->len - used};
  }
  if (!param.len)
    return false;
  out->name = (peal_slice){param.ptr, peal_text_find(param, '=')};
  size_t used = out->name.len + (out->name.len < param.len);
  out->value = (peal_slice){param.ptr + used, param.len - used};
  return true;
}

/* A name can only be the decoding of what begins with its own first byte, or
 * with something that has to be decoded; the empty one of nothing. */
static bool may_be(char c, char first) {
  return c == first || c == '%' || c == '+' || !first;
}

bool peal_query_find(peal_slice query, const char *name, peal_slice *value) {
  const char *p = query.ptr, *end = p + query.len;
  peal_query_param param;
  while (p < end) {
    peal_slice rest = {p, (size_t)(end - p)};
    if (may_be(*p, *name) && *p != '&' && peal_query_next(&rest, &param) &&
        peal_percent_form_is(param.name, name)) {
      *value = param.value;
      return true;
    }
    p = memchr(p, '&', (size_t)(end - p));
    if (!p)
      break;
    p++;
  }
  return false;
}
