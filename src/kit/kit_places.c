/* SPDX-License-Identifier: MIT */
/* kit_places: where things are: programs, pages, the data folder. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/kit_program.h>

enum { PATH_BYTES = 4096 };

bool peal_kit_places_sibling(char *out, size_t cap, const char *name) {
  char self[PATH_BYTES];
  ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
  if (len <= 0)
    return false;
  self[len] = '\0';
  char *slash = strrchr(self, '/');
  if (slash == NULL)
    return false;
  *slash = '\0';
  int written = snprintf(out, cap, "%s/%s", self, name);
  return written > 0 && (size_t)written < cap;
}

static bool is_dir(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool peal_kit_places_share(char *out, size_t cap, const char *name) {
  char beside[PATH_BYTES];
  int len = snprintf(beside, sizeof beside, "../share/peal/%s", name);
  if (len > 0 && (size_t)len < sizeof beside &&
      peal_kit_places_sibling(out, cap, beside) && is_dir(out))
    return true;
  len = snprintf(out, cap, PEAL_SHARE_DIR "/%s", name);
  return len > 0 && (size_t)len < cap && is_dir(out);
}

bool peal_kit_places_make_dir(const char *dir) {
  char path[PATH_BYTES];
  int len = snprintf(path, sizeof path, "%s", dir);
  if (len <= 0 || (size_t)len >= sizeof path) {
    errno = ENAMETOOLONG;
    return false;
  }
  for (char *p = path + 1; *p != '\0'; p++) {
    if (*p != '/')
      continue;
    *p = '\0';
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
      return false;
    *p = '/';
  }
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    return false;
  if (is_dir(path))
    return true;
  errno = ENOTDIR;
  return false;
}

int peal_kit_places_lock(const char *dir) {
  char path[PATH_BYTES];
  int len = snprintf(path, sizeof path, "%s/lock", dir);
  if (len <= 0 || (size_t)len >= sizeof path)
    return -1;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  int failed = errno;
  close(fd);
  errno = failed;
  return -1;
}
