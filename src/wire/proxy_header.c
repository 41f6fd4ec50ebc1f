/* SPDX-License-Identifier: MIT */
#include "wire/proxy_header.h"

#include <string.h>

#include "base/err_site.h"

static const char signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                   '\n', 'Q',  'U',  'I',  'T',  '\n'};

enum { LOCAL = 0x20, PROXY = 0x21 };

/* Upper half of byte 13. */
enum { NONE = 0, IPV4 = 1, IPV6 = 2, UNIX = 3 };

static uint8_t byte_at(peal_slice in, size_t at) {
  return (uint8_t)in.ptr[at];
}

/* The bytes of both addresses and ports. */
static size_t addresses_len(unsigned family) {
  static const uint8_t lens[] = {
      [NONE] = 0, [IPV4] = 12, [IPV6] = 36, [UNIX] = 216};
  return lens[family];
}

/* As far as there are bytes: can they be a header? */
static bool is_prefix(peal_slice in) {
  size_t len = in.len < sizeof(signature) ? in.len : sizeof(signature);
  if (len && memcmp(in.ptr, signature, len) != 0)
    return false;
  if (in.len > 12 && byte_at(in, 12) != LOCAL && byte_at(in, 12) != PROXY)
    return false;
  return in.len <= 13 ||
         (byte_at(in, 13) >> 4 <= UNIX && (byte_at(in, 13) & 15) <= 2);
}

static void take_v4(peal_proxy_header *out, peal_slice at) {
  memset(out->ip + 10, 0xff, 2);
  memcpy(out->ip + 12, at.ptr, 4);
  out->port = (uint16_t)(byte_at(at, 8) << 8 | byte_at(at, 9));
}

static void take_v6(peal_proxy_header *out, peal_slice at) {
  memcpy(out->ip, at.ptr, 16);
  out->port = (uint16_t)(byte_at(at, 32) << 8 | byte_at(at, 33));
}

/* LOCAL: its addresses are passed over (2.2). So is a family without an
 * address for us. */
static void take_source(peal_proxy_header *out, unsigned family,
                        peal_slice at) {
  *out = (peal_proxy_header){.local = out->local};
  out->known = !out->local && (family == IPV4 || family == IPV6);
  if (!out->known)
    return;
  if (family == IPV4)
    take_v4(out, at);
  else
    take_v6(out, at);
}

peal_err peal_proxy_header_decode(peal_proxy_header *out, peal_slice in,
                                  size_t *used) {
  *used = PEAL_PROXY_HEADER_MIN;
  if (!is_prefix(in))
    return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
  if (in.len < PEAL_PROXY_HEADER_MIN)
    return PEAL_ERR_AGAIN;
  size_t len = (size_t)byte_at(in, 14) << 8 | byte_at(in, 15);
  unsigned family = byte_at(in, 13) >> 4;
  out->local = byte_at(in, 12) == LOCAL;
  if (!out->local && len < addresses_len(family))
    return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
  if (len > PEAL_PROXY_HEADER_MAX - PEAL_PROXY_HEADER_MIN)
    return PEAL_FAIL(PEAL_ERR_TOO_LONG);
  *used += len;
  if (in.len < *used)
    return PEAL_ERR_AGAIN;
  take_source(out, family, (peal_slice){in.ptr + PEAL_PROXY_HEADER_MIN, len});
  return PEAL_OK;
}

bool peal_proxy_header_is_likely(peal_slice in) {
  return (in.len > 4 && is_prefix(in)) || peal_slice_starts(in, "PROXY ");
}
