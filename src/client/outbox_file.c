/* SPDX-License-Identifier: MIT */
#include "client/outbox_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/crypto.h"

#define SUFFIX ".outbox"

enum {
  DIGITS = 16,
  NAME_LEN = 2 * DIGITS + 1 + sizeof SUFFIX - 1,
  READ_BYTES = 64 * 1024,
  MODE = 0600 /* what an event holds is nobody's business */
};

typedef char file_name[NAME_LEN + 1];

static void name_of(file_name out, const peal_outbox_file *file,
                    uint64_t number) {
  snprintf(out, sizeof(file_name), "%016" PRIx64 "-%016" PRIx64 SUFFIX, number,
           file->box);
}

static bool read_name(const char *name, uint64_t *number, uint64_t *box) {
  if (strlen(name) != NAME_LEN || name[DIGITS] != '-' ||
      strcmp(name + 2 * DIGITS + 1, SUFFIX) != 0 ||
      strspn(name, "0123456789abcdef") != DIGITS ||
      strspn(name + DIGITS + 1, "0123456789abcdef") != DIGITS)
    return false;
  *number = strtoull(name, NULL, 16);
  *box = strtoull(name + DIGITS + 1, NULL, 16);
  return *number > 0;
}

/* -- the folder -------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static int push_number(peal_outbox_file *file, uint64_t number) {
  const peal_mem *mem = peal_mem_libc();
  if ((file->count & (file->count - 1)) == 0) { // full: 0, 1, 2, 4, 8, …
    size_t cap = file->count ? 2 * file->count : 1;
    void *numbers = peal_mem_resize(mem, file->numbers, cap * sizeof(uint64_t));
    if (!numbers)
      return ENOMEM;
    file->numbers = numbers;
  }
  file->numbers[file->count++] = number;
  return 0;
}

/* Files of one box. Of several (a folder that was copied together) nobody knows
 * which are meant: EEXIST. */
static int list(peal_outbox_file *file) {
  int fd = openat(file->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir) {
    int err = errno;
    if (fd >= 0)
      close(fd);
    return err;
  }
  int err = 0;
  uint64_t number, box;
  for (struct dirent *found; !err && (found = readdir(dir)) != NULL;) {
    if (!read_name(found->d_name, &number, &box))
      continue;
    if (!file->count)
      file->box = box;
    err = file->box == box ? push_number(file, number) : EEXIST;
  }
  closedir(dir);
  if (file->count)
    qsort(file->numbers, file->count, sizeof(uint64_t), compare);
  else if (!err && peal_crypto_random(&file->box, sizeof file->box))
    err = EIO;
  return err;
}

static int fail(peal_outbox_file *file, int err) {
  peal_outbox_file_close(file);
  return err;
}

/* That the folder is there, and which files it has, survives the power. Who made
 * it may have been killed before that, so one that was there is synced, too. A
 * parent that we may not read cannot be. */
static int sync_folders(const peal_outbox_file *file) {
  int fd = openat(file->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int failed = fsync(file->dir_fd) || (fd >= 0 && fsync(fd)) ? errno : 0;
  if (fd >= 0)
    close(fd);
  return failed;
}

int peal_outbox_file_open(peal_outbox_file *file, const char *dir,
                          const char **step) {
  *file =
      (peal_outbox_file){.dir_fd = -1, .lock_fd = -1, .fd = -1, .read_fd = -1};
  *step = "cannot be made";
  if (mkdir(dir, 0700) && errno != EEXIST)
    return errno;
  *step = "cannot be opened";
  file->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file->dir_fd < 0)
    return fail(file, errno);
  *step = "cannot be locked";
  file->lock_fd =
      openat(file->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, MODE);
  if (file->lock_fd < 0 || flock(file->lock_fd, LOCK_EX | LOCK_NB))
    return fail(file, errno);
  *step = "cannot be synced";
  int err = sync_folders(file);
  if (err)
    return fail(file, err);
  *step = "cannot be read";
  err = list(file);
  if (err == EEXIST)
    *step =
        "has files of two outboxes, whose names end differently: move those "
        "of one away";
  return err ? fail(file, err) : 0;
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

void peal_outbox_file_close(peal_outbox_file *file) {
  if (file->must_cut && ftruncate(file->fd, (off_t)file->cut_at))
    file->must_cut = false; // who opens it next finds what is whole there
  close_fd(&file->fd);
  close_fd(&file->read_fd);
  close_fd(&file->lock_fd);
  close_fd(&file->dir_fd);
  peal_mem_free(peal_mem_libc(), file->numbers);
  file->numbers = NULL;
  file->count = 0;
}

/* -- reading ----------------------------------------------------------------- */

static ssize_t read_some(int fd, void *to, size_t len, uint64_t offset) {
  ssize_t got;
  do {
    got = pread(fd, to, len, (off_t)offset);
  } while (got < 0 && errno == EINTR);
  return got;
}

static peal_err take_records(peal_outbox_scan *scan, peal_outbox_file_fn fn,
                             void *user) {
  peal_outbox_record record;
  peal_outbox_place place;
  peal_err err = PEAL_OK;
  while (!err && peal_outbox_scan_next(scan, &record, &place) == PEAL_OK)
    err = fn(&record, place.offset, user);
  return err;
}

/* Returns an errno; *size is how much there was. */
static int scan_all(peal_outbox_scan *scan, int fd, peal_outbox_file_fn fn,
                    void *user, uint64_t *size, peal_err *err) {
  char *chunk = peal_mem_alloc(peal_mem_libc(), READ_BYTES);
  ssize_t got = 0;
  int failed = 0;
  *err = chunk ? PEAL_OK : PEAL_ERR_NOMEM;
  for (*size = 0; !*err; *size += (uint64_t)got) {
    got = read_some(fd, chunk, READ_BYTES, *size);
    failed = got < 0 ? errno : 0;
    if (got <= 0)
      break;
    *err = peal_outbox_scan_feed(scan, (peal_slice){chunk, (size_t)got});
    if (!*err)
      *err = take_records(scan, fn, user);
  }
  peal_mem_free(peal_mem_libc(), chunk);
  peal_outbox_scan_finish(scan);
  if (!*err)
    *err = take_records(scan, fn, user);
  return failed;
}

int peal_outbox_file_scan(peal_outbox_file *file, uint64_t number, bool may_cut,
                          peal_outbox_file_fn fn, void *user,
                          peal_outbox_file_found *found, peal_err *err) {
  file_name name;
  name_of(name, file, number);
  *err = PEAL_OK;
  int fd = openat(file->dir_fd, name, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return errno;
  peal_outbox_scan scan;
  peal_outbox_scan_init(&scan, (peal_outbox_place){file->box, number, 0},
                        PEAL_OUTBOX_FILE_RECORD_BYTES, NULL);
  uint64_t size;
  int failed = scan_all(&scan, fd, fn, user, &size, err);
  *found = (peal_outbox_file_found){size, scan.damaged, size > scan.end};
  if (found->is_torn && may_cut && !failed && !*err) {
    failed = ftruncate(fd, (off_t)scan.end) ? errno : 0;
    found->bytes = scan.end;
  }
  peal_outbox_scan_deinit(&scan);
  close(fd);
  return failed;
}

int peal_outbox_file_read(peal_outbox_file *file, uint64_t number,
                          uint64_t offset, size_t len, peal_buf *out) {
  if (file->read_fd < 0 || file->read_number != number) {
    file_name name;
    name_of(name, file, number);
    close_fd(&file->read_fd);
    file->read_fd = openat(file->dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (file->read_fd < 0)
      return errno;
    file->read_number = number;
  }
  char *to = peal_buf_reserve(out, len);
  if (!to)
    return ENOMEM;
  for (size_t done = 0; done < len;) {
    ssize_t got =
        read_some(file->read_fd, to + done, len - done, offset + done);
    if (got <= 0)
      return got < 0 ? errno : EIO;
    done += (size_t)got;
  }
  peal_buf_advance(out, len);
  return 0;
}

/* -- writing ----------------------------------------------------------------- */

int peal_outbox_file_cut(peal_outbox_file *file, uint64_t bytes) {
  int failed = ftruncate(file->fd, (off_t)bytes) ? errno : 0;
  file->must_cut = failed != 0;
  file->cut_at = bytes;
  return failed;
}

int peal_outbox_file_use(peal_outbox_file *file, uint64_t number, bool is_new) {
  file_name name;
  int err = file->must_cut ? peal_outbox_file_cut(file, file->cut_at) : 0;
  if (err)
    return err;
  name_of(name, file, number);
  int flags = O_WRONLY | O_APPEND | O_CLOEXEC | (is_new ? O_CREAT | O_EXCL : 0);
  int fd = openat(file->dir_fd, name, flags, MODE);
  // made in an attempt that failed behind it
  if (fd < 0 && is_new && errno == EEXIST)
    fd = openat(file->dir_fd, name, flags & ~(O_CREAT | O_EXCL));
  if (fd < 0)
    return errno;
  if (is_new && (ftruncate(fd, 0) || fsync(file->dir_fd))) {
    err = errno;
    close(fd);
    return err;
  }
  close_fd(&file->fd);
  file->fd = fd;
  file->number = number;
  file->is_dirty = false;
  return 0;
}

int peal_outbox_file_write(peal_outbox_file *file, peal_slice data) {
  file->is_dirty = true;
  while (data.len) {
    ssize_t done = write(file->fd, data.ptr, data.len);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return done < 0 ? errno : EIO;
    data.ptr += done;
    data.len -= (size_t)done;
  }
  return 0;
}

int peal_outbox_file_sync(peal_outbox_file *file) {
  if (file->fd < 0 || !file->is_dirty)
    return 0;
  if (fdatasync(file->fd))
    return errno;
  file->is_dirty = false;
  return 0;
}

int peal_outbox_file_remove(peal_outbox_file *file, uint64_t number) {
  file_name name;
  name_of(name, file, number);
  if (file->read_fd >= 0 && file->read_number == number)
    close_fd(&file->read_fd);
  return unlinkat(file->dir_fd, name, 0) && errno != ENOENT ? errno : 0;
}
