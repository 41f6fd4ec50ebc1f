/* SPDX-License-Identifier: MIT */
#include "wire/forwarded.h"

#include "base/decimal.h"
#include "base/text.h"
#include "wire/http1.h"
#include "wire/ip.h"

#define PORT_MAX 65535u

/* RFC9110 5.6.4: behind an odd number of backslashes a quote is a character of
 * the string. */
static bool is_escaped(peal_slice text, size_t at) {
  size_t from = at;
  while (from && text.ptr[from - 1] == '\\')
    from--;
  return (at - from) & 1;
}

bool peal_forwarded_cut(peal_slice *list, peal_slice *element) {
  if (!list->ptr)
    return false;
  bool quoted = false;
  size_t from = list->len;
  while (from && (quoted || list->ptr[from - 1] != ',')) {
    from--;
    if (list->ptr[from] == '"' && !is_escaped(*list, from))
      quoted = !quoted;
  }
  *element = peal_text_trim((peal_slice){list->ptr + from, list->len - from});
  if (from)
    list->len = from - 1;
  else
    *list = (peal_slice){0};
  return true;
}

/* The value without its quotes; NULL ptr if it is neither a token nor a quoted
 * string without escapes. */
static peal_slice unquote(peal_slice value) {
  const peal_slice none = {0};
  if (!value.len || value.ptr[0] != '"')
    return peal_http1_is_token(value) ? value : none;
  if (value.len < 2 || value.ptr[value.len - 1] != '"')
    return none;
  peal_slice inside = {value.ptr + 1, value.len - 2};
  if (peal_text_find(inside, '"') < inside.len ||
      peal_text_find(inside, '\\') < inside.len)
    return none;
  return inside;
}

/* The next "name=value" of an element, which ends at a semicolon outside of
 * quotes. */
static bool next_pair(peal_slice *rest, peal_slice *pair) {
  if (!rest->len)
    return false;
  bool quoted = false;
  size_t to = 0;
  while (to < rest->len && (quoted || rest->ptr[to] != ';')) {
    if (rest->ptr[to] == '"' && !is_escaped(*rest, to))
      quoted = !quoted;
    to++;
  }
  *pair = peal_text_trim((peal_slice){rest->ptr, to});
  size_t used = to < rest->len ? to + 1 : to;
  *rest = (peal_slice){rest->ptr + used, rest->len - used};
  return true;
}

peal_slice peal_forwarded_param(peal_slice element, const char *name) {
  peal_slice pair;
  while (next_pair(&element, &pair)) {
    size_t sign = peal_text_find(pair, '=');
    if (sign < pair.len &&
        peal_slice_is_nocase((peal_slice){pair.ptr, sign}, name))
      return unquote((peal_slice){pair.ptr + sign + 1, pair.len - sign - 1});
  }
  return (peal_slice){0};
}

/* RFC7239 6: a port is digits, or hidden ("_name"); it does not count. */
static bool is_port(peal_slice text) {
  uint64_t port;
  return peal_decimal_parse(text, PORT_MAX, &port) ||
         (text.len > 1 && text.ptr[0] == '_' && peal_http1_is_token(text));
}

/* "[" address "]" with or without a port. */
static bool bracketed_node(uint8_t ip[16], peal_slice node) {
  size_t end = peal_text_find(node, ']');
  if (end == node.len)
    return false;
  peal_slice inside = {node.ptr + 1, end - 1};
  peal_slice port = {node.ptr + end + 1, node.len - end - 1};
  if (peal_text_find(inside, ':') == inside.len)
    return false;
  if (port.len && (port.ptr[0] != ':' ||
                   !is_port((peal_slice){port.ptr + 1, port.len - 1})))
    return false;
  return peal_ip_parse(ip, inside);
}

bool peal_forwarded_node(uint8_t ip[16], peal_slice node) {
  if (node.len && node.ptr[0] == '[')
    return bracketed_node(ip, node);
  size_t colon = peal_text_find(node, ':');
  peal_slice rest = {node.ptr + colon, node.len - colon};
  /* One colon: a port behind IPv4. Several: IPv6 without brackets, as
   * X-Forwarded-For has it. */
  if (rest.len > 1 && peal_text_find((peal_slice){rest.ptr + 1, rest.len - 1},
                                     ':') == rest.len - 1)
    return is_port((peal_slice){rest.ptr + 1, rest.len - 1}) &&
           peal_ip_parse(ip, (peal_slice){node.ptr, colon});
  return peal_ip_parse(ip, node);
}
