/* SPDX-License-Identifier: MIT */
#include "http/cors_refused.h"

#include "http/http_forwarded.h"

/* A peer may send kilobytes, and the advice stands behind it. */
#define SHOWN_BYTES 200u

static peal_slice cut(peal_slice text) {
  text.len = text.len < SHOWN_BYTES ? text.len : SHOWN_BYTES;
  return text;
}

void peal_cors_refused_log(const peal_cors *cors, const peal_http_req *req,
                           peal_logger *log, const char *area) {
  peal_slice origin = cut(peal_http_req_header(req, "origin"));
  peal_slice host = cut(peal_http_req_host(req));
  bool hidden = !req->forwarded && peal_http_forwarded_is_there(req);
  peal_logger_write(
      log, PEAL_LOG_WARN, area, peal_http_req_address(req), (peal_slice){0},
      "origin %.*s refused, this server was called as %.*s: if its pages may "
      "use it, name it in %s%s",
      PEAL_SFMT(origin), PEAL_SFMT(host), peal_cors_option(cors),
      hidden ? "; if the sender is your proxy, name that in proxies" : "");
}
