/* SPDX-License-Identifier: MIT */
#pragma once
/* probe_target: where the probe goes: the URL taken apart, and the requests'
 * URLs put together again. */
#include <stdbool.h>
#include <stdint.h>

#include "cli_exit.h"
#include "cli_opts.h"

enum { PROBE_URL = 4096 };

typedef struct probe_target {
  const cli_opts *opts;
  bool is_tls;
  char host[512]; /* IPv6 in brackets */
  uint16_t port;
  char path[1024];  /* of the endpoint, with both slashes */
  char nsp[512];    /* with its slash */
  char query[2048]; /* "&a=b" of the URL and the options, or "" */
} probe_target;

/* Returns: CLI_OK, or CLI_USAGE behind a line on stderr. */
cli_exit probe_target_init(probe_target *target, const cli_opts *opts);
/* `transport` "polling" or "websocket"; `sid` may be NULL. */
void probe_target_url(const probe_target *target, const char *transport,
                      const char *sid, char url[static PROBE_URL]);
/* The same without scheme and host, for a request of our own. */
void probe_target_request(const probe_target *target, const char *transport,
                          const char *sid, char request[static PROBE_URL]);
