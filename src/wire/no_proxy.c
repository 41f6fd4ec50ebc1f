/* SPDX-License-Identifier: MIT */
#include "wire/no_proxy.h"

#include "base/text.h"
#include "wire/ip.h"

static bool is_between(char c) {
  return c == ',' || peal_text_is_blank(c) || c == '\n' || c == '\r';
}

static bool next(peal_slice *rest, peal_slice *item) {
  while (rest->len && is_between(rest->ptr[0]))
    rest->ptr++, rest->len--;
  *item = (peal_slice){rest->ptr, 0};
  while (item->len < rest->len && !is_between(rest->ptr[item->len]))
    item->len++;
  rest->ptr += item->len;
  rest->len -= item->len;
  return item->len > 0;
}

/* A dot at the end is the root's, which counts for nothing. */
static peal_slice without_root(peal_slice name) {
  if (name.len > 1 && name.ptr[name.len - 1] == '.')
    name.len--;
  return name;
}

static bool is_below(peal_slice host, peal_slice name) {
  name = without_root(name);
  if (name.len && name.ptr[0] == '.')
    name.ptr++, name.len--;
  if (!name.len || name.len > host.len)
    return false;
  size_t at = host.len - name.len;
  return (!at || host.ptr[at - 1] == '.') &&
         peal_text_eq_nocase((peal_slice){host.ptr + at, name.len}, name);
}

bool peal_no_proxy_has(peal_slice list, peal_slice host) {
  uint8_t ip[16];
  peal_ip_net net;
  peal_slice item;
  host = without_root(host);
  if (peal_slice_is(peal_text_trim(list), "*"))
    return true;
  bool is_address = peal_ip_parse(ip, host);
  while (next(&list, &item)) {
    if (item.len > 2 && item.ptr[0] == '[' && item.ptr[item.len - 1] == ']')
      item = (peal_slice){item.ptr + 1, item.len - 2};
    if (is_address ? peal_ip_net_parse(&net, item) && peal_ip_net_has(&net, ip)
                   : is_below(host, item))
      return true;
  }
  return false;
}
