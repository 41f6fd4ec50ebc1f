/* SPDX-License-Identifier: MIT */
#pragma once
/* proxy_header: what a proxy puts before the first byte of a connection to say
 * whose it is: version 2 of the PROXY protocol (haproxy's proxy-protocol.txt,
 * section 2.2).
 *
 *   byte 0..11   "\r\n\r\n\0\r\nQUIT\n"
 *        12      version 2 | command: 0 LOCAL, 1 PROXY
 *        13      family: 0 none, 1 IPv4, 2 IPv6, 3 Unix | 0 none, 1 stream,
 *                2 datagram
 *        14..15  length of what follows, big endian
 *        16..    source, destination (4 + 4, 16 + 16 or 108 + 108 bytes), their
 *                ports (2 + 2, not of Unix); then fields that are passed over
 *
 * In the flow: net/stream -> http/http_preface -> [proxy_header]. No state, no
 * memory. */
#include <peal/base.h>

/* Bytes that are needed to know how long it is. */
#define PEAL_PROXY_HEADER_MIN 16u
/* The longest that is taken: addresses of Unix sockets (216) and the fields
 * that proxies add (a client's certificate names, unique ids). */
#define PEAL_PROXY_HEADER_MAX 2048u

typedef struct peal_proxy_header {
  uint8_t ip[16]; /* the client's, IPv4 mapped, if `known` */
  uint16_t port;
  bool local; /* the proxy speaks for itself, as for a check of health */
  bool known; /* false: no IP address; what the connection has stays */
} peal_proxy_header;

/* Decode the header at the start of `in`. The first byte that cannot be one is
 * an error at once.
 * Returns: PEAL_OK and *used, up to PEAL_PROXY_HEADER_MAX; PEAL_ERR_AGAIN and
 * *used, how many bytes it needs at least, more than there are;
 * PEAL_ERR_HTTP_SYNTAX (no such header, another version, an unknown command or
 * family, shorter than its addresses); PEAL_ERR_TOO_LONG. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_proxy_header_decode(peal_proxy_header *out,
                                                  peal_slice in, size_t *used);
/* Could this be the beginning of a header, of either version? To say why a peer
 * is refused. Thread: pure. */
bool peal_proxy_header_is_likely(peal_slice in);
