/* SPDX-License-Identifier: MIT */
#pragma once
/* dial: from a name to a connected stream, or words that say which step failed.
 *
 *   resolve   the name's addresses, in a thread of its own (net/lookup)
 *   connect   both families in turn, 250 ms apart, the first wins (RFC8305)
 *   proxy     CONNECT or SOCKS5, if one is asked for
 *   tls       the handshake, and what is thought of the certificate
 *
 * One deadline stands over all of it. In the flow: client/ -> [dial] ->
 * net/stream. */
#include <peal/base.h>

#include "net/address.h"
#include "net/stream_verbs.h"
#include "net/tls_client.h"

#define PEAL_DIAL_TEXT 320u /* bytes, the terminator included */

typedef struct peal_dial peal_dial; /* an attempt to connect */

typedef enum peal_dial_step {
  PEAL_DIAL_RESOLVE,
  PEAL_DIAL_CONNECT,
  PEAL_DIAL_PROXY,
  PEAL_DIAL_TLS,
  PEAL_DIAL_DONE
} peal_dial_step;

typedef struct peal_dial_opts {
  /* A name, IPv4, IPv6 without brackets; or "unix:PATH", port 0. Copied. */
  const char *host;
  uint16_t port;
  peal_tls_client *tls; /* borrowed until the end of the attempt; NULL: plain */
  const char *tls_name; /* at a Unix socket: whom to expect; copied */
  /* "http://", "https://", "socks5://", "socks5h://"; NULL or "": none. The
   * environment is not read: net/proxy_env. Copied. */
  const char *proxy;
  peal_tls_client *proxy_tls;   /* borrowed; for an https proxy. NULL: `tls` */
  uint32_t timeout_ms;          /* 0: 20000; UINT32_MAX: none */
  peal_account_worker *account; /* borrowed; NULL: nobody counts */
} peal_dial_opts;

typedef struct peal_dial_result {
  peal_err
      err; /* PEAL_OK; PEAL_ERR_HOST, _CONNECT, _TIMEOUT, _PROXY, _TLS_PEER,
                   _CERT, _OPTION (the proxy's URL), _NOMEM, _NO_FILES,
                   _CANCELLED (the worker ends) */
  peal_dial_step step; /* the last one that began */
  const char *text;    /* what went wrong, in words; "" */
  /* PEAL_OK: connected, through the proxy, TLS done and verified; taken, and a
   * stream of any worker adopts it. */
  peal_stream_parcel parcel;
  uint32_t dns_ms, connect_ms, proxy_ms, tls_ms;
  char address[PEAL_ADDRESS_MAX + 8]; /* what was connected to: "127.0.0.1:80",
                                         "[::1]:80", "unix" */
  char tls[96]; /* "TLSv1.3 TLS_AES_256_GCM_SHA384, resumed"; "" */
} peal_dial_result;

/* Exactly once, never inside a call of the owner's, unless the dial is closed
 * before. Behind it the dial is gone. `result` is borrowed. */
typedef void (*peal_dial_fn)(peal_dial *dial, const peal_dial_result *result,
                             void *user);

/* Where some names lead without a network (tests): false: not this one. Set in
 * the worker (`door`), borrowed for its life; `account` is who dials. No TLS goes through it. */
typedef struct peal_dial_door {
  bool (*open)(const struct peal_dial_door *door, peal_worker *worker,
               const char *host, const peal_account_worker *account,
               peal_stream_parcel *out);
} peal_dial_door;

/* Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_dial *peal_dial_open(peal_worker *worker,
                                          const peal_dial_opts *opts,
                                          peal_dial_fn fn, void *user);
/* Give it up: no callback comes any more. Inside the callback, which is the end
 * of it, nothing happens. */
void peal_dial_close(peal_dial *dial);
/* All that are open on a worker that ends, with PEAL_ERR_CANCELLED. */
void peal_dial_close_all(peal_worker *worker);
