/* SPDX-License-Identifier: MIT */
#pragma once
/* forwarded: what proxies wrote into a request: the lists of X-Forwarded-For,
 * -Host and -Proto, and of Forwarded (RFC7239).
 *
 *   X-Forwarded-For: 203.0.113.7, 192.0.2.1
 *   Forwarded: for=203.0.113.7;host=a;proto=https, for="[2001:db8::1]:4711"
 *                    the client's word <---- the nearest proxy's
 *
 * Each proxy appends whom it was called by. So lists are read from the right:
 * whatever a client wrote, what the nearest proxy appended stands behind it.
 * In the flow: used by http/http_forwarded. No state, no memory. */
#include <peal/base.h>

/* Cut the last element of a list off `list`, without its comma and the blanks
 * around it; it may be empty. A comma inside of a quoted string, as seen from
 * the right, separates nothing. False when nothing is left: list->ptr is NULL
 * then. Thread: pure. Spec: RFC9110 5.6.1, RFC7239 4. */
bool peal_forwarded_cut(peal_slice *list, peal_slice *element);
/* The value of a parameter of an element of Forwarded ("for", "host", "proto",
 * in any case), without the quotes; borrowed. NULL ptr if absent, malformed, or
 * it has escaped characters, which none of these needs. Thread: pure. */
peal_slice peal_forwarded_param(peal_slice element, const char *name);
/* A node as an address: "192.0.2.7", "192.0.2.7:80", "2001:db8::1",
 * "[2001:db8::1]", "[2001:db8::1]:80". False if it is none: "unknown", "_name",
 * anything else. Thread: pure. Spec: RFC7239 6. */
bool peal_forwarded_node(uint8_t ip[16], peal_slice node);
