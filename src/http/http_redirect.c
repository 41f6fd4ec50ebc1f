/* SPDX-License-Identifier: MIT */
#include "http/http_redirect.h"

#include <string.h>

#include "base/buf.h"
#include "http/http_answer.h"

/* A name, an address, or one of version 6 in brackets (RFC3986 3.2.2), without
 * its port; empty if it is none. What comes back to the peer is what it has
 * said, so it must be nothing else. */
static peal_slice host_of(peal_slice field) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  size_t len = 0;
  if (field.len && field.ptr[0] == '[') {
    while (len < field.len && field.ptr[len] != ']')
      len++;
    for (size_t i = 1; i < len; i++)
      if (!memchr("0123456789abcdefABCDEF:.", field.ptr[i], 24))
        return (peal_slice){NULL, 0};
    return (peal_slice){field.ptr, len < field.len ? len + 1 : 0};
  }
  while (len < field.len && memchr(plain, field.ptr[len], sizeof(plain) - 1))
    len++;
  bool ends = len == field.len || field.ptr[len] == ':';
  return (peal_slice){field.ptr, ends ? len : 0};
}

void peal_http_redirect_answer(peal_http_req *req, uint16_t port) {
  peal_slice host = host_of(peal_http_req_host(req));
  peal_slice path = peal_http_req_path(req), query = peal_http_req_query(req);
  if (!host.len || !path.len || path.ptr[0] != '/') {
    peal_http_answer_error(req, 400);
    return;
  }
  peal_buf to;
  peal_buf_init(&to, NULL, 0);
  peal_buf_add_str(&to, "https://");
  peal_buf_add(&to, host);
  if (port != 443) {
    peal_buf_add_char(&to, ':');
    peal_buf_add_u64(&to, port);
  }
  peal_buf_add(&to, path);
  if (query.ptr) {
    peal_buf_add_char(&to, '?');
    peal_buf_add(&to, query);
  }
  peal_err err =
      to.err ? to.err
             : peal_http_answer_header(req, "Location", peal_buf_slice(&to));
  peal_buf_deinit(&to);
  if (err)
    peal_http_answer_error(req, 503);
  else
    peal_http_answer(req, 308, NULL, (peal_slice){NULL, 0});
}
