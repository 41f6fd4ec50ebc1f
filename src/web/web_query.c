/* SPDX-License-Identifier: MIT */
/* web_query: parameters of the query as numbers, with a default and a range. */
#include <inttypes.h>
#include <stdio.h>

#include "base/decimal.h"
#include "web/web_impl.h"

bool peal_web_query_int(peal_http_req *req, const char *name, int64_t otherwise,
                        int64_t min, int64_t max, int64_t *out) {
  peal_slice text;
  *out = otherwise;
  if (!peal_http_req_param(req, name, &text))
    return true;
  if (peal_decimal_parse_signed(text, out) && *out >= min && *out <= max)
    return true;
  char words[160];
  snprintf(words, sizeof(words),
           "%.40s must be a whole number from %" PRId64 " to %" PRId64, name,
           min, max);
  peal_web_error(req, 422, words, name);
  return false;
}
