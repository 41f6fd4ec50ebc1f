/* SPDX-License-Identifier: MIT */
#include "net/reachable.h"

#include <string.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct list {
  peal_address *items;
  size_t count;
  uint16_t port;
} list;

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t zeros[16];

static bool is_v4(const peal_address *address) {
  return memcmp(address->ip, mapped, sizeof(mapped)) == 0;
}

static bool is_all(const peal_address *bound) {
  return is_v4(bound) ? memcmp(bound->ip + 12, zeros, 4) == 0
                      : memcmp(bound->ip, zeros, 16) == 0;
}

/* RFC4291 2.5.6; RFC3927 2.1 is reached without an interface. */
static bool is_link_local(const peal_address *address) {
  return address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
}

static void add(list *to, const peal_address *address) {
  for (size_t i = 0; i < to->count; i++)
    if (memcmp(to->items[i].ip, address->ip, 16) == 0)
      return;
  if (to->count == PEAL_REACHABLE_MAX || is_link_local(address))
    return;
  to->items[to->count] = *address;
  to->items[to->count++].port = to->port;
}

/* RFC5737 3: a network for examples. Connecting a datagram socket sends
 * nothing, and the kernel says which address of ours it would take. */
static void add_usual(list *to) {
  const struct sockaddr_in there = {.sin_family = AF_INET,
                                    .sin_port = htons(9),
                                    .sin_addr.s_addr = htonl(0xc0000201)};
  struct sockaddr_storage here = {.ss_family = AF_INET};
  socklen_t len = sizeof(here);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (connect(fd, (const struct sockaddr *)&there, sizeof(there)) == 0 &&
      getsockname(fd, (struct sockaddr *)&here, &len) == 0) {
    peal_address address = peal_address_of((struct sockaddr *)&here);
    add(to, &address);
  }
  close(fd);
}

typedef struct wanted {
  bool v4, v6, loopback;
} wanted;

static void add_interfaces(list *to, const struct ifaddrs *all, wanted what) {
  for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
    bool loopback = (one->ifa_flags & IFF_LOOPBACK) != 0;
    if (!one->ifa_addr || !(one->ifa_flags & IFF_UP) ||
        loopback != what.loopback)
      continue;
    peal_address address = peal_address_of(one->ifa_addr);
    if (address.known && (is_v4(&address) ? what.v4 : what.v6))
      add(to, &address);
  }
}

size_t peal_reachable_list(const peal_address *bound, bool both,
                           peal_address out[PEAL_REACHABLE_MAX]) {
  list found = {.items = out, .port = bound->port};
  struct ifaddrs *all = NULL;
  if (!is_all(bound)) {
    out[0] = *bound;
    return 1;
  }
  bool v4 = both || is_v4(bound), v6 = !is_v4(bound);
  if (v4)
    add_usual(&found);
  if (getifaddrs(&all) != 0)
    return found.count;
  add_interfaces(&found, all, (wanted){.v4 = v4});
  add_interfaces(&found, all, (wanted){.v6 = v6});
  add_interfaces(&found, all, (wanted){.v4 = v4, .v6 = v6, .loopback = true});
  freeifaddrs(all);
  return found.count;
}
