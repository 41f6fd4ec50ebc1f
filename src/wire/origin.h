/* SPDX-License-Identifier: MIT */
#pragma once
/* origin: the value of an Origin field (RFC6454 6.1): whose page sends this?
 *
 *   https://app.example.com:8443
 *   scheme  host            port      compared in any case, as RFC6454 4 does
 *
 * In the flow: used by http/cors. No state, no memory. All Thread: pure. */
#include <peal/base.h>

/* Pieces of the text. */
typedef struct peal_origin {
  peal_slice scheme, host; /* never empty; a host of IPv6 has its brackets */
  peal_slice port;         /* empty: the scheme's own */
} peal_origin;

/* False, `out` unchanged, if it is none: "null", nothing, a path behind it,
 * "file://". */
bool peal_origin_parse(peal_origin *out, peal_slice text);
/* Is it the server's own, that was called as `authority` (host, and port if it
 * is not the scheme's; the Host field)? The scheme does not count: a proxy may
 * end TLS. Nor does the port if `authority` has none: proxies leave it out
 * (nginx: $host). */
bool peal_origin_is_own(peal_slice text, peal_slice authority);
/* Is it one that no page in a browser has, ws: or wss:? Native clients name
 * whom they call by it. */
bool peal_origin_is_native(peal_slice text);
/* Is it "file://": a device, or a page that was opened from a file? */
bool peal_origin_is_file(peal_slice text);
/* Can an origin be like it? Any text that has no `*`; "*" alone; or an origin
 * whose host begins with "*." or whose port is "*", or both. */
bool peal_origin_is_pattern(peal_slice pattern);
/* Is it that of the pattern? "*." stands for one or more names of a host in
 * front of the rest, a port "*" for any port, and none. */
bool peal_origin_matches(peal_slice text, peal_slice pattern);
