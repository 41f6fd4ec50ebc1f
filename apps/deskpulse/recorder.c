/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, NAME_BYTES = 32, COMPLAIN_MS = 60000 };

struct recorder {
  desk *app;
  int dir;           /* the folder */
  uint64_t bytes;    /* of all pictures; whoever works on it */
  peal_bytes *jpeg;  /* on its way; NULL: none */
  int err;           /* errno of what was tried last; 0: it is on disk */
  uint64_t next_ms;  /* before that none is kept; worker 0 */
  uint64_t quiet_ms; /* before that nothing is complained of */
};

/* ---- the folder ----------------------------------------------------------------- */

static bool is_picture(const char *name) {
  size_t len = strlen(name);
  return len > 4 && len < NAME_BYTES && strcmp(name + len - 4, ".jpg") == 0;
}

static uint64_t size_of(const recorder *r, const char *name) {
  struct stat st;
  return fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0
             ? (uint64_t)st.st_size
             : 0;
}

/* Of all names, NULL if the folder cannot be read. The descriptor is copied:
 * the walk takes it. */
static DIR *walk(const recorder *r) {
  int fd = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
  if (all == NULL && fd >= 0)
    close(fd);
  return all;
}

static uint64_t count_bytes(const recorder *r) {
  uint64_t bytes = 0;
  DIR *all = walk(r);
  for (struct dirent *e = NULL; all != NULL && (e = readdir(all)) != NULL;)
    if (is_picture(e->d_name))
      bytes += size_of(r, e->d_name);
  if (all != NULL)
    closedir(all);
  return bytes;
}

/* Names are times: the smallest is the oldest. */
static bool find_oldest(const recorder *r, char out[NAME_BYTES]) {
  DIR *all = walk(r);
  out[0] = '\0';
  for (struct dirent *e = NULL; all != NULL && (e = readdir(all)) != NULL;)
    if (is_picture(e->d_name) && (out[0] == '\0' || strcmp(e->d_name, out) < 0))
      memcpy(out, e->d_name, strlen(e->d_name) + 1); // is_picture: it fits
  if (all != NULL)
    closedir(all);
  return out[0] != '\0';
}

static void prune(recorder *r) {
  char name[NAME_BYTES];
  while (r->bytes > r->app->conf.record_max_bytes && find_oldest(r, name)) {
    uint64_t bytes = size_of(r, name);
    if (unlinkat(r->dir, name, 0) != 0)
      return;
    r->bytes -= bytes < r->bytes ? bytes : r->bytes;
  }
}

/* ---- one picture, on the pool ------------------------------------------------------ */

/* In UTC: an hour that comes twice would make new ones the oldest. */
static void name_now(char out[NAME_BYTES]) {
  struct timespec now;
  struct tm tm;
  char text[20];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  if (strftime(text, sizeof text, "%Y%m%d-%H%M%S", &tm) == 0)
    text[0] = '\0';
  snprintf(out, NAME_BYTES, "%s-%03dZ.jpg", text,
           (int)(now.tv_nsec / 1000000) % 1000);
}

static int write_all(int fd, peal_slice data) {
  while (data.len > 0) {
    ssize_t n = write(fd, data.ptr, data.len);
    if (n < 0 && errno != EINTR)
      return errno;
    if (n > 0)
      data = (peal_slice){data.ptr + n, data.len - (size_t)n};
  }
  return 0;
}

/* Whole, or not there. */
static void keep(void *user) {
  static const char part[] = "picture.part";
  recorder *r = user;
  char name[NAME_BYTES];
  int fd = openat(r->dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    r->err = errno;
    return;
  }
  peal_slice data = peal_bytes_slice(r->jpeg);
  r->err = write_all(fd, data);
  if (close(fd) != 0 && r->err == 0)
    r->err = errno;
  name_now(name);
  if (r->err == 0 && renameat(r->dir, part, r->dir, name) != 0)
    r->err = errno;
  if (r->err != 0) {
    (void)unlinkat(r->dir, part, 0);
    return;
  }
  r->bytes += data.len;
  prune(r);
}

/* ---- the worker ---------------------------------------------------------------------- */

static void on_kept(peal_worker *worker, peal_err err, void *user) {
  recorder *r = user;
  uint64_t now_ms = peal_worker_now_ms(worker);
  peal_bytes_unref(r->jpeg);
  r->jpeg = NULL;
  if (err != PEAL_OK || r->err == 0 || now_ms < r->quiet_ms)
    return;
  r->quiet_ms = now_ms + COMPLAIN_MS;
  peal_kit_log(&r->app->house, PEAL_LOG_WARN, "recorder",
               "pictures are not kept: %s", strerror(r->err));
}

void recorder_keep(recorder *r, peal_bytes *jpeg, uint64_t now_ms) {
  if (r->jpeg != NULL || now_ms < r->next_ms)
    return;
  r->jpeg = peal_bytes_ref(jpeg);
  r->next_ms = now_ms + r->app->conf.record_every_ms;
  if (peal_task_run(peal_worker_self(), keep, on_kept, r) == PEAL_OK)
    return;
  peal_bytes_unref(r->jpeg);
  r->jpeg = NULL;
}

recorder *recorder_new(desk *app) {
  char path[PATH_BYTES];
  recorder *r = calloc(1, sizeof *r);
  if (r == NULL)
    return NULL;
  r->app = app;
  snprintf(path, sizeof path, "%s/recording", app->house.conf.data_dir);
  bool is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
  r->dir = is_there ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (r->dir >= 0) {
    r->bytes = count_bytes(r);
    peal_kit_log(&app->house, PEAL_LOG_WARN, "recorder",
                 "pictures are kept in %s", path);
    return r;
  }
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "recorder", "%s: %s", path,
               strerror(errno));
  free(r);
  return NULL;
}

void recorder_free(recorder *r) {
  if (r == NULL)
    return;
  peal_bytes_unref(r->jpeg);
  close(r->dir);
  free(r);
}
