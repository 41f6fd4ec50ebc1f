/* SPDX-License-Identifier: MIT */
#include "heights.h"

#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/val.h>

#define MAX_MM 2000
#define MAX_S 7200

enum { READ_BYTES = 4096, MAX_READS = 64 };

void heights_init(heights *it, const char *path) {
  *it = (heights){.path = path, .fd = -1};
}

void heights_deinit(heights *it) {
  if (it->fd >= 0)
    close(it->fd);
  it->fd = -1;
}

int heights_fd(const heights *it) {
  return it->is_fifo ? it->fd : -1;
}

bool heights_read(heights_found *out, peal_slice line) {
  peal_doc *doc = NULL;
  if (peal_doc_from_json(&doc, line, NULL) != PEAL_OK)
    return false;
  peal_val value = peal_doc_val(doc);
  bool is_object = peal_val_is(value, PEAL_OBJECT);
  peal_val mm = is_object ? peal_val_get(value, "height_mm") : value;
  out->mm = peal_val_double(mm, -1);
  double t_s = peal_val_double(peal_val_get(value, "t_s"), -1);
  peal_doc_free(doc);
  if (!(out->mm >= 0 && out->mm <= MAX_MM))
    return false;
  out->t_s = t_s >= 0 && t_s <= MAX_S ? (int64_t)t_s : -1;
  return true;
}

/* A FIFO is opened for both ways: so it has no end when its writer goes, and
 * the next writer's open does not wait. */
static bool open_it(heights *it) {
  struct stat now;
  if (it->path[0] == '\0' || stat(it->path, &now) != 0)
    return false;
  it->is_fifo = S_ISFIFO(now.st_mode);
  if (!it->is_fifo && !S_ISREG(now.st_mode))
    return false;
  it->fd = open(it->path,
                (it->is_fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
  it->inode = (uint64_t)now.st_ino;
  it->offset = 0;
  it->changed_ns = 0;
  it->len = 0;
  it->is_too_long = false;
  return it->fd >= 0;
}

/* Made anew under the same name: whoever writes to it waits for us there. */
static bool is_another(const heights *it) {
  struct stat now;
  return stat(it->path, &now) == 0 && (uint64_t)now.st_ino != it->inode;
}

/* A shorter file, or one of the same length that was written since: from its
 * beginning. */
static bool look_at_file(heights *it) {
  struct stat now;
  if (fstat(it->fd, &now) != 0)
    return false;
  int64_t changed =
      (int64_t)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
  uint64_t size = (uint64_t)now.st_size;
  if (size < it->offset || (size == it->offset && changed != it->changed_ns)) {
    it->offset = 0;
    it->len = 0;
  }
  it->changed_ns = changed;
  return size > it->offset;
}

static bool end_line(heights *it, heights_found *out) {
  heights_found found;
  bool is_good = !it->is_too_long && it->len > 0 &&
                 heights_read(&found, (peal_slice){it->line, it->len});
  it->len = 0;
  it->is_too_long = false;
  if (is_good)
    *out = found;
  return is_good;
}

static bool take(heights *it, peal_slice text, heights_found *out) {
  bool found = false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == '\n')
      found |= end_line(it, out);
    else if (it->len < sizeof it->line)
      it->line[it->len++] = c;
    else
      it->is_too_long = true;
  }
  return found;
}

static ssize_t read_some(heights *it, char *to, size_t len) {
  if (it->is_fifo)
    return read(it->fd, to, len);
  ssize_t got = pread(it->fd, to, len, (off_t)it->offset);
  it->offset += got > 0 ? (uint64_t)got : 0;
  return got;
}

bool heights_poll(heights *it, heights_found *out) {
  char text[READ_BYTES];
  bool found = false;
  if (it->fd >= 0 && is_another(it))
    heights_deinit(it);
  if (it->fd < 0 && !open_it(it))
    return false;
  if (!it->is_fifo && !look_at_file(it))
    return false;
  for (int i = 0; i < MAX_READS; i++) {
    ssize_t got = read_some(it, text, sizeof text);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    found |= take(it, (peal_slice){text, (size_t)got}, out);
  }
  // a file of one height, written anew each time, needs no line's end
  if (!it->is_fifo && it->len > 0 && it->offset == it->len)
    found |= heights_read(out, (peal_slice){it->line, it->len});
  return found;
}
