/* SPDX-License-Identifier: MIT */
#include "wire/origin.h"

#include <string.h>

#include "base/text.h"
#include "wire/http1_target.h"

static peal_slice from(peal_slice text, size_t at) {
  return (peal_slice){text.ptr + at, text.len - at};
}

static peal_slice upto(peal_slice text, size_t len) {
  return (peal_slice){text.ptr, len};
}

/* Behind the host: that of IPv6 has colons of its own in its brackets. */
static size_t host_end(peal_slice authority) {
  size_t bracket = peal_text_find(authority, ']');
  size_t start = bracket < authority.len ? bracket : 0;
  return start + peal_text_find(from(authority, start), ':');
}

static void split(peal_slice authority, peal_slice *host, peal_slice *port) {
  size_t end = host_end(authority);
  *host = upto(authority, end);
  *port = end < authority.len ? from(authority, end + 1) : (peal_slice){0};
}

/* RFC3986 3.1. */
static size_t scheme_end(peal_slice text) {
  size_t end = peal_text_find(text, ':');
  return text.len - end >= 3 && !memcmp(text.ptr + end, "://", 3) ? end
                                                                  : text.len;
}

/* Into scheme, host and port, whatever characters they have. */
static bool cut(peal_origin *out, peal_slice text) {
  size_t end = scheme_end(text);
  if (!end || end == text.len)
    return false;
  out->scheme = upto(text, end);
  split(from(text, end + 3), &out->host, &out->port);
  return out->host.len > 0;
}

bool peal_origin_parse(peal_origin *out, peal_slice text) {
  peal_origin made;
  if (!cut(&made, text) ||
      !peal_http1_target_is_authority(from(text, made.scheme.len + 3)))
    return false;
  *out = made;
  return true;
}

/* Of the schemes that pages and clients have (RFC9110 4.2, RFC6455 3). */
static peal_slice port_of(const peal_origin *origin) {
  peal_slice scheme = origin->scheme;
  if (origin->port.len)
    return origin->port;
  if (peal_slice_is_nocase(scheme, "http") ||
      peal_slice_is_nocase(scheme, "ws"))
    return PEAL_S("80");
  if (peal_slice_is_nocase(scheme, "https") ||
      peal_slice_is_nocase(scheme, "wss"))
    return PEAL_S("443");
  return (peal_slice){0};
}

bool peal_origin_is_own(peal_slice text, peal_slice authority) {
  peal_origin origin;
  peal_slice host, port;
  if (!peal_origin_parse(&origin, text))
    return false;
  split(authority, &host, &port);
  return peal_text_eq_nocase(origin.host, host) &&
         (!port.len || peal_slice_eq(port_of(&origin), port));
}

bool peal_origin_is_native(peal_slice text) {
  peal_origin origin;
  return peal_origin_parse(&origin, text) &&
         (peal_slice_is_nocase(origin.scheme, "ws") ||
          peal_slice_is_nocase(origin.scheme, "wss"));
}

bool peal_origin_is_file(peal_slice text) {
  return peal_slice_is_nocase(text, "file://");
}

/* -- patterns -------------------------------------------------------------- */

static bool has_star(peal_slice text) {
  return peal_text_find(text, '*') < text.len;
}

static bool is_wild(peal_slice host) {
  return host.len > 2 && host.ptr[0] == '*' && host.ptr[1] == '.';
}

bool peal_origin_is_pattern(peal_slice pattern) {
  peal_origin origin;
  if (!has_star(pattern) || peal_slice_is(pattern, "*"))
    return true;
  if (!cut(&origin, pattern) || has_star(origin.scheme))
    return false;
  peal_slice host = is_wild(origin.host) ? from(origin.host, 2) : origin.host;
  return !has_star(host) && host.ptr[0] != '.' &&
         peal_http1_target_is_authority(host) &&
         (!has_star(origin.port) || peal_slice_is(origin.port, "*"));
}

/* `host` has at least one character in front of the rest: its dot is the
 * pattern's. */
static bool host_matches(peal_slice host, peal_slice pattern) {
  if (!is_wild(pattern))
    return peal_text_eq_nocase(host, pattern);
  peal_slice rest = from(pattern, 1);
  return host.len > rest.len && host.ptr[0] != '.' &&
         peal_text_eq_nocase(from(host, host.len - rest.len), rest);
}

static bool port_matches(const peal_origin *origin,
                         const peal_origin *pattern) {
  return peal_slice_is(pattern->port, "*") ||
         peal_slice_eq(port_of(origin), port_of(pattern));
}

bool peal_origin_matches(peal_slice text, peal_slice pattern) {
  peal_origin origin, like;
  if (!has_star(pattern))
    return peal_text_eq_nocase(text, pattern);
  if (peal_slice_is(pattern, "*"))
    return true;
  return peal_origin_parse(&origin, text) && cut(&like, pattern) &&
         peal_text_eq_nocase(origin.scheme, like.scheme) &&
         host_matches(origin.host, like.host) && port_matches(&origin, &like);
}
