/* SPDX-License-Identifier: MIT */
#pragma once
/* client_engine_opts: where and how a client's engine connects. */
#include <peal/client.h>

#include "base/account.h"
#include "net/tls_client.h"
#include "proto/cookie_jar.h"

/* One for many connections, one after the other or at a time. All borrowed for
 * the life of each; behind a _free in one of its callbacks, until that has
 * returned. */
typedef struct peal_client_engine_opts {
  /* http, https, ws, wss: is there TLS under it? NULL: none. */
  peal_tls_client *tls;
  peal_tls_client *proxy_tls; /* for an https proxy; NULL: `tls` */
  const char *host;      /* name or address, IPv6 without brackets; unix:PATH */
  uint16_t port;         /* never 0, unless it is unix: */
  const char *tls_name;  /* at unix: whom to expect; NULL */
  const char *authority; /* the Host field: "host:port", IPv6 in brackets; the
                            port may be left out where it is the scheme's */
  const char *path;      /* of the endpoint, with a slash on both sides as the
                            server wants it: "/socket.io/" */
  const char *query;     /* "a=1&b=2", percent-encoded, without EIO, transport,
                            sid, t, and without the `?`; "" or NULL: none */
  peal_client_transports transports;
  bool eio3; /* version 3, not 4 */
  bool no_upgrade;
  bool try_all_transports;
  bool prefer_websocket; /* one has worked before (remember_upgrade): begin
                            with it if it is among `transports` */
  bool no_timestamp;     /* no `t` in polling requests */
  const peal_client_field *headers; /* in each request */
  size_t header_count;
  peal_cookie_jar *cookies;    /* kept and sent; NULL: neither */
  const char *proxy;           /* as peal_client_opts.proxy; NULL: none */
  uint32_t timeout_ms;         /* of a dial; 0: 20000 */
  uint32_t request_timeout_ms; /* of the handshake, of a POST, of a WebSocket's
                                  opening; 0: 20000 */
  uint32_t close_timeout_ms;   /* of an orderly close; 0: 5000 */
  size_t max_payload_bytes;    /* of a message or body that comes; 0: 16 MiB */
  size_t max_queue_bytes;      /* 0: 8 MiB */
  peal_deflate_opts deflate;
  peal_account_worker *account; /* charged for what peers make us hold; never
                                   NULL */
} peal_client_engine_opts;
