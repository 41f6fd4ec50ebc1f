/* SPDX-License-Identifier: MIT */
#pragma once
/* address: where a peer is: an IP address and a port, to and from the kernel's
 * form and as text. */
#include <peal/base.h>

#define PEAL_ADDRESS_MAX 64u /* bytes of the text, its terminator included */

/* An address in the form that the kernel gives: IPv4 is mapped (RFC4291
 * 2.5.5.2). {0}: none, the peer of a Unix socket. */
typedef struct peal_address {
  uint8_t ip[16];
  uint16_t port;
  bool known;
} peal_address;

struct sockaddr;
peal_address peal_address_of(const struct sockaddr *from);
/* "127.0.0.1" / "::1" (IPv4-mapped as IPv4) / "unix" (none), terminated;
 * returns its length.
 * `out` has PEAL_ADDRESS_MAX bytes. */
size_t peal_address_text(const peal_address *address, char *out);
