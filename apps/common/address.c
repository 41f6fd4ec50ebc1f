/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

void address_network(char out[ADDRESS_BYTES], peal_slice address) {
  struct in6_addr ip;
  memset(out, 0, ADDRESS_BYTES);
  snprintf(out, ADDRESS_BYTES, "%.*s", PEAL_SFMT(address));
  if (inet_pton(AF_INET6, out, &ip) != 1)
    return;
  if (IN6_IS_ADDR_V4MAPPED(&ip)) {
    inet_ntop(AF_INET, ip.s6_addr + 12, out, ADDRESS_BYTES);
    return;
  }
  memset(ip.s6_addr + 8, 0, 8);
  inet_ntop(AF_INET6, &ip, out, ADDRESS_BYTES);
}
