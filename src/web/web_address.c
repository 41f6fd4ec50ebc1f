/* SPDX-License-Identifier: MIT */
/* web_address: the client's address, also behind proxies that are trusted. */
#include <string.h>

#include <arpa/inet.h>

#include "web/web_impl.h"

static bool is_address(peal_slice text) {
  char copy[INET6_ADDRSTRLEN];
  unsigned char out[16];
  if (!text.len || text.len >= sizeof(copy))
    return false;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  return inet_pton(AF_INET, copy, out) == 1 ||
         inet_pton(AF_INET6, copy, out) == 1;
}

static bool is_listed(const char *list, peal_slice address) {
  while (list && *list) {
    size_t len = strcspn(list, " ,");
    if (len && peal_slice_eq((peal_slice){list, len}, address))
      return true;
    list += len;
    list += strspn(list, " ,");
  }
  return false;
}

/* Cut the last address off the list. */
static peal_slice last_of(peal_slice *list) {
  size_t start = list->len;
  while (start && list->ptr[start - 1] != ',')
    start--;
  peal_slice last = {list->ptr + start, list->len - start};
  list->len = start ? start - 1 : 0;
  while (last.len && last.ptr[0] == ' ') {
    last.ptr++;
    last.len--;
  }
  while (last.len && last.ptr[last.len - 1] == ' ')
    last.len--;
  return last;
}

/* From the right: each proxy appends whom it was called by, so only what a
 * trusted one appended is believed. */
static peal_slice behind_proxies(const peal_web *app, peal_slice peer,
                                 peal_slice forwarded) {
  peal_slice address = peer;
  while (forwarded.len && is_listed(app->opts.proxies, address)) {
    peal_slice next = last_of(&forwarded);
    if (!is_address(next))
      break;
    address = next;
  }
  return address;
}

peal_slice peal_web_address(peal_http_req *req) {
  peal_web_ctx *ctx = peal_web_ctx_of(req);
  if (!ctx || !ctx->app->opts.proxies)
    return peal_http_req_peer(req);
  if (!ctx->address.ptr)
    ctx->address = behind_proxies(ctx->app, peal_http_req_peer(req),
                                  peal_http_req_header(req, "X-Forwarded-For"));
  return ctx->address;
}
