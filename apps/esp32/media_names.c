/* SPDX-License-Identifier: MIT */
#include "media_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thumbs.h"

enum { PIECE_ROWS = 5000 }; /* names asked for at once */

static bool is_ours(peal_slice name) {
  return media_name_is(name, MEDIA_IMAGE) || media_name_is(name, MEDIA_AUDIO);
}

/* ---- names ------------------------------------------------------------------ */

static int by_name(const void *a, const void *b) {
  return strcmp(a, b);
}

static bool add(media_names *all, peal_slice name) {
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

void media_names_deinit(media_names *all) {
  free(all->list);
  *all = (media_names){0};
}

/* Takes up one piece of the rows; false: out of memory. */
static bool take(media_names *all, peal_val rows, int64_t *last,
                 int64_t *bytes) {
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    *last = peal_val_int(peal_val_get(row, "id"), *last);
    *bytes += peal_val_int(peal_val_get(row, "bytes"), 0);
    if (!add(all, peal_val_str(peal_val_get(row, "file"))))
      return false;
  }
  return true;
}

bool media_names_load(media_names *all, dash *app, media_kind kind,
                      int64_t *count, int64_t *bytes) {
  static const char *const sql[] = {
      "SELECT id, file, bytes FROM images WHERE id > ?1 ORDER BY id LIMIT ?2",
      "SELECT id, file, bytes FROM audio WHERE id > ?1 ORDER BY id LIMIT ?2"};
  int64_t last = 0;
  bool done = true;
  // in pieces, whatever their number
  for (size_t got = PIECE_ROWS; done && got == PIECE_ROWS;) {
    peal_doc *doc = NULL;
    if (peal_store_exec_sync(app->house.store, sql[kind],
                             PEAL_ARGS(peal_int(last), peal_int(PIECE_ROWS)),
                             &doc) != PEAL_OK)
      return false;
    got = peal_doc_val(doc).len;
    *count += (int64_t)got;
    done = take(all, peal_doc_val(doc), &last, bytes);
    peal_doc_free(doc);
  }
  return done;
}

/* ---- sweeping ------------------------------------------------------------- */

static bool has(peal_slice name, void *user) {
  const media_names *all = user;
  char text[MEDIA_NAME_BYTES];
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(name));
  return all->count > 0 && bsearch(text, all->list, all->count,
                                   sizeof *all->list, by_name) != NULL;
}

/* An upload that was broken off in the middle of its file. */
static bool is_half(const char *name) {
  size_t len = strlen(name), end = sizeof MEDIA_PART - 1;
  return len > end && strcmp(name + len - end, MEDIA_PART) == 0 &&
         is_ours((peal_slice){name, len - end});
}

/* Into <data-dir>/orphans, which is made when it is needed. */
static bool set_aside(const dash *app, int dir_fd, const char *name) {
  char dir[4096], to[4096 + MEDIA_NAME_BYTES];
  int len = snprintf(dir, sizeof dir, "%s/orphans", app->house.conf.data_dir);
  if (len <= 0 || (size_t)len >= sizeof dir ||
      (mkdir(dir, 0700) != 0 && errno != EEXIST))
    return false;
  snprintf(to, sizeof to, "%s/%s", dir, name);
  return renameat(dir_fd, name, AT_FDCWD, to) == 0;
}

static void say(dash *app, unsigned removed, unsigned aside, unsigned stuck) {
  if (removed > 0)
    peal_kit_log(&app->house, PEAL_LOG_INFO, "media",
                 "%u unfinished uploads of the last run were removed", removed);
  if (aside > 0)
    peal_kit_log(
        &app->house, PEAL_LOG_WARN, "media",
        "%u files that the database does not know were set aside: they "
        "are in %s/orphans",
        aside, app->house.conf.data_dir);
  if (stuck > 0)
    peal_kit_log(
        &app->house, PEAL_LOG_WARN, "media",
        "%u files that the database does not know could not be moved to "
        "%s/orphans: %s",
        stuck, app->house.conf.data_dir, strerror(errno));
}

/* What has no row: what is not whole was never acknowledged, and goes. A whole
 * file may be all that is left when a database was lost: it is kept. */
void media_names_sweep(media_names *all, dash *app, const char *path,
                       int dir_fd) {
  if (all->count > 0)
    qsort(all->list, all->count, sizeof *all->list, by_name);
  unsigned removed = 0, aside = 0, stuck = 0;
  DIR *dir = opendir(path);
  if (dir == NULL)
    return;
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    const char *name = entry->d_name;
    peal_slice slice = peal_slice_of(name);
    if (is_half(name)) {
      (void)unlinkat(dir_fd, name, 0);
      removed++;
    } else if (is_ours(slice) && !has(slice, all)) {
      if (set_aside(app, dir_fd, name))
        aside++;
      else
        stuck++;
    }
  }
  say(app, removed, aside, stuck);
  closedir(dir);
  thumbs_sweep(app->thumbs, has, all);
}
