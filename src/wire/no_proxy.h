/* SPDX-License-Identifier: MIT */
#pragma once
/* no_proxy: the hosts for which the environment wants no proxy, as curl reads
 * the list: names and the names below them ("example.org" and ".example.org"
 * are the same), addresses, networks ("10.0.0.0/8"), or "*" alone for all;
 * commas or blanks between. In the flow: net/proxy_env -> [no_proxy]. No
 * state, no memory. */
#include <peal/base.h>

/* Is `host` (without brackets) in the list? Thread: pure. */
bool peal_no_proxy_has(peal_slice list, peal_slice host);
