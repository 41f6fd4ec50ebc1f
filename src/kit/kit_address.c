/* SPDX-License-Identifier: MIT */
/* kit_address: whom an address stands for when it is counted. */
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <peal/kit_small.h>

void peal_kit_address_network(char out[PEAL_KIT_ADDRESS_BYTES],
                              peal_slice address) {
  struct in6_addr ip;
  memset(out, 0, PEAL_KIT_ADDRESS_BYTES);
  snprintf(out, PEAL_KIT_ADDRESS_BYTES, "%.*s", PEAL_SFMT(address));
  if (inet_pton(AF_INET6, out, &ip) != 1)
    return;
  if (IN6_IS_ADDR_V4MAPPED(&ip)) {
    inet_ntop(AF_INET, ip.s6_addr + 12, out, PEAL_KIT_ADDRESS_BYTES);
    return;
  }
  memset(ip.s6_addr + 8, 0, 8);
  inet_ntop(AF_INET6, &ip, out, PEAL_KIT_ADDRESS_BYTES);
}
