/* SPDX-License-Identifier: MIT */
/* web_param: the parts of a path that a route named. */
#include <string.h>

#include "base/decimal.h"
#include "web/web_impl.h"

peal_slice peal_web_param(peal_http_req *req, const char *name) {
  const peal_web_ctx *ctx = peal_web_ctx_of(req);
  if (!ctx || !ctx->has_route || !name)
    return (peal_slice){0};
  const peal_web_router_match *match = &ctx->match;
  for (size_t i = 0; i < match->count; i++) {
    if (strcmp(match->names[i], name) == 0)
      return match->values[i];
  }
  if (match->rest_name && strcmp(match->rest_name, name) == 0)
    return ctx->rest;
  return (peal_slice){0};
}

bool peal_web_param_int(peal_http_req *req, const char *name, int64_t min,
                        int64_t max, int64_t *out) {
  if (peal_decimal_parse_signed(peal_web_param(req, name), out) &&
      *out >= min && *out <= max)
    return true;
  peal_web_error(req, 404, "not found", NULL);
  return false;
}
