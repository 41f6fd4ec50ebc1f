/* SPDX-License-Identifier: MIT */
/* web_redirect: the answer that sends the client elsewhere. */
#include <peal/web.h>

void peal_web_redirect(peal_http_req *req, unsigned status,
                       const char *location) {
  if (status < 301 || status > 308)
    status = 302;
  if (peal_http_answer_header(req, "Location", peal_slice_of(location)))
    peal_web_error(req, 500, "internal error", NULL);
  else
    peal_http_answer(req, status, NULL, (peal_slice){0});
}
