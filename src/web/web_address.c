/* SPDX-License-Identifier: MIT */
/* web_address: the client's address, by the web layer's name for it. */
#include <peal/web.h>

peal_slice peal_web_address(peal_http_req *req) {
  return peal_http_req_address(req);
}
