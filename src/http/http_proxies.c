/* SPDX-License-Identifier: MIT */
#include "http/http_proxies.h"

#include <string.h>

#include "base/mem.h"

/* RFC1122 3.2.1.3, RFC4291 2.5.3. */
static const char loopback[] = "127.0.0.0/8 ::1";
/* RFC1918 3, RFC4193 3.1. */
static const char private_use[] =
    "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7";

static bool is_separator(char c) {
  return c == ' ' || c == ',' || c == '\t' || c == '\n';
}

/* The next entry, taken off the list; empty at its end. */
static peal_slice next_entry(peal_slice *list) {
  size_t from = 0, to;
  while (from < list->len && is_separator(list->ptr[from]))
    from++;
  for (to = from; to < list->len && !is_separator(list->ptr[to]);)
    to++;
  peal_slice entry = {list->ptr + from, to - from};
  *list = (peal_slice){list->ptr + to, list->len - to};
  return entry;
}

static peal_err add(peal_http_proxies *proxies, const peal_ip_net *net) {
  peal_ip_net *nets = peal_mem_resize(proxies->mem, proxies->nets,
                                      (proxies->count + 1) * sizeof(*nets));
  if (!nets)
    return PEAL_ERR_NOMEM;
  nets[proxies->count++] = *net;
  proxies->nets = nets;
  return PEAL_OK;
}

/* Networks alone. */
static peal_err add_all(peal_http_proxies *proxies, const char *text) {
  peal_slice list = peal_slice_of(text), entry;
  peal_ip_net net;
  peal_err err = PEAL_OK;
  while (!err && (entry = next_entry(&list)).len)
    err = peal_ip_net_parse(&net, entry) ? add(proxies, &net) : PEAL_ERR_OPTION;
  return err;
}

static peal_err take(peal_http_proxies *proxies, peal_slice entry) {
  peal_ip_net net;
  if (peal_slice_is(entry, "unix")) {
    proxies->unix_too = true;
    return PEAL_OK;
  }
  if (peal_slice_is(entry, "loopback"))
    return add_all(proxies, loopback);
  if (peal_slice_is(entry, "private"))
    return add_all(proxies, private_use);
  return peal_ip_net_parse(&net, entry) ? add(proxies, &net) : PEAL_ERR_OPTION;
}

peal_err peal_http_proxies_init(peal_http_proxies *proxies, const char *list,
                                const peal_mem *mem, peal_slice *wrong) {
  *proxies = (peal_http_proxies){.mem = mem};
  peal_slice rest = peal_slice_of(list), entry;
  while ((entry = next_entry(&rest)).len) {
    peal_err err = take(proxies, entry);
    if (err) {
      *wrong = entry;
      peal_http_proxies_deinit(proxies);
      return err;
    }
  }
  return PEAL_OK;
}

void peal_http_proxies_deinit(peal_http_proxies *proxies) {
  peal_mem_free(proxies->mem, proxies->nets);
  *proxies = (peal_http_proxies){.mem = proxies->mem};
}

bool peal_http_proxies_trust(const peal_http_proxies *proxies,
                             const peal_address *peer) {
  if (!peer->known)
    return proxies->unix_too;
  for (size_t i = 0; i < proxies->count; i++)
    if (peal_ip_net_has(&proxies->nets[i], peer->ip))
      return true;
  return false;
}
