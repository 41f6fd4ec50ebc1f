/* SPDX-License-Identifier: MIT */
#include "kit/kit_files_sweep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_ROWS = 5000 }; /* names asked for at once */

/* ---- names --------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
  return strcmp(a, b);
}

static bool add(peal_kit_files_sweep *all, peal_slice name) {
  if (name.len >= PEAL_KIT_FILES_NAME_BYTES)
    return true;
  if (all->count == all->cap) {
    size_t cap = all->cap > 0 ? 2 * all->cap : 1024;
    void *list = realloc(all->list, cap * sizeof *all->list);
    if (list == NULL)
      return false;
    all->list = list;
    all->cap = cap;
  }
  snprintf(all->list[all->count++], PEAL_KIT_FILES_NAME_BYTES, "%.*s",
           PEAL_SFMT(name));
  return true;
}

void peal_kit_files_sweep_deinit(peal_kit_files_sweep *all) {
  free(all->list);
  *all = (peal_kit_files_sweep){0};
}

/* Takes up one piece of the rows; false: out of memory. */
static bool take(peal_kit_files_sweep *all, peal_val rows, int64_t *last,
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

bool peal_kit_files_sweep_load(peal_kit_files_sweep *all,
                               const peal_kit_files_disk *disk, size_t kind,
                               int64_t *count, int64_t *bytes) {
  char sql[256];
  snprintf(sql, sizeof sql,
           "SELECT id, file, bytes FROM %s WHERE id > ?1 ORDER BY id LIMIT ?2",
           disk->opts.kinds[kind].table);
  int64_t last = 0;
  bool done = true;
  // in pieces, whatever their number
  for (size_t got = PIECE_ROWS; done && got == PIECE_ROWS;) {
    peal_doc *doc = NULL;
    if (peal_store_exec_sync(disk->kit->store, sql,
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

/* ---- sweeping ------------------------------------------------------------ */

static bool has(peal_slice name, void *user) {
  const peal_kit_files_sweep *all = user;
  char text[PEAL_KIT_FILES_NAME_BYTES];
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(name));
  return all->count > 0 && bsearch(text, all->list, all->count,
                                   sizeof *all->list, by_name) != NULL;
}

/* An upload that was broken off in the middle of its file. */
static bool is_half(const peal_kit_files_disk *disk, const char *name) {
  size_t len = strlen(name), end = sizeof PEAL_KIT_FILES_PART - 1;
  return len > end && strcmp(name + len - end, PEAL_KIT_FILES_PART) == 0 &&
         peal_kit_files_disk_is_ours(disk, (peal_slice){name, len - end});
}

/* Into <data-dir>/orphans, which is made when it is needed. */
static bool set_aside(const peal_kit_files_disk *disk, const char *name) {
  char dir[4096], to[4096 + PEAL_KIT_FILES_NAME_BYTES];
  int len = snprintf(dir, sizeof dir, "%s/orphans", disk->kit->conf.data_dir);
  if (len <= 0 || (size_t)len >= sizeof dir ||
      (mkdir(dir, 0700) != 0 && errno != EEXIST))
    return false;
  snprintf(to, sizeof to, "%s/%s", dir, name);
  return renameat(disk->dir_fd, name, AT_FDCWD, to) == 0;
}

static void say(const peal_kit_files_disk *disk, unsigned removed,
                unsigned aside, unsigned stuck) {
  if (removed > 0)
    peal_kit_log(disk->kit, PEAL_LOG_INFO, "files",
                 "%u unfinished uploads of the last run were removed", removed);
  if (aside > 0)
    peal_kit_log(
        disk->kit, PEAL_LOG_WARN, "files",
        "%u files that the database does not know were set aside: they "
        "are in %s/orphans",
        aside, disk->kit->conf.data_dir);
  if (stuck > 0)
    peal_kit_log(
        disk->kit, PEAL_LOG_WARN, "files",
        "%u files that the database does not know could not be moved to "
        "%s/orphans: %s",
        stuck, disk->kit->conf.data_dir, strerror(errno));
}

/* What has no row: what is not whole was never acknowledged, and goes. A whole
 * file may be all that is left when a database was lost: it is kept. */
void peal_kit_files_sweep_run(peal_kit_files_sweep *all,
                              const peal_kit_files_disk *disk,
                              peal_kit_thumbs *thumbs) {
  if (all->count > 0)
    qsort(all->list, all->count, sizeof *all->list, by_name);
  unsigned removed = 0, aside = 0, stuck = 0;
  DIR *dir = opendir(disk->dir);
  if (dir == NULL)
    return;
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    const char *name = entry->d_name;
    peal_slice slice = peal_slice_of(name);
    if (is_half(disk, name)) {
      (void)unlinkat(disk->dir_fd, name, 0);
      removed++;
    } else if (peal_kit_files_disk_is_ours(disk, slice) && !has(slice, all)) {
      if (set_aside(disk, name))
        aside++;
      else
        stuck++;
    }
  }
  say(disk, removed, aside, stuck);
  closedir(dir);
  if (thumbs != NULL)
    peal_kit_thumbs_sweep(thumbs, has, all);
}
