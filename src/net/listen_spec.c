/* SPDX-License-Identifier: MIT */
#include "net/listen_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/address.h"
#include "net/system.h"

#define BACKLOG 511

/* What is being opened. */
typedef struct opening {
  const peal_listen_spec *spec;
  int *fds;
  unsigned count;
  peal_listen_place *place;
  const char *why; /* if errno does not say it */
  int backlog;
} opening;

static int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value));
}

static void close_fd(int fd) {
  int saved = errno;
  close(fd);
  errno = saved;
}

static void close_all(opening *it) {
  for (unsigned i = 0; i < it->count; i++) {
    if (it->fds[i] >= 0)
      close_fd(it->fds[i]);
    it->fds[i] = -1;
  }
}

/* -- TCP ------------------------------------------------------------------- */

/* A bound socket, or -1 with errno. */
static int bind_tcp(const struct addrinfo *info, uint16_t port, bool shared) {
  int fd =
      socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  struct sockaddr_storage at;
  memcpy(&at, info->ai_addr, info->ai_addrlen);
  if (info->ai_family == AF_INET6)
    ((struct sockaddr_in6 *)&at)->sin6_port = htons(port);
  else
    ((struct sockaddr_in *)&at)->sin_port = htons(port);
  /* Accepted sockets inherit TCP_NODELAY (tcp(7) on Linux). */
  bool ok = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
            set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) == 0 &&
            (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0);
  if (ok && info->ai_family == AF_INET6)
    ok = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0;
  if (ok && bind(fd, (struct sockaddr *)&at, info->ai_addrlen) == 0)
    return fd;
  close_fd(fd);
  return -1;
}

static uint16_t port_of(int fd) {
  struct sockaddr_storage at;
  socklen_t len = sizeof(at);
  if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
    return 0;
  return peal_address_of((struct sockaddr *)&at).port;
}

/* Sockets for all workers on one address. Several can share a port only if
 * all say so, and then they would share it with a stranger, too: the port is
 * tried alone first. */
static bool bind_all(opening *it, const struct addrinfo *info) {
  bool shared = it->count > 1;
  uint16_t port = it->spec->port;
  if (shared && port) {
    int probe = bind_tcp(info, port, false);
    if (probe < 0)
      return false;
    close(probe);
  }
  for (unsigned i = 0; i < it->count; i++) {
    it->fds[i] = bind_tcp(info, port, shared);
    if (it->fds[i] < 0 || listen(it->fds[i], it->backlog) != 0)
      return false;
    if (port == 0)
      port = port_of(it->fds[i]);
  }
  it->place->port = port;
  return true;
}

/* Try the addresses of a host in order. On failure errno says why. */
static bool bind_host(opening *it, const char *host) {
  const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                 .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int failed = getaddrinfo(host, "0", &hints, &found);
  if (failed) {
    it->why = gai_strerror(failed);
    errno = 0;
    return false;
  }
  bool ok = false;
  errno = 0;
  for (struct addrinfo *info = found; info && !ok; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6)
      continue;
    ok = bind_all(it, info);
    if (!ok)
      close_all(it);
  }
  int saved = errno;
  freeaddrinfo(found);
  errno = saved;
  return ok;
}

/* All addresses: IPv6 with IPv4 mapped into it where there is IPv6. */
static bool open_tcp(opening *it) {
  if (it->spec->host)
    return bind_host(it, it->spec->host);
  if (bind_host(it, "::"))
    return true;
  if (errno == EADDRINUSE || errno == EACCES || errno == EMFILE)
    return false;
  it->why = NULL;
  return bind_host(it, "0.0.0.0");
}

/* -- one socket for all ---------------------------------------------------- */

static bool copy_first(opening *it) {
  for (unsigned i = 1; i < it->count; i++) {
    it->fds[i] = fcntl(it->fds[0], F_DUPFD_CLOEXEC, 0);
    if (it->fds[i] < 0)
      return false;
  }
  return true;
}

/* Why the file at a path must stay; NULL if it is stale: nobody listens at a
 * socket file that refuses. */
static const char *why_kept(const struct sockaddr_un *at) {
  struct stat file;
  if (lstat(at->sun_path, &file) != 0)
    return peal_system_error(errno);
  if (!S_ISSOCK(file.st_mode))
    return "the file there is no socket";
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return peal_system_error(errno);
  int failed =
      connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? 0 : errno;
  close(fd);
  if (failed == ECONNREFUSED)
    return NULL;
  /* EAGAIN: so many wait there that no more are taken. */
  return failed == 0 || failed == EAGAIN ? "a server listens there already"
                                         : peal_system_error(failed);
}

static bool bind_path(opening *it, const struct sockaddr_un *at) {
  int fd = it->fds[0];
  if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0)
    return true;
  if (errno != EADDRINUSE)
    return false;
  it->why = why_kept(at);
  if (!it->why && unlink(at->sun_path) == 0)
    return bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;
  errno = EADDRINUSE;
  return false;
}

/* Which file it is, so that no other is removed in its place. */
static bool remember(peal_listen_place *place, const char *path) {
  struct stat file;
  if (lstat(path, &file) != 0)
    return false;
  place->path = strdup(path);
  place->dev = file.st_dev;
  place->ino = file.st_ino;
  if (!place->path)
    unlink(path);
  return place->path != NULL;
}

static bool open_path(opening *it) {
  const peal_listen_spec *spec = it->spec;
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t len = strlen(spec->path);
  if (len == 0 || len >= sizeof(at.sun_path)) {
    it->why = "the path of a Unix socket is empty or too long";
    errno = 0;
    return false;
  }
  memcpy(at.sun_path, spec->path, len + 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  it->fds[0] = fd;
  /* Before it has a name: it is at no time open to more than `mode` says. */
  if (fd < 0 || (spec->mode && fchmod(fd, spec->mode) != 0) ||
      !bind_path(it, &at) || !remember(it->place, spec->path))
    return false;
  if (spec->mode && chmod(spec->path, spec->mode) != 0)
    return false;
  return listen(fd, it->backlog) == 0 && copy_first(it);
}

/* It is known to have been meant for us because it listens: another number's
 * socket, or file, is left as it is. */
static bool is_listening(opening *it, int fd) {
  int listens = 0;
  socklen_t len = sizeof(listens);
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0) {
    if (errno == ENOTSOCK)
      it->why = "the descriptor is no socket";
    return false;
  }
  if (!listens)
    it->why = "the descriptor is a socket that does not listen";
  return listens;
}

static bool open_inherited(opening *it) {
  int fd = it->spec->fd;
  if (!is_listening(it, fd))
    return false;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return false;
  /* TCP only; a Unix socket refuses, and needs it not. */
  (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  it->place->port = port_of(fd);
  it->fds[0] = fd;
  if (copy_first(it))
    return true;
  it->fds[0] = -1; /* the caller's, as before */
  return false;
}

/* As many as were given, and copies of them for the rest. */
static bool take_given(opening *it) {
  const peal_listen_spec *spec = it->spec;
  unsigned given = spec->given_count;
  for (unsigned i = given; i < it->count; i++) {
    it->fds[i] = fcntl(spec->given[i % given], F_DUPFD_CLOEXEC, 0);
    if (it->fds[i] < 0)
      return false;
  }
  if (spec->path && !(it->place->not_ours = strdup(spec->path)))
    return false;
  for (unsigned i = 0; i < given; i++)
    it->fds[i] = spec->given[i];
  it->place->port = port_of(it->fds[0]);
  return true;
}

/* -- all ------------------------------------------------------------------- */

peal_err peal_listen_spec_open(const peal_listen_spec *spec, int *fds,
                               unsigned count, peal_listen_place *place,
                               const char **why) {
  opening it = {.spec = spec,
                .fds = fds,
                .count = count,
                .place = place,
                .backlog = spec->backlog ? spec->backlog : BACKLOG};
  *place = (peal_listen_place){0};
  for (unsigned i = 0; i < count; i++)
    fds[i] = -1;
  if (spec->path && (spec->port || spec->host || spec->fd > 0))
    return PEAL_ERR_USAGE;
  errno = 0;
  bool ok = spec->given_count ? take_given(&it)
            : spec->path      ? open_path(&it)
            : spec->fd > 0    ? open_inherited(&it)
                              : open_tcp(&it);
  if (ok)
    return PEAL_OK;
  int number = errno;
  close_all(&it);
  peal_listen_spec_remove(place);
  *why = it.why ? it.why : peal_system_error(number);
  return number == EADDRINUSE ? PEAL_ERR_PORT_IN_USE : PEAL_ERR_SYSTEM;
}

void peal_listen_spec_own(peal_listen_place *place) {
  char *path = place->not_ours;
  place->not_ours = NULL;
  struct stat file;
  if (path && lstat(path, &file) == 0) {
    place->path = path;
    place->dev = file.st_dev;
    place->ino = file.st_ino;
  } else {
    free(path);
  }
}

void peal_listen_spec_leave(peal_listen_place *place) {
  free(place->path);
  free(place->not_ours);
  place->path = place->not_ours = NULL;
}

void peal_listen_spec_remove(peal_listen_place *place) {
  struct stat file;
  free(place->not_ours);
  place->not_ours = NULL;
  if (!place->path)
    return;
  if (lstat(place->path, &file) == 0 && file.st_dev == place->dev &&
      file.st_ino == place->ino)
    unlink(place->path);
  free(place->path);
  place->path = NULL;
}
