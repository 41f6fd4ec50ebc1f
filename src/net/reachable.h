/* SPDX-License-Identifier: MIT */
#pragma once
/* reachable: at which addresses others reach a socket that listens: its own, or
 * if it listens at all, those of the machine's network interfaces. */
#include "net/address.h"

#define PEAL_REACHABLE_MAX 16u /* addresses that are listed, at most */

/* Those of a socket that is bound to `bound`; `both`: at all addresses of IPv6
 * it takes IPv4, too. With its port. The one from which this machine calls
 * others comes first, its loopback addresses last; link-local ones, that need
 * the name of an interface, are left out. Returns how many. Thread: any. */
size_t peal_reachable_list(const peal_address *bound, bool both,
                           peal_address out[PEAL_REACHABLE_MAX]);
