/* SPDX-License-Identifier: MIT */
#include "wire/http1_target.h"

#include <string.h>

#include "wire/http1_chars.h"

#define PORT_MAX 65535u

static peal_slice behind(peal_slice text, size_t count) {
  return (peal_slice){text.ptr + count, text.len - count};
}

static size_t span(peal_slice text, peal_http1_chars flag) {
  return peal_http1_chars_span(text.ptr, text.len, flag);
}

/* RFC3986 3.2.3: port = *DIGIT. */
static bool is_port(peal_slice text) {
  unsigned value = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (!peal_http1_chars_has(text.ptr[i], PEAL_HTTP1_DIGIT))
      return false;
    value = value * 10 + (unsigned)(text.ptr[i] - '0');
    if (value > PORT_MAX)
      return false;
  }
  return true;
}

/* RFC3986 3.2.2: "[" IPv6address "]". Returns its length, 0 if malformed. */
static size_t literal_len(peal_slice text) {
  size_t colons = 0;
  for (size_t i = 1; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == ']')
      return colons >= 2 ? i + 1 : 0;
    if (c == ':')
      colons++;
    else if (c != '.' && !peal_http1_chars_has(c, PEAL_HTTP1_HEX))
      return 0;
  }
  return 0;
}

/* RFC3986 2.1: a percent sign is followed by two hexadecimal digits. */
static bool is_name(peal_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] != '%')
      continue;
    if (span(behind(text, i + 1), PEAL_HTTP1_HEX) < 2)
      return false;
    i += 2;
  }
  return true;
}

/* Length of the host at the start; false if it is malformed. */
static bool host_span(peal_slice text, size_t *len) {
  if (text.len && text.ptr[0] == '[') {
    *len = literal_len(text);
    return *len > 0;
  }
  *len = span(text, PEAL_HTTP1_HOST);
  return is_name((peal_slice){text.ptr, *len});
}

bool peal_http1_target_is_authority(peal_slice text) {
  size_t len;
  if (!host_span(text, &len))
    return false;
  if (len == text.len)
    return true;
  return text.ptr[len] == ':' && is_port(behind(text, len + 1));
}

/* RFC9112 3.2.3: host and port, none of them empty. */
static bool is_authority_form(peal_slice target) {
  size_t len;
  return host_span(target, &len) && len > 0 && len + 1 < target.len &&
         peal_http1_target_is_authority(target);
}

/* RFC9112 3.2.2: scheme "://" host [":" port] path; RFC9110 4.2.4: a name or
 * password before the host is refused ('@' is no host byte). */
static bool is_absolute_form(peal_slice target) {
  size_t len = 0;
  if (!peal_http1_chars_has(target.ptr[0], PEAL_HTTP1_ALPHA))
    return false;
  while (len < target.len && target.ptr[len] != ':') {
    char c = target.ptr[len++];
    if (!peal_http1_chars_has(c, PEAL_HTTP1_ALPHA) &&
        !peal_http1_chars_has(c, PEAL_HTTP1_DIGIT) && c != '+' && c != '-' &&
        c != '.')
      return false;
  }
  peal_slice rest = behind(target, len);
  if (!peal_slice_starts(rest, "://"))
    return false;
  rest = behind(rest, 3);
  size_t end = 0;
  while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
    end++;
  return end > 0 && rest.ptr[0] != ':' &&
         peal_http1_target_is_authority((peal_slice){rest.ptr, end});
}

bool peal_http1_target_is_valid(peal_slice method, peal_slice target) {
  if (!target.len || span(target, PEAL_HTTP1_TARGET) != target.len)
    return false;
  if (peal_slice_is(method, "CONNECT"))
    return is_authority_form(target);
  if (target.ptr[0] == '/')
    return true;
  if (peal_slice_is(target, "*"))
    return peal_slice_is(method, "OPTIONS");
  return is_absolute_form(target);
}
