/* SPDX-License-Identifier: MIT */
#include "kit/kit_thumbs.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_PICTURE ".svg" /* ending of a placeholder */
#define SMALL ".jpg"

enum {
  RUNNING = 2,   /* so many pictures are decoded at once; of several workers
                    each has one */
  WAITING = 256, /* of a worker; more: made when it is asked for */
  FILE_BYTES =
      PEAL_KIT_FILES_NAME_BYTES + sizeof ".4294967295" PEAL_KIT_FILES_PART,
};

static const char placeholder[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 160 120\">"
    "<rect width=\"160\" height=\"120\" fill=\"#8884\"/>"
    "<path d=\"M52 40h56v40H52zm8 32 14-18 10 12 8-8 12 14\" fill=\"none\""
    " stroke=\"#888\" stroke-width=\"3\"/><path d=\"m44 88 72-56\""
    " stroke=\"#888\" stroke-width=\"3\"/>"
    "<title>no preview of this picture</title></svg>";

typedef enum state {
  ABSENT, /* to be made */
  READY,
  NONE, /* the placeholder stands for it */
  GONE, /* there is no such picture */
  FAILED
} state;

/* A thumb to be made; of a request in its memory. */
typedef struct job {
  struct job *next;
  peal_kit_thumbs *thumbs;
  peal_http_req *req; /* NULL: nobody waits */
  char name[PEAL_KIT_FILES_NAME_BYTES];
  state state;
} job;

/* Of one worker, used by it alone. */
typedef struct home {
  job *first, *last;
  unsigned waiting, running;
} home;

struct peal_kit_thumbs {
  peal_kit_files_disk *disk;
  unsigned max_running; /* of a worker */
  int dir_fd;
  char dir[4096];
  home homes[];
};

/* ---- files --------------------------------------------------------------- */

static bool has(const peal_kit_thumbs *t, const char *name,
                const char *ending) {
  char file[FILE_BYTES];
  snprintf(file, sizeof file, "%s%s", name, ending);
  return faccessat(t->dir_fd, file, F_OK, 0) == 0;
}

/* A thumb can be made again: it need not be on disk, but whole. Several may
 * make the same one at the same time: each writes a file of its own. */
static bool write_file(const peal_kit_thumbs *t, const char *name,
                       const char *ending, const void *bytes, size_t len) {
  static atomic_uint count;
  char part[FILE_BYTES], file[FILE_BYTES];
  snprintf(part, sizeof part, "%s.%u" PEAL_KIT_FILES_PART, name,
           atomic_fetch_add(&count, 1));
  snprintf(file, sizeof file, "%s%s", name, ending);
  int fd =
      openat(t->dir_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return false;
  bool done = write(fd, bytes, len) == (ssize_t)len;
  done =
      close(fd) == 0 && done && renameat(t->dir_fd, part, t->dir_fd, file) == 0;
  if (!done)
    unlinkat(t->dir_fd, part, 0);
  return done;
}

void peal_kit_thumbs_remove(peal_kit_thumbs *t, const char *name) {
  static const char *const endings[] = {SMALL, NO_PICTURE};
  char file[FILE_BYTES];
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    snprintf(file, sizeof file, "%s%s", name, endings[i]);
    (void)unlinkat(t->dir_fd, file, 0);
  }
}

/* Is it a file that has one? */
static bool has_thumb(const peal_kit_thumbs *t, peal_slice name) {
  for (size_t kind = 0; kind < t->disk->kinds; kind++)
    if (t->disk->opts.kinds[kind].has_thumbs &&
        peal_kit_files_disk_is(t->disk, name, kind))
      return true;
  return false;
}

static bool is_part(const char *file) {
  size_t len = strlen(file), end = sizeof PEAL_KIT_FILES_PART - 1;
  return len > end && strcmp(file + len - end, PEAL_KIT_FILES_PART) == 0;
}

void peal_kit_thumbs_sweep(peal_kit_thumbs *t,
                           bool (*is_kept)(peal_slice name, void *user),
                           void *user) {
  DIR *dir = opendir(t->dir);
  if (dir == NULL)
    return;
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    const char *dot = strrchr(entry->d_name, '.');
    peal_slice name = {entry->d_name,
                       dot != NULL ? (size_t)(dot - entry->d_name) : 0};
    if (is_part(entry->d_name) || (has_thumb(t, name) && !is_kept(name, user)))
      (void)unlinkat(t->dir_fd, entry->d_name, 0);
  }
  closedir(dir);
}

/* ---- life ---------------------------------------------------------------- */

peal_kit_thumbs *peal_kit_thumbs_new(peal_kit_files_disk *disk) {
  unsigned workers = peal_workers_count(disk->kit->workers);
  peal_kit_thumbs *t = calloc(1, sizeof *t + workers * sizeof *t->homes);
  if (t == NULL)
    return NULL;
  t->disk = disk;
  t->max_running = workers > 1 ? 1 : RUNNING;
  snprintf(t->dir, sizeof t->dir, "%s/thumbs", disk->kit->conf.data_dir);
  t->dir_fd = -1;
  if (mkdir(t->dir, 0700) == 0 || errno == EEXIST)
    t->dir_fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (t->dir_fd >= 0)
    return t;
  peal_kit_log(disk->kit, PEAL_LOG_ERROR, "thumbs", "%s cannot be used: %s",
               t->dir, strerror(errno));
  peal_kit_thumbs_free(t);
  return NULL;
}

void peal_kit_thumbs_free(peal_kit_thumbs *t) {
  if (t == NULL)
    return;
  for (unsigned i = 0; i < peal_workers_count(t->disk->kit->workers); i++)
    while (t->homes[i].first != NULL) {
      job *gone = t->homes[i].first;
      t->homes[i].first = gone->next;
      if (gone->req == NULL)
        free(gone);
    }
  if (t->dir_fd >= 0)
    close(t->dir_fd);
  free(t);
}

/* ---- making one (on the pool) -------------------------------------------- */

static state make(peal_kit_thumbs *t, const char *name) {
  void *bytes = NULL;
  size_t len = 0, small_len = 0;
  uint8_t *small = NULL;
  if (!peal_kit_files_disk_read(t->disk, name, &bytes, &len))
    return GONE;
  peal_kit_thumb is = t->disk->opts.make_thumb(&small, &small_len, bytes, len);
  free(bytes);
  state made = FAILED;
  if (is == PEAL_KIT_THUMB_MADE)
    made = write_file(t, name, SMALL, small, small_len) ? READY : FAILED;
  else if (is == PEAL_KIT_THUMB_NEVER)
    made = write_file(t, name, NO_PICTURE, placeholder, sizeof placeholder - 1)
               ? NONE
               : FAILED;
  free(small);
  return made;
}

static state look(const peal_kit_thumbs *t, const char *name) {
  return has(t, name, SMALL) ? READY : has(t, name, NO_PICTURE) ? NONE : ABSENT;
}

static void look_work(void *user) {
  job *j = user;
  j->state = look(j->thumbs, j->name);
}

static void make_work(void *user) {
  job *j = user;
  // another may have made it meanwhile
  look_work(j);
  if (j->state == ABSENT)
    j->state = make(j->thumbs, j->name);
}

/* ---- answers ------------------------------------------------------------- */

static void answer(const job *j) {
  char file[FILE_BYTES];
  bool is_ready = j->state == READY;
  if (j->state == GONE) {
    peal_web_error(j->req, 404, "there is no such picture", NULL);
  } else if (is_ready || j->state == NONE) {
    snprintf(file, sizeof file, "%s%s", j->name, is_ready ? SMALL : NO_PICTURE);
    // a name is never used twice
    peal_web_file_send(j->req, j->thumbs->dir, peal_slice_of(file),
                       is_ready ? "image/jpeg" : "image/svg+xml",
                       "private, max-age=31536000, immutable");
  } else { // not now: it may be asked for again
    (void)peal_http_answer_header(j->req, "Cache-Control", PEAL_S("no-store"));
    peal_http_answer(j->req, 200, "image/svg+xml",
                     (peal_slice){placeholder, sizeof placeholder - 1});
  }
}

/* ---- the queue of a worker ----------------------------------------------- */

static home *home_of(peal_kit_thumbs *t) {
  return &t->homes[peal_worker_index(peal_worker_self())];
}

static void start_more(peal_kit_thumbs *t);

static void on_made(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  job *j = user;
  peal_kit_thumbs *t = j->thumbs;
  home_of(t)->running--;
  if (err != PEAL_OK)
    j->state = FAILED;
  if (j->req != NULL)
    answer(j);
  else
    free(j);
  start_more(t);
}

static void start_more(peal_kit_thumbs *t) {
  home *h = home_of(t);
  while (h->running < t->max_running && h->first != NULL) {
    job *j = h->first;
    h->first = j->next;
    h->last = h->first != NULL ? h->last : NULL;
    h->waiting--;
    h->running++;
    if (peal_task_run(peal_worker_self(), make_work, on_made, j) == PEAL_OK)
      continue;
    h->running--;
    j->state = FAILED;
    if (j->req != NULL)
      answer(j);
    else
      free(j);
  }
}

static bool append(peal_kit_thumbs *t, job *j) {
  home *h = home_of(t);
  if (h->waiting >= WAITING)
    return false;
  if (h->last != NULL)
    h->last->next = j;
  else
    h->first = j;
  h->last = j;
  h->waiting++;
  start_more(t);
  return true;
}

void peal_kit_thumbs_add(peal_kit_thumbs *t, const char *name) {
  job *j = calloc(1, sizeof *j);
  if (j == NULL)
    return;
  j->thumbs = t;
  snprintf(j->name, sizeof j->name, "%s", name);
  if (!append(t, j))
    free(j);
}

void peal_kit_thumbs_stop(peal_kit_thumbs *t) {
  home *h = home_of(t);
  while (h->first != NULL) {
    job *j = h->first;
    h->first = j->next;
    if (j->req != NULL)
      answer(j);
    else
      free(j);
  }
  h->last = NULL;
  h->waiting = 0;
}

/* ---- asking -------------------------------------------------------------- */

static void on_looked(peal_http_req *req, peal_err err, void *user) {
  job *j = user;
  (void)req;
  if (err != PEAL_OK)
    j->state = FAILED;
  if (j->state != ABSENT || !append(j->thumbs, j))
    answer(j);
}

void peal_kit_thumbs_answer(peal_kit_thumbs *t, peal_http_req *req) {
  peal_slice name = peal_web_param(req, "name");
  if (!has_thumb(t, name)) {
    peal_web_error(req, 404, "there is no such picture", NULL);
    return;
  }
  job *j = peal_http_req_alloc(req, sizeof *j);
  if (j == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *j = (job){.thumbs = t, .req = req};
  memcpy(j->name, name.ptr, name.len);
  (void)peal_web_task(req, look_work, on_looked, j);
}
