/* SPDX-License-Identifier: MIT */
#include "net/proxy_env.h"

#include <stdlib.h>

#include <peal/base.h>

#include "wire/no_proxy.h"

static const char *get(const char *name) {
  const char *value = getenv(name);
  return value && value[0] ? value : NULL;
}

static const char *first_of(const char *const *names) {
  const char *found = NULL;
  for (; *names && !found; names++)
    found = get(*names);
  return found;
}

const char *peal_proxy_env_get(const char *host, bool secure) {
  static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY",
                                      NULL};
  static const char *const encrypted[] = {"https_proxy", "HTTPS_PROXY",
                                          "all_proxy", "ALL_PROXY", NULL};
  static const char *const none[] = {"no_proxy", "NO_PROXY", NULL};
  const char *proxy = first_of(secure ? encrypted : plain);
  const char *but = proxy ? first_of(none) : NULL;
  if (but && peal_no_proxy_has(peal_slice_of(but), peal_slice_of(host)))
    return NULL;
  return proxy;
}
