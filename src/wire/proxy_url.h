/* SPDX-License-Identifier: MIT */
#pragma once
/* proxy_url: where a proxy is and how it is spoken to, out of a URL:
 *
 *   [http|https|socks5|socks5h://][user[:password]@]host[:port][/]
 *
 * as curl reads it: without a scheme it is http, without a port 1080, 443 for
 * https. In the flow: net/dial -> [proxy_url]. */
#include <peal/base.h>

typedef enum peal_proxy_kind {
  PEAL_PROXY_HTTP,   /* CONNECT */
  PEAL_PROXY_HTTPS,  /* the same, over TLS with the proxy */
  PEAL_PROXY_SOCKS5, /* names are resolved here */
  PEAL_PROXY_SOCKS5H /* names are resolved there */
} peal_proxy_kind;

/* Bytes of user and of password: what SOCKS5 can say (RFC1929 2). */
#define PEAL_PROXY_WORD_MAX 255u

typedef struct peal_proxy_url {
  peal_proxy_kind kind;
  peal_slice host; /* borrowed from the URL, without brackets */
  uint16_t port;
  bool has_user;
  /* Percent-decoded. */
  uint8_t user_len, password_len;
  char user[PEAL_PROXY_WORD_MAX], password[PEAL_PROXY_WORD_MAX];
} peal_proxy_url;

/* Returns: PEAL_OK; PEAL_ERR_OPTION: it is none, or its kind is not known.
 * Thread: pure. */
PEAL_MUST_CHECK peal_err peal_proxy_url_parse(peal_proxy_url *out,
                                              peal_slice url);
