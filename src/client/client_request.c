/* SPDX-License-Identifier: MIT */
#include "client/client_request.h"

#include "net/crypto.h"

/* RFC9112 6, RFC6455 4.1: what proto/http_ask and proto/ws_ask say themselves;
 * and a coding that would have to be undone. */
static const char *const ours[] = {"Accept-Encoding",
                                   "Connection",
                                   "Content-Length",
                                   "Content-Type",
                                   "Expect",
                                   "Host",
                                   "Sec-WebSocket-Key",
                                   "Sec-WebSocket-Version",
                                   "Sec-WebSocket-Accept",
                                   "Sec-WebSocket-Extensions",
                                   "Sec-WebSocket-Protocol",
                                   "TE",
                                   "Trailer",
                                   "Transfer-Encoding",
                                   "Upgrade",
                                   "Cookie"};

static bool is_ours(peal_slice name) {
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (peal_slice_is_nocase(name, ours[i]))
      return true;
  return false;
}

static void add_line(peal_buf *out, peal_slice name, peal_slice value) {
  if (!peal_http1_is_token(name) || !peal_http1_is_field_value(value))
    return;
  peal_buf_add(out, name);
  peal_buf_add_str(out, ": ");
  peal_buf_add(out, value);
  peal_buf_add_str(out, "\r\n");
}

static const char *own_value(const peal_client_engine_opts *opts,
                             const char *name) {
  for (size_t i = 0; i < opts->header_count; i++)
    if (peal_slice_is_nocase(peal_slice_of(opts->headers[i].name), name))
      return opts->headers[i].value;
  return NULL;
}

/* The program's and the server's in one field (RFC6265 5.4). */
static void add_cookies(peal_buf *out, const peal_client_engine_opts *opts,
                        uint64_t now_ms) {
  const char *own = own_value(opts, "Cookie");
  peal_buf all;
  peal_buf_init(&all, out->mem, 0);
  if (opts->cookies)
    peal_cookie_jar_get(opts->cookies, &all, peal_slice_of(opts->path),
                        opts->tls != NULL, now_ms);
  if (own && all.len)
    peal_buf_add_str(&all, "; ");
  if (own)
    peal_buf_add_str(&all, own);
  if (all.len && !all.err)
    add_line(out, PEAL_S("Cookie"), peal_buf_slice(&all));
  if (all.err && !out->err)
    out->err = all.err;
  peal_buf_deinit(&all);
}

void peal_client_request_lines(peal_buf *out,
                               const peal_client_engine_opts *opts,
                               uint64_t now_ms) {
  if (!own_value(opts, "Accept"))
    peal_buf_add_str(out, "Accept: */*\r\n");
  peal_buf_add_str(out, "Accept-Encoding: identity\r\n");
  for (size_t i = 0; i < opts->header_count; i++) {
    peal_slice name = peal_slice_of(opts->headers[i].name);
    if (!is_ours(name))
      add_line(out, name, peal_slice_of(opts->headers[i].value));
  }
  add_cookies(out, opts, now_ms);
}

peal_slice peal_client_request_host(const peal_client_engine_opts *opts) {
  const char *own = own_value(opts, "Host");
  return peal_slice_of(own ? own : opts->authority);
}

void peal_client_request_keep(const peal_client_engine_opts *opts,
                              const peal_http1_head *head, uint64_t now_ms) {
  for (size_t i = 0; opts->cookies && i < head->count; i++)
    if (peal_slice_is_nocase(head->fields[i].name, "Set-Cookie"))
      (void)!peal_cookie_jar_set(opts->cookies, head->fields[i].value,
                                 peal_slice_of(opts->path), opts->tls != NULL,
                                 peal_wall_ms(), now_ms);
}

uint64_t peal_client_request_dice(void) {
  uint64_t dice = 0;
  return peal_crypto_random(&dice, sizeof dice) ? 0 : dice;
}
