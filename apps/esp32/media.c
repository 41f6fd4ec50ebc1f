/* SPDX-License-Identifier: MIT */
#include "media.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "thumbs.h"

#define PART ".part" /* ending of a file that is not whole yet */

enum {
  SWEEP_ROWS = 5000,         /* names asked for at once */
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
  if (!digest_random(random, sizeof random) || gmtime_r(&s, &tm) == NULL ||
      strftime(when, sizeof when, "%Y%m%d-%H%M%S", &tm) == 0)
    return false;
  digest_hex(hex, random, sizeof random);
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

bool media_write(media *m, const char *name, const peal_slice *parts,
                 size_t count) {
  char part[MEDIA_NAME_BYTES + sizeof PART];
  snprintf(part, sizeof part, "%s" PART, name);
  // the rename is on disk only when the folder is
  if (write_part(m, part, parts, count) &&
      renameat(m->dir_fd, part, m->dir_fd, name) == 0) {
    if (fsync(m->dir_fd) == 0)
      return true;
    memcpy(part, name, strlen(name) + 1);
  }
  int failed = errno;
  unlinkat(m->dir_fd, part, 0);
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
    dash_log(m->app, PEAL_LOG_WARN, "media", "%s was not removed: %s", name,
             strerror(errno));
}

/* ---- the start ------------------------------------------------------------ */

/* Names that have a row, sorted. */
typedef struct names {
  char (*list)[MEDIA_NAME_BYTES];
  size_t count, cap;
} names;

static int by_name(const void *a, const void *b) {
  return strcmp(a, b);
}

static bool names_add(names *all, peal_slice name) {
  if (name.len >= MEDIA_NAME_BYTES)
    return true;
  if (all->count == all->cap) {
    size_t cap = all->cap > 0 ? 2 * all->cap : 1024;
    void *list = realloc(all->list, cap * sizeof *all->list);
    if (list == NULL)
      return false;
    all->list = list;
    all->cap = cap;
  }
  snprintf(all->list[all->count++], MEDIA_NAME_BYTES, "%.*s", PEAL_SFMT(name));
  return true;
}

/* Rows are read in pieces, whatever their number. */
static bool names_load(media *m, media_kind kind, names *all) {
  static const char *const sql[] = {
      "SELECT id, file, bytes FROM images WHERE id > ?1 ORDER BY id LIMIT ?2",
      "SELECT id, file, bytes FROM audio WHERE id > ?1 ORDER BY id LIMIT ?2"};
  int64_t last = 0;
  for (size_t got = SWEEP_ROWS; got == SWEEP_ROWS;) {
    peal_doc *doc = NULL;
    if (peal_store_exec_sync(m->app->store, sql[kind],
                             PEAL_ARGS(peal_int(last), peal_int(SWEEP_ROWS)),
                             &doc) != PEAL_OK)
      return false;
    peal_val rows = peal_doc_val(doc);
    got = rows.len;
    for (size_t i = 0; i < got; i++) {
      peal_val row = peal_val_at(rows, i);
      last = peal_val_int(peal_val_get(row, "id"), last);
      m->shelves[kind].count++;
      m->shelves[kind].bytes += peal_val_int(peal_val_get(row, "bytes"), 0);
      if (!names_add(all, peal_val_str(peal_val_get(row, "file")))) {
        peal_doc_free(doc);
        return false;
      }
    }
    peal_doc_free(doc);
  }
  return true;
}

static bool names_has(peal_slice name, void *user) {
  const names *all = user;
  char text[MEDIA_NAME_BYTES];
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(name));
  return all->count > 0 && bsearch(text, all->list, all->count,
                                   sizeof *all->list, by_name) != NULL;
}

/* An upload that was broken off in the middle of its file. */
static bool is_part(const char *name) {
  size_t len = strlen(name), end = sizeof PART - 1;
  return len > end && strcmp(name + len - end, PART) == 0 &&
         is_name((peal_slice){name, len - end});
}

/* Into <data-dir>/orphans, which is made when it is needed. */
static bool set_aside(const media *m, const char *name) {
  char dir[4096], to[4096 + MEDIA_NAME_BYTES];
  int len = snprintf(dir, sizeof dir, "%s/orphans", m->app->conf.data_dir);
  if (len <= 0 || (size_t)len >= sizeof dir ||
      (mkdir(dir, 0700) != 0 && errno != EEXIST))
    return false;
  snprintf(to, sizeof to, "%s/%s", dir, name);
  return renameat(m->dir_fd, name, AT_FDCWD, to) == 0;
}

static void say_swept(const media *m, unsigned removed, unsigned aside,
                      unsigned stuck) {
  if (removed > 0)
    dash_log(m->app, PEAL_LOG_INFO, "media",
             "%u unfinished uploads of the last run were removed", removed);
  if (aside > 0)
    dash_log(m->app, PEAL_LOG_WARN, "media",
             "%u files that the database does not know were set aside: they "
             "are in %s/orphans",
             aside, m->app->conf.data_dir);
  if (stuck > 0)
    dash_log(m->app, PEAL_LOG_WARN, "media",
             "%u files that the database does not know could not be moved to "
             "%s/orphans: %s",
             stuck, m->app->conf.data_dir, strerror(errno));
}

/* What has no row: what is not whole was never acknowledged, and goes. A whole
 * file may be all that is left when a database was lost: it is kept. */
static void sweep(media *m, names *all) {
  unsigned removed = 0, aside = 0, stuck = 0;
  DIR *dir = opendir(m->dir);
  if (dir == NULL)
    return;
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    const char *name = entry->d_name;
    peal_slice slice = peal_slice_of(name);
    if (is_part(name)) {
      media_remove(m, name);
      removed++;
    } else if (is_name(slice) && !names_has(slice, all)) {
      if (set_aside(m, name))
        aside++;
      else
        stuck++;
    }
  }
  say_swept(m, removed, aside, stuck);
  closedir(dir);
  thumbs_sweep(m->app->thumbs, names_has, all);
}

static bool open_dir(media *m) {
  size_t len = strlen(m->app->conf.data_dir) + sizeof "/media";
  m->dir = malloc(len);
  if (m->dir == NULL)
    return false;
  snprintf(m->dir, len, "%s/media", m->app->conf.data_dir);
  if (mkdir(m->dir, 0700) != 0 && errno != EEXIST)
    return false;
  m->dir_fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return m->dir_fd >= 0;
}

media *media_new(dash *app) {
  media *m = calloc(1, sizeof *m);
  if (m == NULL)
    return NULL;
  m->app = app;
  m->dir_fd = -1;
  pthread_mutex_init(&m->lock, NULL);
  m->shelves[MEDIA_IMAGE].max_count = app->conf.max_images;
  m->shelves[MEDIA_IMAGE].max_bytes = app->conf.max_image_bytes;
  m->shelves[MEDIA_AUDIO].max_count = app->conf.max_audio;
  m->shelves[MEDIA_AUDIO].max_bytes = app->conf.max_audio_bytes;
  names all = {0};
  bool done = open_dir(m) && names_load(m, MEDIA_IMAGE, &all) &&
              names_load(m, MEDIA_AUDIO, &all);
  if (done) {
    if (all.count > 0)
      qsort(all.list, all.count, sizeof *all.list, by_name);
    sweep(m, &all);
  }
  free(all.list);
  if (done)
    return m;
  dash_log(app, PEAL_LOG_ERROR, "media", "%s/media cannot be used: %s",
           app->conf.data_dir, strerror(errno));
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
    dash_store_failed(m->app, "old files were not removed", result);
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
        peal_store_write(m->app->store, sql[kind], PEAL_ARGS(peal_int(excess)),
                         done[kind], m) == PEAL_OK;
  pthread_mutex_unlock(&m->lock);
  if (excess > 0)
    dash_log(m->app, PEAL_LOG_DEBUG, "media", "%lld of %s go",
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
