/* SPDX-License-Identifier: MIT */
/* kit_files: files with rows, of each kind as many as may be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pthread.h>

#include <peal/kit_files.h>
#include <peal/kit_small.h>

#include "kit/kit_files_disk.h"
#include "kit/kit_files_sweep.h"
#include "kit/kit_thumbs.h"

enum { PRUNE_ROWS = 200, SQL_BYTES = 256 };

typedef struct shelf {
  struct peal_kit_files *files;
  size_t kind;
  int64_t count, bytes;
  bool is_pruning;
} shelf;

struct peal_kit_files {
  peal_kit *kit;
  peal_kit_files_disk disk;
  peal_kit_thumbs *thumbs; /* NULL: there are none */
  pthread_mutex_t lock;    /* of the shelves */
  shelf shelves[PEAL_KIT_FILES_KINDS];
};

/* ---- life ---------------------------------------------------------------- */

static bool count_and_sweep(peal_kit_files *m) {
  peal_kit_files_sweep all = {0};
  bool done = true;
  for (size_t kind = 0; done && kind < m->disk.kinds; kind++)
    done = peal_kit_files_sweep_load(
        &all, &m->disk, kind, &m->shelves[kind].count, &m->shelves[kind].bytes);
  if (done)
    peal_kit_files_sweep_run(&all, &m->disk, m->thumbs);
  peal_kit_files_sweep_deinit(&all);
  return done;
}

static bool make_parts(peal_kit_files *m, const peal_kit_files_opts *opts) {
  if (!peal_kit_files_disk_init(&m->disk, m->kit, opts))
    return false;
  if (opts->make_thumb != NULL &&
      (m->thumbs = peal_kit_thumbs_new(&m->disk)) == NULL)
    return false;
  if (count_and_sweep(m))
    return true;
  peal_kit_log(m->kit, PEAL_LOG_ERROR, "files",
               "the names of files cannot be read");
  return false;
}

peal_kit_files *peal_kit_files_new(peal_kit *kit,
                                   const peal_kit_files_opts *opts) {
  peal_kit_files *m = calloc(1, sizeof *m);
  if (m == NULL)
    return NULL;
  m->kit = kit;
  m->disk.dir_fd = -1;
  pthread_mutex_init(&m->lock, NULL);
  for (size_t kind = 0; kind < PEAL_KIT_FILES_KINDS; kind++)
    m->shelves[kind] = (shelf){.files = m, .kind = kind};
  if (make_parts(m, opts))
    return m;
  peal_kit_files_free(m);
  return NULL;
}

void peal_kit_files_stop(peal_kit_files *m) {
  if (m->thumbs != NULL)
    peal_kit_thumbs_stop(m->thumbs);
}

void peal_kit_files_free(peal_kit_files *m) {
  if (m == NULL)
    return;
  peal_kit_thumbs_free(m->thumbs);
  peal_kit_files_disk_deinit(&m->disk);
  pthread_mutex_destroy(&m->lock);
  free(m);
}

/* ---- files --------------------------------------------------------------- */

bool peal_kit_files_name(const peal_kit_files *m,
                         char out[PEAL_KIT_FILES_NAME_BYTES], size_t kind,
                         int64_t stamp, const char *extension) {
  uint8_t random[6];
  char hex[2 * sizeof random + 1], when[32];
  struct tm tm;
  time_t s = (time_t)(stamp / 1000);
  if (!peal_kit_digest_random(random, sizeof random) ||
      gmtime_r(&s, &tm) == NULL ||
      strftime(when, sizeof when, "%Y%m%d-%H%M%S", &tm) == 0)
    return false;
  peal_kit_digest_hex(hex, random, sizeof random);
  int len = snprintf(out, PEAL_KIT_FILES_NAME_BYTES, "%s%s-%s.%s",
                     m->disk.opts.kinds[kind].prefix, when, hex, extension);
  return len > 0 && len < PEAL_KIT_FILES_NAME_BYTES;
}

bool peal_kit_files_write(peal_kit_files *m, const char *name,
                          const peal_slice *parts, size_t count) {
  return peal_kit_files_disk_write(&m->disk, name, parts, count);
}

bool peal_kit_files_read(peal_kit_files *m, const char *name, void **out,
                         size_t *len) {
  return peal_kit_files_disk_read(&m->disk, name, out, len);
}

void peal_kit_files_remove(peal_kit_files *m, const char *name) {
  peal_kit_files_disk_remove(&m->disk, name);
}

void peal_kit_files_tick(peal_kit_files *m) {
  peal_kit_files_disk_tick(&m->disk);
}

void peal_kit_files_state(peal_kit_state *out, void *user) {
  peal_kit_files *m = user;
  out->is_well = peal_kit_files_disk_can_write(&m->disk);
  if (!out->is_well)
    snprintf(out->words, sizeof out->words, "%s", m->disk.opts.words);
}

/* ---- bounds -------------------------------------------------------------- */

/* Files whose rows are gone, on their way to the pool. */
typedef struct removal {
  peal_kit_files *files;
  size_t kind;
  size_t count;
  char names[][PEAL_KIT_FILES_NAME_BYTES];
} removal;

static void prune(peal_kit_files *m, size_t kind);

static bool has_thumbs(const peal_kit_files *m, size_t kind) {
  return m->thumbs != NULL && m->disk.opts.kinds[kind].has_thumbs;
}

static void remove_files(void *user) {
  removal *r = user;
  for (size_t i = 0; i < r->count; i++) {
    peal_kit_files_remove(r->files, r->names[i]);
    if (has_thumbs(r->files, r->kind))
      peal_kit_thumbs_remove(r->files->thumbs, r->names[i]);
  }
}

static void on_removed(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  removal *r = user;
  peal_kit_files *m = r->files;
  pthread_mutex_lock(&m->lock);
  m->shelves[r->kind].is_pruning = false;
  pthread_mutex_unlock(&m->lock);
  if (err == PEAL_OK) // else the next start sweeps
    prune(m, r->kind);
  free(r);
}

/* Take the rows off the shelf; the files to remove, or NULL. */
static removal *take_off(peal_kit_files *m, size_t kind, peal_val rows) {
  removal *r = malloc(sizeof *r + rows.len * sizeof *r->names);
  if (r != NULL)
    *r = (removal){.files = m, .kind = kind, .count = rows.len};
  pthread_mutex_lock(&m->lock);
  shelf *s = &m->shelves[kind];
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    s->count--;
    s->bytes -= peal_val_int(peal_val_get(row, "bytes"), 0);
    if (r != NULL)
      snprintf(r->names[i], PEAL_KIT_FILES_NAME_BYTES, "%.*s",
               PEAL_SFMT(peal_val_str(peal_val_get(row, "file"))));
  }
  s->is_pruning = r != NULL;
  pthread_mutex_unlock(&m->lock);
  return r;
}

static void on_pruned(const peal_store_result *result, void *user) {
  const shelf *of = user;
  peal_kit_files *m = of->files;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(m->kit, "old files were not removed", result);
    pthread_mutex_lock(&m->lock);
    m->shelves[of->kind].is_pruning = false;
    pthread_mutex_unlock(&m->lock);
    return;
  }
  removal *r = take_off(m, of->kind, result->rows);
  if (r != NULL &&
      peal_task_run(peal_worker_self(), remove_files, on_removed, r) != PEAL_OK)
    on_removed(NULL, PEAL_ERR_NOMEM, r);
}

/* How many must go, by count or by what they weigh on average; 0: none. */
static int64_t excess_of(const shelf *s, const peal_kit_files_kind *kind) {
  int64_t excess = s->count - kind->max_count;
  if (s->bytes > kind->max_bytes && s->count > 0) {
    int64_t mean = s->bytes / s->count + 1;
    int64_t heavy = (s->bytes - kind->max_bytes) / mean;
    heavy = heavy > 0 ? heavy : 1;
    excess = excess > heavy ? excess : heavy;
  }
  return excess < 0 ? 0 : excess < PRUNE_ROWS ? excess : PRUNE_ROWS;
}

static void prune(peal_kit_files *m, size_t kind) {
  const peal_kit_files_kind *of = &m->disk.opts.kinds[kind];
  char sql[SQL_BYTES];
  snprintf(sql, sizeof sql,
           "DELETE FROM %s WHERE id IN (SELECT id FROM %s ORDER BY id"
           " LIMIT ?1) RETURNING file, bytes",
           of->table, of->table);
  pthread_mutex_lock(&m->lock);
  shelf *s = &m->shelves[kind];
  int64_t excess = s->is_pruning ? 0 : excess_of(s, of);
  if (excess > 0)
    s->is_pruning =
        peal_store_write(m->kit->store, sql, PEAL_ARGS(peal_int(excess)),
                         on_pruned, s) == PEAL_OK;
  pthread_mutex_unlock(&m->lock);
  if (excess > 0)
    peal_kit_log(m->kit, PEAL_LOG_DEBUG, "files", "%lld of %s go",
                 (long long)excess, of->table);
}

void peal_kit_files_added(peal_kit_files *m, size_t kind, const char *name,
                          int64_t bytes) {
  if (has_thumbs(m, kind))
    peal_kit_thumbs_add(m->thumbs, name);
  pthread_mutex_lock(&m->lock);
  m->shelves[kind].count++;
  m->shelves[kind].bytes += bytes;
  pthread_mutex_unlock(&m->lock);
  prune(m, kind);
}

void peal_kit_files_totals(peal_kit_files *m, size_t kind, int64_t *count,
                           int64_t *bytes) {
  pthread_mutex_lock(&m->lock);
  *count = m->shelves[kind].count;
  *bytes = m->shelves[kind].bytes;
  pthread_mutex_unlock(&m->lock);
}

/* ---- serving ------------------------------------------------------------- */

static const char *type_of(peal_slice name) {
  static const char *const types[][2] = {
      {"jpg", "image/jpeg"}, {"png", "image/png"}, {"wav", "audio/wav"}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (memcmp(name.ptr + name.len - 3, types[i][0], 3) == 0)
      return types[i][1];
  return "application/octet-stream";
}

/* Only names of ours are served: no other file can be asked for. */
void peal_kit_files_on_get(peal_http_req *req, void *user) {
  const peal_kit_files *m = user;
  peal_slice name = peal_web_param(req, "name");
  if (!peal_kit_files_disk_is_ours(&m->disk, name)) {
    peal_web_error(req, 404, "there is no such file", NULL);
    return;
  }
  // a name is never used twice
  peal_web_file_send(req, m->disk.dir, name, type_of(name),
                     "private, max-age=31536000, immutable");
}

void peal_kit_files_on_thumb(peal_http_req *req, void *user) {
  const peal_kit_files *m = user;
  if (m->thumbs != NULL)
    peal_kit_thumbs_answer(m->thumbs, req);
  else
    peal_web_error(req, 404, "there is no such picture", NULL);
}
