/* SPDX-License-Identifier: MIT */
#include "web/web_open.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "net/system.h"

bool peal_web_open_is_public(const peal_slice *parts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!parts[i].len || parts[i].ptr[0] == '.' ||
        memchr(parts[i].ptr, '/', parts[i].len) ||
        memchr(parts[i].ptr, 0, parts[i].len))
      return false;
  }
  return count > 0;
}

int peal_web_open_folder(const char *path) {
  int fd = peal_system_open_folder(path);
  return fd < 0 ? -errno : fd;
}

static bool path_of(int fd, char *out, size_t cap) {
  char link[40];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, out, cap - 1);
  if (len < 0 || (size_t)len >= cap - 1)
    return false;
  out[len] = 0;
  return true;
}

/* Where the kernel has no openat2 (before 5.6, or a sandbox): open, then see
 * where that led. */
static int open_and_look(int folder, const char *path, int flags) {
  char home[PATH_MAX], found[PATH_MAX];
  int fd = openat(folder, path, flags);
  if (fd < 0)
    return -errno;
  if (path_of(folder, home, sizeof(home)) &&
      path_of(fd, found, sizeof(found))) {
    size_t len = strlen(home);
    if (strncmp(found, home, len) == 0 &&
        (found[len] == '/' || found[len] == 0 || strcmp(home, "/") == 0))
      return fd;
  }
  close(fd);
  return -EXDEV;
}

int peal_web_open_at(int folder, const char *path) {
  int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  int fd = peal_system_open_below(folder, path, flags);
  if (fd >= 0)
    return fd;
  if (errno != ENOSYS && errno != EPERM)
    return -errno;
  return open_and_look(folder, path, flags);
}
