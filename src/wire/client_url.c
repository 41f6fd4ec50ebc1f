/* SPDX-License-Identifier: MIT */
#include "wire/client_url.h"

#include <string.h>

#include "base/text.h"
#include "wire/http1_target.h"
#include "wire/ip.h"

/* Cut the text in front of `c` off `rest`, which begins behind it. False: there
 * is none. */
static bool cut(peal_slice *rest, char c, peal_slice *front) {
  size_t at = peal_text_find(*rest, c);
  if (at == rest->len)
    return false;
  *front = (peal_slice){rest->ptr, at};
  *rest = (peal_slice){rest->ptr + at + 1, rest->len - at - 1};
  return true;
}

/* RFC3986 2: what is neither visible nor ASCII is written with '%'. */
static bool is_visible(peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
      return false;
  return true;
}

static size_t authority_end(peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if (memchr("/?#", text.ptr[i], 3))
      return i;
  return text.len;
}

static peal_slice from(peal_slice text, size_t at) {
  return (peal_slice){text.ptr + at, text.len - at};
}

static const char *take_scheme(peal_client_url *out, peal_slice *rest) {
  peal_slice behind = *rest, scheme;
  if (cut(&behind, ':', &scheme) && authority_end(scheme) == scheme.len &&
      peal_slice_starts(behind, "//"))
    *rest = behind;
  else
    scheme = PEAL_S("http");
  if (peal_slice_starts(*rest, "//"))
    *rest = from(*rest, 2);
  out->is_tls = peal_slice_is_nocase(scheme, "https") ||
                peal_slice_is_nocase(scheme, "wss");
  return out->is_tls || peal_slice_is_nocase(scheme, "http") ||
                 peal_slice_is_nocase(scheme, "ws")
             ? NULL
             : "the scheme must be http, https, ws or wss";
}

/* RFC3986 3.2.1: up to the last '@', so that one in a password does no harm. */
static void take_userinfo(peal_client_url *out, peal_slice *authority) {
  for (size_t i = authority->len; i--;)
    if (authority->ptr[i] == '@') {
      out->userinfo = (peal_slice){authority->ptr, i};
      *authority = from(*authority, i + 1);
      return;
    }
}

static const char *set_port(peal_client_url *out, peal_slice digits) {
  uint32_t port = 0;
  for (size_t i = 0; i < digits.len && port < 65536; i++) {
    if (!peal_text_is_digit(digits.ptr[i]))
      return "the port must be a number from 1 to 65535";
    port = port * 10 + (uint32_t)(digits.ptr[i] - '0');
  }
  if (digits.len && (port < 1 || port > 65535))
    return "the port must be a number from 1 to 65535";
  out->port = (uint16_t)(digits.len ? port : out->is_tls ? 443 : 80);
  return NULL;
}

static const char *set_ipv6(peal_client_url *out, peal_slice authority) {
  uint8_t ip[16];
  peal_slice rest = from(authority, 1), host;
  if (!cut(&rest, ']', &host) || !peal_ip_parse(ip, host) ||
      peal_text_find(host, ':') == host.len)
    return "what stands in brackets must be an address of IPv6";
  if (rest.len && rest.ptr[0] != ':')
    return "behind the brackets a port or a path was meant";
  out->host = host;
  out->is_ipv6 = true;
  return set_port(out, rest.len ? from(rest, 1) : (peal_slice){0});
}

static const char *set_authority(peal_client_url *out, peal_slice authority) {
  take_userinfo(out, &authority);
  if (authority.len && authority.ptr[0] == '[')
    return set_ipv6(out, authority);
  peal_slice host = authority, port = authority;
  if (cut(&port, ':', &host)) {
    if (peal_text_find(port, ':') < port.len)
      return "an address of IPv6 needs brackets: http://[::1]:3000";
  } else {
    port = (peal_slice){0};
  }
  if (!host.len)
    return "it has no host; http://host:port was meant";
  if (host.ptr[0] == '.')
    return "a host does not begin with a dot";
  if (!peal_http1_target_is_authority(host))
    return "the host has a character that no name has";
  out->host = host;
  return set_port(out, port);
}

/* The path is the name of a namespace, as it stands there. */
static void set_path(peal_client_url *out, peal_slice path) {
  peal_slice whole = path;
  if (cut(&whole, '#', &path))
    whole = path;
  out->query = whole;
  if (!cut(&out->query, '?', &out->nsp)) {
    out->nsp = whole;
    out->query = (peal_slice){0};
  }
  if (!out->nsp.len)
    out->nsp = PEAL_S("/");
}

const char *peal_client_url_parse(peal_client_url *out, peal_slice text) {
  *out = (peal_client_url){0};
  text = peal_text_trim(text);
  if (!text.len)
    return "it is empty; http://host:port was meant";
  if (!is_visible(text))
    return "it has a blank or a character that is written with % in URLs";
  const char *wrong = take_scheme(out, &text);
  if (wrong)
    return wrong;
  size_t end = authority_end(text);
  wrong = set_authority(out, (peal_slice){text.ptr, end});
  if (!wrong)
    set_path(out, from(text, end));
  return wrong;
}
