/* SPDX-License-Identifier: MIT */
#include "net/listen_name.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/* unix(7): a name that begins with NUL has no file; shown with an @, as ss(8)
 * does. */
static void name_unix(const struct sockaddr_un *at, size_t len, char *out) {
  char name[sizeof(at->sun_path) + 1] = "";
  size_t start = offsetof(struct sockaddr_un, sun_path);
  size_t size = len > start ? len - start : 0;
  if (size > sizeof(at->sun_path))
    size = sizeof(at->sun_path);
  memcpy(name, at->sun_path, size);
  if (size && !name[0])
    name[0] = '@';
  snprintf(out, PEAL_LISTEN_NAME_MAX, "unix:%s", name);
}

static bool takes_ipv4_too(int fd, const struct sockaddr_in6 *at) {
  int only = 1;
  socklen_t len = sizeof(only);
  return memcmp(&at->sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0 &&
         getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0 && !only;
}

size_t peal_listen_name_url(const peal_address *address, const char *scheme,
                            char out[PEAL_LISTEN_NAME_MAX]) {
  char text[PEAL_ADDRESS_MAX];
  peal_address_text(address, text);
  bool v6 = strchr(text, ':') != NULL;
  int len =
      snprintf(out, PEAL_LISTEN_NAME_MAX, "%s://%s%s%s:%u", scheme,
               v6 ? "[" : "", text, v6 ? "]" : "", (unsigned)address->port);
  return len > 0 && len < PEAL_LISTEN_NAME_MAX ? (size_t)len : 0;
}

static void name_tcp(int fd, const struct sockaddr *at, const char *scheme,
                     char *out) {
  peal_address address = peal_address_of(at);
  size_t len = peal_listen_name_url(&address, scheme, out);
  if (len && at->sa_family == AF_INET6 &&
      takes_ipv4_too(fd, (const struct sockaddr_in6 *)at))
    snprintf(out + len, PEAL_LISTEN_NAME_MAX - len, " and %s://0.0.0.0:%u",
             scheme, (unsigned)address.port);
}

bool peal_listen_name_address(int fd, peal_address *out, bool *both) {
  union {
    struct sockaddr any;
    struct sockaddr_storage room;
    struct sockaddr_in6 in6;
  } at = {.room = {.ss_family = AF_UNSPEC}};

  socklen_t len = sizeof(at);
  *both = false;
  if (getsockname(fd, &at.any, &len) != 0)
    return false;
  *out = peal_address_of(&at.any);
  *both = at.any.sa_family == AF_INET6 && takes_ipv4_too(fd, &at.in6);
  return out->known;
}

void peal_listen_name_of(int fd, const char *scheme,
                         char out[PEAL_LISTEN_NAME_MAX]) {
  union {
    struct sockaddr any;
    struct sockaddr_storage room;
    struct sockaddr_un un;
  } at = {.room = {.ss_family = AF_UNSPEC}};

  socklen_t len = sizeof(at);
  out[0] = 0;
  if (getsockname(fd, &at.any, &len) != 0)
    return;
  if (at.any.sa_family == AF_UNIX)
    name_unix(&at.un, len, out);
  else if (at.any.sa_family == AF_INET || at.any.sa_family == AF_INET6)
    name_tcp(fd, &at.any, scheme, out);
}
