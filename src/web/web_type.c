/* SPDX-License-Identifier: MIT */
/* web_type: media types: what a route accepts, what a request brings. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "web/web_impl.h"

/* One accepted type, possibly an image or such of any kind. */
static bool covers(peal_slice wanted, peal_slice type) {
  if (wanted.len >= 2 && wanted.ptr[wanted.len - 1] == '*') {
    wanted.len--;
    if (type.len > wanted.len)
      type.len = wanted.len;
  }
  return peal_text_eq_nocase(wanted, type);
}

bool peal_web_type_match(const char *types, peal_slice value) {
  /* RFC9110 8.3.1: parameters follow a semicolon. */
  peal_slice type =
      peal_text_trim((peal_slice){value.ptr, peal_text_find(value, ';')});
  while (types && *types) {
    size_t len = strcspn(types, " ,");
    if (len && covers((peal_slice){types, len}, type))
      return true;
    types += len;
    types += strspn(types, " ,");
  }
  return false;
}

bool peal_web_type_is(const peal_http_req *req, const char *type) {
  return peal_web_type_match(type, peal_http_req_header(req, "Content-Type"));
}

void peal_web_type_refuse(peal_http_req *req, const peal_web_route *route,
                          const char *types) {
  char text[256];
  const char *message = route->type_message;
  if (!message) {
    int len = snprintf(text, sizeof(text), "Content-Type must be ");
    for (size_t i = (size_t)len; *types && i + 8 < sizeof(text); types++) {
      const char *piece = *types == ' ' ? " or " : (char[2]){*types, 0};
      i += (size_t)snprintf(text + i, sizeof(text) - i, "%s", piece);
    }
    message = text;
  }
  peal_web_error(req, route->type_status, message, NULL);
}
