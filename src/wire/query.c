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

bool peal_query_find(peal_slice query, const char *name, peal_slice *value) {
  peal_query_param param;
  while (peal_query_next(&query, &param)) {
    if (peal_percent_form_is(param.name, name)) {
      *value = param.value;
      return true;
    }
  }
  return false;
}
