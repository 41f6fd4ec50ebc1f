/* SPDX-License-Identifier: MIT */
#include "kit/kit_files_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 16 << 20 };

typedef peal_kit_files_disk disk;

/* ---- names ------------------------------------------------------------- */

bool peal_kit_files_disk_is(const disk *m, peal_slice name, size_t kind) {
  if (name.len <= 4 || name.len >= PEAL_KIT_FILES_NAME_BYTES ||
      !peal_slice_starts(name, m->opts.kinds[kind].prefix))
    return false;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    bool is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                   c == '-' || (c == '.' && i + 4 == name.len);
    if (!is_good)
      return false;
  }
  return name.ptr[name.len - 4] == '.';
}

bool peal_kit_files_disk_is_ours(const disk *m, peal_slice name) {
  for (size_t kind = 0; kind < m->kinds; kind++)
    if (peal_kit_files_disk_is(m, name, kind))
      return true;
  return false;
}

/* ---- files --------------------------------------------------------------- */

static bool write_all(int fd, peal_slice part) {
  while (part.len > 0) {
    ssize_t n = write(fd, part.ptr, part.len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    part.ptr += n;
    part.len -= (size_t)n;
  }
  return true;
}

static bool write_part(const disk *m, const char *part, const peal_slice *parts,
                       size_t count) {
  int fd =
      openat(m->dir_fd, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return false;
  bool done = true;
  for (size_t i = 0; done && i < count; i++)
    done = write_all(fd, parts[i]);
  done = done && fsync(fd) == 0;
  int failed = errno;
  done = close(fd) == 0 && done;
  if (!done && failed != 0)
    errno = failed;
  return done;
}

/* How the last try to write went; a change is logged. */
static void note(disk *m, bool is_well, int failed) {
  if (atomic_exchange(&m->is_well, is_well) == is_well)
    return;
  if (is_well)
    peal_kit_log(m->kit, PEAL_LOG_INFO, "files", "files can be written again");
  else
    peal_kit_log(m->kit, PEAL_LOG_ERROR, "files",
                 "no file can be written in %s: %s", m->dir, strerror(failed));
}

bool peal_kit_files_disk_write(disk *m, const char *name,
                               const peal_slice *parts, size_t count) {
  char part[PEAL_KIT_FILES_NAME_BYTES + sizeof PEAL_KIT_FILES_PART];
  snprintf(part, sizeof part, "%s" PEAL_KIT_FILES_PART, name);
  // the rename is on disk only when the folder is
  if (write_part(m, part, parts, count) &&
      renameat(m->dir_fd, part, m->dir_fd, name) == 0) {
    if (fsync(m->dir_fd) == 0) {
      note(m, true, 0);
      return true;
    }
    memcpy(part, name, strlen(name) + 1);
  }
  int failed = errno;
  unlinkat(m->dir_fd, part, 0);
  note(m, false, failed);
  errno = failed;
  return false;
}

static bool read_all(int fd, void *out, size_t len) {
  for (size_t at = 0; at < len;) {
    ssize_t n = read(fd, (char *)out + at, len - at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    at += (size_t)n;
  }
  return true;
}

bool peal_kit_files_disk_read(disk *m, const char *name, void **out,
                              size_t *len) {
  *out = NULL;
  *len = 0;
  int fd = openat(m->dir_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  struct stat st;
  if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= MAX_FILE_BYTES) {
    *len = (size_t)st.st_size;
    *out = malloc(*len);
  }
  bool done = *out != NULL && read_all(fd, *out, *len);
  close(fd);
  if (!done) {
    free(*out);
    *out = NULL;
  }
  return done;
}

void peal_kit_files_disk_remove(disk *m, const char *name) {
  if (unlinkat(m->dir_fd, name, 0) != 0 && errno != ENOENT)
    peal_kit_log(m->kit, PEAL_LOG_WARN, "files", "%s was not removed: %s", name,
                 strerror(errno));
}

/* ---- health -------------------------------------------------------------- */

/* The only proof that a file can be written is one that was. */
static void try_to_write(void *user) {
  static const char probe[] = ".probe" PEAL_KIT_FILES_PART;
  disk *m = user;
  int fd =
      openat(m->dir_fd, probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool done = fd >= 0 && write_all(fd, PEAL_S("x"));
  int failed = errno;
  if (fd >= 0)
    done = close(fd) == 0 && done;
  done = (fd < 0 || unlinkat(m->dir_fd, probe, 0) == 0) && done;
  note(m, done, failed);
}

static void on_tried(peal_worker *worker, peal_err err, void *user) {
  disk *m = user;
  (void)worker;
  (void)err; // cancelled: what was known stays
  atomic_store(&m->is_trying, false);
}

void peal_kit_files_disk_tick(disk *m) {
  if (!atomic_exchange(&m->is_trying, true) &&
      peal_task_run(peal_worker_self(), try_to_write, on_tried, m) != PEAL_OK)
    atomic_store(&m->is_trying, false);
}

bool peal_kit_files_disk_can_write(disk *m) {
  struct stat st;
  peal_kit_files_disk_tick(m);
  // what can be seen at once: it was deleted, made read-only, taken from us
  return fstat(m->dir_fd, &st) == 0 && st.st_nlink > 0 &&
         faccessat(m->dir_fd, ".", W_OK | X_OK, AT_EACCESS) == 0 &&
         atomic_load(&m->is_well);
}

/* ---- life ---------------------------------------------------------------- */

static bool open_dir(disk *m) {
  size_t len = strlen(m->kit->conf.data_dir) + 2 + strlen(m->opts.folder);
  m->dir = malloc(len);
  if (m->dir == NULL)
    return false;
  snprintf(m->dir, len, "%s/%s", m->kit->conf.data_dir, m->opts.folder);
  if (mkdir(m->dir, 0700) != 0 && errno != EEXIST)
    return false;
  m->dir_fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return m->dir_fd >= 0;
}

bool peal_kit_files_disk_init(disk *m, peal_kit *kit,
                              const peal_kit_files_opts *opts) {
  *m = (disk){.kit = kit, .opts = *opts, .dir_fd = -1};
  atomic_init(&m->is_well, true);
  while (m->kinds < PEAL_KIT_FILES_KINDS && opts->kinds[m->kinds].table != NULL)
    m->kinds++;
  if (open_dir(m))
    return true;
  peal_kit_log(kit, PEAL_LOG_ERROR, "files", "%s/%s cannot be used: %s",
               kit->conf.data_dir, opts->folder, strerror(errno));
  return false;
}

void peal_kit_files_disk_deinit(disk *m) {
  if (m->dir_fd >= 0)
    close(m->dir_fd);
  m->dir_fd = -1;
  free(m->dir);
  m->dir = NULL;
}
