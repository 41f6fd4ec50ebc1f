/* SPDX-License-Identifier: MIT */
/* web_length: a body that is announced as too long is refused unread. */
#include <stdio.h>

#include "web/web_impl.h"

void peal_web_length_refuse(peal_http_req *req, uint64_t max) {
  char text[80];
  snprintf(text, sizeof(text), "the body is over %llu bytes",
           (unsigned long long)max);
  peal_web_error(req, 413, text, NULL);
}

bool peal_web_length_fits(peal_http_req *req, uint64_t max) {
  uint64_t length = peal_http_req_length(req);
  if (!peal_http_req_has_body(req) || length == UINT64_MAX || length <= max)
    return true;
  peal_web_length_refuse(req, max);
  return false;
}
