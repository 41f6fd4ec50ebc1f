/* SPDX-License-Identifier: MIT */
#pragma once
/* dial_proxy: the words with a proxy, over a connection that stands: CONNECT
 * (wire/http_connect) or SOCKS5 (wire/socks5), whichever its URL says.
 * In the flow: net/dial -> [dial_proxy] -> wire/. */
#include "net/stream_verbs.h"
#include "wire/http_connect.h"
#include "wire/proxy_url.h"
#include "wire/socks5.h"

typedef struct peal_dial_proxy {
  peal_proxy_url url;
  char *text; /* the URL; its own */
  bool begun;
  peal_http_connect http;
  peal_socks5 socks;
} peal_dial_proxy;

/* Copies the URL. Returns NULL: *err is PEAL_ERR_NOMEM or PEAL_ERR_OPTION. */
peal_dial_proxy *peal_dial_proxy_new(const peal_mem *mem, const char *url,
                                     peal_err *err);
void peal_dial_proxy_free(const peal_mem *mem, peal_dial_proxy *proxy);
bool peal_dial_proxy_is_socks(const peal_dial_proxy *proxy);
/* Ask for a connection to `host` (borrowed until the end; a name or an address,
 * without brackets). Returns: PEAL_OK, PEAL_ERR_OPTION, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_dial_proxy_begin(peal_dial_proxy *proxy,
                                               const peal_mem *mem,
                                               const char *host, uint16_t port);
/* Go on over what the parcel has (attached to a worker); nothing of the target's
 * is read. *writes: it waits for room, otherwise for bytes.
 * Returns: PEAL_OK: the connection is the target's; PEAL_ERR_AGAIN; otherwise
 * an error that peal_dial_proxy_text puts in words. */
PEAL_MUST_CHECK peal_err peal_dial_proxy_step(peal_dial_proxy *proxy,
                                              const peal_stream_parcel *parcel,
                                              bool *writes);
/* "the proxy refuses: user or password is wrong". */
void peal_dial_proxy_text(const peal_dial_proxy *proxy, peal_err err, char *out,
                          size_t cap);
