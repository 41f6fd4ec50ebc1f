/* SPDX-License-Identifier: MIT */
#pragma once
/* http_proxies: which peers are proxies whose word counts: the option `proxies`
 * as networks. */
#include "net/address.h"
#include "wire/ip.h"

typedef struct peal_http_proxies {
  const peal_mem *mem; /* borrowed */
  peal_ip_net *nets;
  size_t count;
  bool unix_too; /* who comes over a Unix socket */
} peal_http_proxies;

/* Read the list (separated by blanks or commas; NULL: nobody). *wrong is the
 * entry that is none, borrowed from `list`.
 * Returns: PEAL_OK, PEAL_ERR_OPTION, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_proxies_init(peal_http_proxies *proxies,
                                                const char *list,
                                                const peal_mem *mem,
                                                peal_slice *wrong);
void peal_http_proxies_deinit(peal_http_proxies *proxies);
/* Is the peer at this address one of them? Thread: any. */
bool peal_http_proxies_trust(const peal_http_proxies *proxies,
                             const peal_address *peer);
