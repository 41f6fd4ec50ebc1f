/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/decimal.h"

peal_address peal_address_of(const struct sockaddr *from) {
  peal_address address = {.known = false};
  if (from->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, from, sizeof(in6));
    memcpy(address.ip, &in6.sin6_addr, 16);
    address.port = ntohs(in6.sin6_port);
    address.known = true;
  } else if (from->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, from, sizeof(in));
    memset(address.ip + 10, 0xff, 2);
    memcpy(address.ip + 12, &in.sin_addr, 4);
    address.port = ntohs(in.sin_port);
    address.known = true;
  }
  return address;
}

/* As inet_ntop, which takes a long way round for it. */
static size_t put_v4(const uint8_t ip[4], char *out) {
  char *to = out;
  for (int i = 0; i < 4; i++) {
    if (i)
      *to++ = '.';
    to += peal_decimal_put(to, ip[i]);
  }
  *to = 0;
  return (size_t)(to - out);
}

size_t peal_address_text(const peal_address *address, char *out) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  if (!address->known)
    return (size_t)snprintf(out, PEAL_ADDRESS_MAX, "unix");
  if (memcmp(address->ip, mapped, sizeof(mapped)) == 0)
    return put_v4(address->ip + 12, out);
  if (!inet_ntop(AF_INET6, address->ip, out, PEAL_ADDRESS_MAX))
    out[0] = 0;
  return strlen(out);
}
