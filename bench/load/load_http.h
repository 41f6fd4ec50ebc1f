/* SPDX-License-Identifier: MIT */
#pragma once
/* load_http: the few HTTP/1.1 messages a Socket.IO client needs: the upgrade,
 * and polling requests on a connection that stays open. */
#include <stddef.h>
#include <stdint.h>

enum { LOAD_HTTP_SID = 64 };

typedef struct load_http_response {
  unsigned status;
  size_t head_len;
  size_t body_len;    /* 0 for 101 */
  const char *accept; /* Sec-WebSocket-Accept, in the input; NULL if none */
} load_http_response;

/* Find the end of a response head and what it says of the body.
 * Returns: the head's length; 0 if bytes are missing. Ends the run if the head
 * is none, or gives no Content-Length. */
size_t load_http_decode(load_http_response *response, const char *in,
                        size_t len);

/* RFC6455 1.3 gives this key and its answer as the example. */
#define LOAD_HTTP_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define LOAD_HTTP_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* Write a request to `out`. Returns: its length, below `cap`. */
size_t load_http_upgrade(char *out, size_t cap, uint16_t port);
/* The same as Chrome 120 asks for it from a page of this server, with a cookie
 * of 350 bytes that no other `client` has. */
size_t load_http_upgrade_chrome(char *out, size_t cap, uint16_t port,
                                uint32_t client);
size_t load_http_get(char *out, size_t cap, uint16_t port, const char *sid);
size_t load_http_post(char *out, size_t cap, uint16_t port, const char *sid,
                      size_t body_len);
