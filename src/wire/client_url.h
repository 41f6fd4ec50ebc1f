/* SPDX-License-Identifier: MIT */
#pragma once
/* client_url: what a client is told to connect to, in pieces.
 *
 *   wss://user:password@chat.example:8443/admin?token=1#x
 *   scheme userinfo      host         port nsp   query   left out
 *
 * In the flow: used by client/client_opts. No state, no memory. */
#include <peal/base.h>

/* Pieces of the text. */
typedef struct peal_client_url {
  peal_slice userinfo; /* as it stands there; ptr NULL: there is none */
  peal_slice host;     /* IPv6 without its brackets */
  peal_slice nsp;      /* with its slash; "/" if there is no path */
  peal_slice query;    /* without '?'; may be empty */
  uint16_t port;       /* the scheme's own if there is none */
  bool is_tls;         /* https, wss */
  bool is_ipv6;        /* the host was in brackets */
} peal_client_url;

/* Without a scheme it is http. Blanks around it are left out, characters that
 * no URL has are refused.
 * Returns: NULL, or what is wrong with it, in words (constant); `out` is
 * undefined then. Thread: pure. Spec: RFC3986 3. */
PEAL_MUST_CHECK const char *peal_client_url_parse(peal_client_url *out,
                                                  peal_slice text);
