/* SPDX-License-Identifier: MIT */
/* logfile: log lines into files that rotate, written by a thread of their own.
 * */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <peal/web.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/reserved.h"
#include "net/system.h"

/* Bytes that wait for the disk; beyond, lines are dropped and counted. */
#define QUEUE_BYTES ((size_t)1 << 20)
#define LINE_BYTES 4096u

struct peal_logfile {
  peal_logfile_opts opts;
  char *path;
  int fd; /* -1: it could not be opened again; tried at the next write */
  uint64_t size;
  uv_thread_t thread;
  uv_mutex_t lock;
  uv_cond_t more;
  peal_buf queue; /* under the lock */
  uint64_t dropped;
  bool closing;
};

/* -- writing, on the thread ------------------------------------------------ */

static int open_file(peal_logfile *file) {
  struct stat stat;
  file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (file->fd < 0)
    return -errno;
  file->size = fstat(file->fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
  return 0;
}

static char *numbered(const peal_logfile *file, unsigned number) {
  size_t size = strlen(file->path) + 16;
  char *name = peal_mem_alloc(peal_mem_libc(), size);
  if (name && number)
    snprintf(name, size, "%s.%u", file->path, number);
  else if (name)
    snprintf(name, size, "%s", file->path);
  return name;
}

static void write_all(int fd, peal_slice data) {
  while (data.len) {
    ssize_t done = write(fd, data.ptr, data.len);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return; /* a full disk must not stop the program */
    data.ptr += done;
    data.len -= (size_t)done;
  }
}

/* Returns 0 or an errno. */
static int move(const peal_logfile *file, unsigned number) {
  char *from = numbered(file, number);
  char *to = numbered(file, number + 1);
  int err = !from || !to ? ENOMEM : rename(from, to) == 0 ? 0 : errno;
  peal_mem_free(peal_mem_libc(), from);
  peal_mem_free(peal_mem_libc(), to);
  return err;
}

/* A line of the file's own. */
static void complain(const peal_logfile *file, const char *what, int err) {
  char text[128], line[PEAL_LOG_LINE_MIN];
  int len = snprintf(text, sizeof(text), "%s: %s", what, uv_strerror(-err));
  size_t bytes = peal_log_line(line, sizeof(line),
                               &(peal_log_record){.level = PEAL_LOG_WARN,
                                                  .area = "log",
                                                  .text = {text, (size_t)len},
                                                  .time_ms = peal_wall_ms()},
                               file->opts.format);
  write_all(file->fd, (peal_slice){line, bytes});
}

/* path.4 becomes path.5, …, path becomes path.1. If the last one fails, the
 * file is written on, and it is tried again behind as much as it should hold:
 * lines are worth more than a ceiling. */
static void rotate(peal_logfile *file) {
  for (unsigned i = file->opts.count - 1; i > 0; i--)
    (void)move(file, i);
  int err = move(file, 0);
  if (err) {
    complain(file, "cannot make room for a new file", err);
    file->size = 0;
    return;
  }
  close(file->fd);
  (void)open_file(file);
}

/* Whole lines; a file is cut between two of them. */
static void write_lines(peal_logfile *file, peal_slice lines) {
  if (file->opts.console)
    write_all(STDERR_FILENO, lines);
  while (lines.len) {
    if (file->fd < 0 && open_file(file))
      return;
    if (file->size >= file->opts.max_bytes) {
      rotate(file);
      continue;
    }
    uint64_t room = file->opts.max_bytes - file->size;
    size_t len = lines.len;
    if (len > room) {
      const char *end = memchr(lines.ptr + room, '\n', len - (size_t)room);
      len = end ? (size_t)(end - lines.ptr) + 1 : len;
    }
    write_all(file->fd, (peal_slice){lines.ptr, len});
    file->size += len;
    lines.ptr += len;
    lines.len -= len;
  }
}

static void main_of(void *user) {
  peal_logfile *file = user;
  peal_buf taken;
  peal_buf_init(&taken, NULL, QUEUE_BYTES);
  peal_system_name_thread("peal-log");
  uv_mutex_lock(&file->lock);
  for (;;) {
    while (!file->queue.len && !file->closing)
      uv_cond_wait(&file->more, &file->lock);
    if (!file->queue.len)
      break;
    peal_buf full = file->queue;
    file->queue = taken;
    taken = full;
    uv_mutex_unlock(&file->lock);
    write_lines(file, peal_buf_slice(&taken));
    peal_buf_reset(&taken);
    uv_mutex_lock(&file->lock);
  }
  uv_mutex_unlock(&file->lock);
  peal_buf_deinit(&taken);
}

/* -- lines ----------------------------------------------------------------- */

static void add_line(peal_logfile *file, const peal_log_record *record) {
  char line[LINE_BYTES];
  size_t len = peal_log_line(line, sizeof(line), record, file->opts.format);
  peal_buf_add(&file->queue, (peal_slice){line, len});
}

static void add_dropped(peal_logfile *file, int64_t time_ms) {
  char text[64];
  int len = snprintf(text, sizeof(text), "%llu lines were dropped",
                     (unsigned long long)file->dropped);
  add_line(file, &(peal_log_record){.level = PEAL_LOG_WARN,
                                    .area = "log",
                                    .text = {text, (size_t)len},
                                    .time_ms = time_ms});
}

/* The line fits as a whole or is dropped. */
static void put(peal_logfile *file, const peal_log_record *record) {
  size_t before = file->queue.len;
  if (file->dropped)
    add_dropped(file, record->time_ms);
  add_line(file, record);
  if (!file->queue.err) {
    file->dropped = 0;
    return;
  }
  file->queue.len = before;
  file->queue.err = PEAL_OK;
  file->dropped++;
}

void peal_logfile_log(const peal_log_record *record, void *user) {
  peal_logfile *file = user;
  uv_mutex_lock(&file->lock);
  put(file, record);
  uv_cond_signal(&file->more);
  uv_mutex_unlock(&file->lock);
}

/* -- life ------------------------------------------------------------------ */

static void free_file(peal_logfile *file) {
  if (file->fd >= 0)
    close(file->fd);
  peal_buf_deinit(&file->queue);
  peal_mem_free(peal_mem_libc(), file->path);
  peal_mem_free(peal_mem_libc(), file);
}

static peal_err start(peal_logfile *file) {
  if (open_file(file))
    return PEAL_ERR_SYSTEM;
  uv_mutex_init(&file->lock);
  uv_cond_init(&file->more);
  if (uv_thread_create(&file->thread, main_of, file) == 0)
    return PEAL_OK;
  uv_cond_destroy(&file->more);
  uv_mutex_destroy(&file->lock);
  return PEAL_ERR_SYSTEM;
}

peal_err peal_logfile_new(peal_logfile **out, const peal_logfile_opts *opts) {
  *out = NULL;
  if (!opts || !opts->path)
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return PEAL_ERR_OPTION;
  peal_logfile *file = peal_mem_zalloc(peal_mem_libc(), sizeof(*file));
  if (!file)
    return PEAL_ERR_NOMEM;
  file->opts = *opts;
  file->fd = -1;
  if (!file->opts.max_bytes)
    file->opts.max_bytes = (size_t)10 << 20;
  if (!file->opts.count)
    file->opts.count = 5;
  peal_buf_init(&file->queue, NULL, QUEUE_BYTES);
  file->path = peal_mem_str(peal_mem_libc(), peal_slice_of(opts->path));
  peal_err err = file->path ? start(file) : PEAL_ERR_NOMEM;
  if (err) {
    free_file(file);
    return err;
  }
  *out = file;
  return PEAL_OK;
}

void peal_logfile_free(peal_logfile *file) {
  if (!file)
    return;
  uv_mutex_lock(&file->lock);
  file->closing = true;
  uv_cond_signal(&file->more);
  uv_mutex_unlock(&file->lock);
  uv_thread_join(&file->thread);
  uv_cond_destroy(&file->more);
  uv_mutex_destroy(&file->lock);
  free_file(file);
}
