/* SPDX-License-Identifier: MIT */
#include "media.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/kit.h>

#include "media_names.h"
#include "thumbs.h"

enum {
  PRUNE_ROWS = 200,          /* files that go in one step */
  MAX_FILE_BYTES = 16 << 20, /* read back for the analysis */
};

typedef struct shelf {
  int64_t count, bytes;
  int64_t max_count, max_bytes;
  bool is_pruning;
} shelf;

struct media {
  dash *app;
  char *dir;
  int dir_fd;
  pthread_mutex_t lock;
  shelf shelves[MEDIA_KIND_COUNT];

  atomic_bool is_well, is_trying; /* whether a file can be written */
};

static const char *const tables[] = {"images", "audio"};
static const char *const prefixes[] = {"image-", "audio-"};

/* ---- names ------------------------------------------------------------- */

bool media_name(char out[MEDIA_NAME_BYTES], media_kind kind, int64_t stamp,
                const char *extension) {
  uint8_t random[6];
  char hex[2 * sizeof random + 1], when[32];
  struct tm tm;
  time_t s = (time_t)(stamp / 1000);
  if (!peal_kit_digest_random(random, sizeof random) ||
      gmtime_r(&s, &tm) == NULL ||
      strftime(when, sizeof when, "%Y%m%d-%H%M%S", &tm) == 0)
    return false;
  peal_kit_digest_hex(hex, random, sizeof random);
  int len = snprintf(out, MEDIA_NAME_BYTES, "%s%s-%s.%s", prefixes[kind], when,
                     hex, extension);
  return len > 0 && len < MEDIA_NAME_BYTES;
}

bool media_name_is(peal_slice name, media_kind kind) {
  if (name.len <= 4 || name.len >= MEDIA_NAME_BYTES ||
      !peal_slice_starts(name, prefixes[kind]))
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

/* Only such names are served: no other file can be asked for. */
static bool is_name(peal_slice name) {
  return media_name_is(name, MEDIA_IMAGE) || media_name_is(name, MEDIA_AUDIO);
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

static bool write_part(const media *m, const char *part,
                       const peal_slice *parts, size_t count) {
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
static void note(media *m, bool is_well, int failed) {
  if (atomic_exchange(&m->is_well, is_well) == is_well)
    return;
  if (is_well)
    peal_kit_log(&m->app->house, PEAL_LOG_INFO, "media",
                 "files can be written again");
  else
    peal_kit_log(&m->app->house, PEAL_LOG_ERROR, "media",
                 "no file can be written in %s: %s", m->dir, strerror(failed));
}

bool media_write(media *m, const char *name, const peal_slice *parts,
                 size_t count) {
  char part[MEDIA_NAME_BYTES + sizeof MEDIA_PART];
  snprintf(part, sizeof part, "%s" MEDIA_PART, name);
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

bool media_read(media *m, const char *name, void **out, size_t *len) {
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

void media_remove(media *m, const char *name) {
  if (unlinkat(m->dir_fd, name, 0) != 0 && errno != ENOENT)
    peal_kit_log(&m->app->house, PEAL_LOG_WARN, "media",
                 "%s was not removed: %s", name, strerror(errno));
}

/* ---- the start ------------------------------------------------------------ */

static bool open_dir(media *m) {
  size_t len = strlen(m->app->house.conf.data_dir) + sizeof "/media";
  m->dir = malloc(len);
  if (m->dir == NULL)
    return false;
  snprintf(m->dir, len, "%s/media", m->app->house.conf.data_dir);
  if (mkdir(m->dir, 0700) != 0 && errno != EEXIST)
    return false;
  m->dir_fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return m->dir_fd >= 0;
}

static bool count_and_sweep(media *m) {
  media_names all = {0};
  bool done = true;
  for (int kind = 0; done && kind < MEDIA_KIND_COUNT; kind++)
    done = media_names_load(&all, m->app, kind, &m->shelves[kind].count,
                            &m->shelves[kind].bytes);
  if (done)
    media_names_sweep(&all, m->app, m->dir, m->dir_fd);
  media_names_deinit(&all);
  return done;
}

media *media_new(dash *app) {
  media *m = calloc(1, sizeof *m);
  if (m == NULL)
    return NULL;
  m->app = app;
  m->dir_fd = -1;
  pthread_mutex_init(&m->lock, NULL);
  atomic_init(&m->is_well, true);
  m->shelves[MEDIA_IMAGE].max_count = app->conf.max_images;
  m->shelves[MEDIA_IMAGE].max_bytes = app->conf.max_image_bytes;
  m->shelves[MEDIA_AUDIO].max_count = app->conf.max_audio;
  m->shelves[MEDIA_AUDIO].max_bytes = app->conf.max_audio_bytes;
  bool done = open_dir(m) && count_and_sweep(m);
  if (done)
    return m;
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "media",
               "%s/media cannot be used: %s", app->house.conf.data_dir,
               strerror(errno));
  media_free(m);
  return NULL;
}

void media_free(media *m) {
  if (m == NULL)
    return;
  if (m->dir_fd >= 0)
    close(m->dir_fd);
  pthread_mutex_destroy(&m->lock);
  free(m->dir);
  free(m);
}

/* ---- health ---------------------------------------------------------------- */

/* The only proof that a file can be written is one that was. */
static void try_to_write(void *user) {
  static const char probe[] = ".probe" MEDIA_PART;
  media *m = user;
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
  media *m = user;
  (void)worker;
  (void)err; // cancelled: what was known stays
  atomic_store(&m->is_trying, false);
}

void media_tick(media *m) {
  if (!atomic_exchange(&m->is_trying, true) &&
      peal_task_run(peal_worker_self(), try_to_write, on_tried, m) != PEAL_OK)
    atomic_store(&m->is_trying, false);
}

static bool can_write(media *m) {
  struct stat st;
  media_tick(m);
  // what can be seen at once: it was deleted, made read-only, taken from us
  return fstat(m->dir_fd, &st) == 0 && st.st_nlink > 0 &&
         faccessat(m->dir_fd, ".", W_OK | X_OK, AT_EACCESS) == 0 &&
         atomic_load(&m->is_well);
}

void media_state(peal_kit_state *out, void *user) {
  out->is_well = can_write(user);
  if (!out->is_well)
    snprintf(out->words, sizeof out->words,
             "pictures and recordings cannot be written");
}

/* ---- bounds ---------------------------------------------------------------- */

/* Files whose rows are gone, on their way to the pool. */
typedef struct removal {
  media *media;
  media_kind kind;
  size_t count;
  char names[][MEDIA_NAME_BYTES];
} removal;

static void prune(media *m, media_kind kind);

static void remove_files(void *user) {
  removal *r = user;
  for (size_t i = 0; i < r->count; i++) {
    media_remove(r->media, r->names[i]);
    if (r->kind == MEDIA_IMAGE)
      thumbs_remove(r->media->app->thumbs, r->names[i]);
  }
}

static void on_removed(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  removal *r = user;
  media *m = r->media;
  pthread_mutex_lock(&m->lock);
  m->shelves[r->kind].is_pruning = false;
  pthread_mutex_unlock(&m->lock);
  if (err == PEAL_OK) // else the next start sweeps
    prune(m, r->kind);
  free(r);
}

/* Take the rows off the shelf; the files to remove, or NULL. */
static removal *take_off(media *m, media_kind kind, peal_val rows) {
  removal *r = malloc(sizeof *r + rows.len * sizeof *r->names);
  if (r != NULL)
    *r = (removal){.media = m, .kind = kind, .count = rows.len};
  pthread_mutex_lock(&m->lock);
  shelf *s = &m->shelves[kind];
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    s->count--;
    s->bytes -= peal_val_int(peal_val_get(row, "bytes"), 0);
    if (r != NULL)
      snprintf(r->names[i], MEDIA_NAME_BYTES, "%.*s",
               PEAL_SFMT(peal_val_str(peal_val_get(row, "file"))));
  }
  s->is_pruning = r != NULL;
  pthread_mutex_unlock(&m->lock);
  return r;
}

static void on_pruned(media *m, media_kind kind,
                      const peal_store_result *result) {
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&m->app->house, "old files were not removed", result);
    pthread_mutex_lock(&m->lock);
    m->shelves[kind].is_pruning = false;
    pthread_mutex_unlock(&m->lock);
    return;
  }
  removal *r = take_off(m, kind, result->rows);
  if (r != NULL &&
      peal_task_run(peal_worker_self(), remove_files, on_removed, r) != PEAL_OK)
    on_removed(NULL, PEAL_ERR_NOMEM, r);
}

static void on_images_pruned(const peal_store_result *result, void *user) {
  on_pruned(user, MEDIA_IMAGE, result);
}

static void on_audio_pruned(const peal_store_result *result, void *user) {
  on_pruned(user, MEDIA_AUDIO, result);
}

/* How many must go, by count or by what they weigh on average; 0: none. */
static int64_t excess_of(const shelf *s) {
  int64_t excess = s->count - s->max_count;
  if (s->bytes > s->max_bytes && s->count > 0) {
    int64_t mean = s->bytes / s->count + 1;
    int64_t heavy = (s->bytes - s->max_bytes) / mean;
    heavy = heavy > 0 ? heavy : 1;
    excess = excess > heavy ? excess : heavy;
  }
  return excess < 0 ? 0 : excess < PRUNE_ROWS ? excess : PRUNE_ROWS;
}

static void prune(media *m, media_kind kind) {
  static const char *const sql[] = {
      "DELETE FROM images WHERE id IN (SELECT id FROM images ORDER BY id"
      " LIMIT ?1) RETURNING file, bytes",
      "DELETE FROM audio WHERE id IN (SELECT id FROM audio ORDER BY id"
      " LIMIT ?1) RETURNING file, bytes"};
  static const peal_store_fn done[] = {on_images_pruned, on_audio_pruned};
  pthread_mutex_lock(&m->lock);
  shelf *s = &m->shelves[kind];
  int64_t excess = s->is_pruning ? 0 : excess_of(s);
  if (excess > 0)
    s->is_pruning =
        peal_store_write(m->app->house.store, sql[kind],
                         PEAL_ARGS(peal_int(excess)), done[kind], m) == PEAL_OK;
  pthread_mutex_unlock(&m->lock);
  if (excess > 0)
    peal_kit_log(&m->app->house, PEAL_LOG_DEBUG, "media", "%lld of %s go",
                 (long long)excess, tables[kind]);
}

void media_added(media *m, media_kind kind, int64_t bytes) {
  pthread_mutex_lock(&m->lock);
  m->shelves[kind].count++;
  m->shelves[kind].bytes += bytes;
  pthread_mutex_unlock(&m->lock);
  prune(m, kind);
}

void media_totals(media *m, media_kind kind, int64_t *count, int64_t *bytes) {
  pthread_mutex_lock(&m->lock);
  *count = m->shelves[kind].count;
  *bytes = m->shelves[kind].bytes;
  pthread_mutex_unlock(&m->lock);
}

/* ---- serving ---------------------------------------------------------------- */

void media_on_get(peal_http_req *req, void *user) {
  dash *app = user;
  peal_slice name = peal_web_param(req, "name");
  if (!is_name(name)) {
    peal_web_error(req, 404, "there is no such file", NULL);
    return;
  }
  const char *end = name.ptr + name.len - 3;
  const char *type = memcmp(end, "jpg", 3) == 0   ? "image/jpeg"
                     : memcmp(end, "png", 3) == 0 ? "image/png"
                                                  : "audio/wav";
  // a name is never used twice
  peal_web_file_send(req, app->media->dir, name, type,
                     "private, max-age=31536000, immutable");
}
