/* SPDX-License-Identifier: MIT */
#pragma once
/* client_opts: the options of a client, checked, copied and taken apart: what
 * each of its connections is opened with. What is wrong with them it says in
 * words. */
#include <peal/client.h>

#include "base/arena.h"

typedef struct peal_client_setup {
  peal_client_opts opts; /* its strings and fields lie in `strings`; `headers`
                             has the Authorization of the URL's user, too;
                             `proxy` is what counts, NULL: none */
  const char *host;      /* IPv6 without brackets */
  const char *authority; /* the Host field */
  const char *path;      /* with a slash at both ends */
  const char *query;     /* of the URL and the options, encoded; "" */
  const char *nsp;       /* with its slash */
  uint16_t port;
  bool is_tls;
  peal_arena *strings; /* the caller's */
} peal_client_setup;

/* What `out` points to lies in `strings`. `why` gets the words, on errors.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_OPTION, PEAL_ERR_NOMEM. Thread:
 * any. */
PEAL_MUST_CHECK peal_err peal_client_opts_read(peal_client_setup *out,
                                               const peal_client_opts *opts,
                                               peal_arena *strings,
                                               peal_client_problem *why);
/* Is TLS spoken to the proxy, whatever goes through it? */
bool peal_client_opts_has_https_proxy(const peal_client_setup *setup);
/* Fill in a problem; `why` may be NULL. Returns `err`. */
peal_err peal_client_opts_problem(peal_client_problem *why, peal_err err,
                                  const char *format, ...) PEAL_PRINTF(3, 4);
