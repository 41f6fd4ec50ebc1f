/* SPDX-License-Identifier: MIT */
#include "keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* That this file or folder is there survives the power. */
static bool sync_dir(const char *path) {
  char dir[4096];
  const char *slash = strrchr(path, '/');
  snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1,
           slash ? path : ".");
  int fd = open(dir[0] ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool done = fsync(fd) == 0;
  close(fd);
  return done;
}

bool keep_make_dir(const char *path) {
  char part[4096];
  size_t len = strlen(path);
  if (len == 0 || len >= sizeof part) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(part, path, len + 1);
  for (size_t i = 1; i <= len; i++) {
    if (part[i] != '/' && part[i] != '\0')
      continue;
    char end = part[i];
    part[i] = '\0';
    bool is_made = mkdir(part, 0700) == 0;
    bool is_kept = !is_made || sync_dir(part) || errno == EACCES;
    if ((!is_made && errno != EEXIST) || !is_kept)
      return false;
    part[i] = end;
  }
  return true;
}

static bool write_all(int fd, peal_slice data) {
  while (data.len > 0) {
    ssize_t done = write(fd, data.ptr, data.len);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    data.ptr += done;
    data.len -= (size_t)done;
  }
  return fdatasync(fd) == 0;
}

bool keep_write(const char *path, peal_val value) {
  char next[4096];
  peal_bytes *text = peal_json_bytes(value);
  if (text == NULL) {
    errno = ENOMEM;
    return false;
  }
  snprintf(next, sizeof next, "%s.next", path);
  int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool done = fd >= 0 && write_all(fd, peal_bytes_slice(text));
  int err = errno;
  if (fd >= 0)
    close(fd);
  peal_bytes_unref(text);
  if (!done) {
    errno = err;
    return false;
  }
  return rename(next, path) == 0 && sync_dir(path);
}

bool keep_append(const char *path, peal_val value) {
  peal_bytes *text = peal_json_bytes(value);
  peal_slice json = peal_bytes_slice(text);
  char *line = text == NULL ? NULL : malloc(json.len + 1);
  if (line != NULL) {
    memcpy(line, json.ptr, json.len);
    line[json.len] = '\n';
  }
  peal_bytes_unref(text);
  if (line == NULL) {
    errno = ENOMEM;
    return false;
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
  bool done = end >= 0 && write_all(fd, (peal_slice){line, json.len + 1});
  int err = errno;
  if (end >= 0 && !done && ftruncate(fd, end) != 0)
    err = errno;
  if (fd >= 0)
    close(fd);
  free(line);
  errno = err;
  return done && sync_dir(path);
}

static char *read_all(const char *path, size_t max, size_t *len, char *why,
                      size_t cap) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char *text = fd < 0 ? NULL : malloc(max + 1);
  ssize_t got = 1;
  for (*len = 0; text != NULL && got > 0 && *len <= max;
       *len += got > 0 ? (size_t)got : 0)
    got = read(fd, text + *len, max + 1 - *len);
  if (fd < 0 || text == NULL || got < 0)
    snprintf(why, cap, "%s: %s", path, strerror(errno));
  else if (*len > max)
    snprintf(why, cap, "%s: more than %zu bytes", path, max);
  bool is_right = text != NULL && got == 0 && *len <= max;
  if (fd >= 0)
    close(fd);
  if (is_right)
    return text;
  free(text);
  return NULL;
}

peal_doc *keep_read(const char *path, size_t max, char *why, size_t cap) {
  size_t len;
  peal_err_info info = {0};
  peal_doc *doc = NULL;
  char *text = read_all(path, max, &len, why, cap);
  if (text == NULL)
    return NULL;
  peal_err err = peal_doc_from_json(&doc, (peal_slice){text, len}, &info);
  if (err != PEAL_OK)
    snprintf(why, cap, "%s: %s at byte %zu", path,
             info.msg ? info.msg : peal_err_message(err), info.pos);
  free(text);
  return doc;
}
