/* SPDX-License-Identifier: MIT */
#pragma once
/* proxy_env: which proxy the environment asks for, as curl reads it: http_proxy
 * (in lower case only: HTTP_PROXY is what a CGI program gets from a request),
 * https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY, and but for the hosts of
 * no_proxy, NO_PROXY. What is empty is not there. */
#include <stdbool.h>

/* The URL of the proxy for `host` (without brackets); `secure`: https or wss.
 * NULL: none. Borrowed from the environment, so to be copied before anything
 * changes that. */
const char *peal_proxy_env_get(const char *host, bool secure);
