/* SPDX-License-Identifier: MIT */
#pragma once
/* ip: addresses and networks out of text (RFC4291 2.2, RFC4632 3.1). An
 * address has 16 bytes; one of IPv4 is mapped (RFC4291 2.5.5.2), so that both
 * spellings of it are one.
 * In the flow: used by wire/forwarded and http/. No state, no memory. */
#include <peal/base.h>

/* What begins with the first `bits` bits of `ip`. */
typedef struct peal_ip_net {
  uint8_t ip[16];
  uint8_t bits; /* 0 to 128; those of IPv4 begin at 96 */
} peal_ip_net;

/* The whole text as an address: "192.0.2.7" (no leading zeros), "2001:db8::1",
 * "::ffff:192.0.2.7"; no brackets, no port, no zone. False, `out` unchanged, if
 * it is none. Thread: pure. */
bool peal_ip_parse(uint8_t out[16], peal_slice text);
/* An address, or one with "/" and its number of leading bits ("10.0.0.0/8").
 * Bits behind them do not count. False, `out` unchanged, if it is none.
 * Thread: pure. */
bool peal_ip_net_parse(peal_ip_net *out, peal_slice text);
/* Is the address one of the network? Thread: pure. */
bool peal_ip_net_has(const peal_ip_net *net, const uint8_t ip[16]);
