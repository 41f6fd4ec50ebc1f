/* SPDX-License-Identifier: MIT */
#include "net/system.h"

#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

const char *peal_system_error(int number) {
#ifdef __GLIBC__
  const char *text = strerrordesc_np(number);
  return text ? text : "unknown";
#else
  return strerror(number);
#endif
}

const char *peal_system_error_name(int number) {
#ifdef __GLIBC__
  const char *name = strerrorname_np(number);
  return name ? name : "?";
#else
  (void)number;
  return "?";
#endif
}

void peal_system_wipe(void *data, size_t len) {
  explicit_bzero(data, len);
}

void peal_system_name_thread(const char *name) {
  (void)pthread_setname_np(pthread_self(), name);
}

const char *peal_system_find(const char *in, size_t len, const char *what) {
  return memmem(in, len, what, strlen(what));
}

ssize_t peal_system_read_cached(int fd, void *to, size_t len, int64_t offset) {
#ifdef RWF_NOWAIT
  const struct iovec iov = {to, len};
  ssize_t got;
  do
    got = preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT);
  while (got < 0 && errno == EINTR);
  return got;
#else
  (void)fd, (void)to, (void)len, (void)offset;
  return -1;
#endif
}

int peal_system_open_folder(const char *path) {
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int peal_system_open_below(int folder, const char *path, int flags) {
#ifdef SYS_openat2
  struct open_how how = {.flags = (unsigned)flags,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
#else
  (void)folder, (void)path, (void)flags;
  errno = ENOSYS;
  return -1;
#endif
}
