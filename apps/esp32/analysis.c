/* SPDX-License-Identifier: MIT */
#include "analysis.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pthread.h>

#include "picture.h"
#include "vision.h"

enum { CAPTION_BYTES = 512 };

typedef struct job {
  struct job *next;
  analysis *analysis;
  image image;
  char caption[CAPTION_BYTES]; /* empty: the file is gone */
  int64_t began_ms, analysis_ms;
  peal_bytes *request; /* for the model; NULL: it is not asked */
  vision_err model_err;
} job;

struct analysis {
  dash *app;
  vision *model; /* NULL: none is configured */
  atomic_bool is_stopping;
  pthread_mutex_t lock; /* of all below */
  job *first, *last;    /* waiting, oldest first */
  job *running;
  analysis_stats stats;
};

/* ---- events ------------------------------------------------------------- */

void analysis_emit(dash *app, const image *one, const char *caption,
                   int64_t analysis_ms) {
  char timestamp[25], url[sizeof MEDIA_URL + MEDIA_NAME_BYTES];
  char thumb_url[sizeof MEDIA_THUMBS_URL + MEDIA_NAME_BYTES];
  peal_web_time_iso(timestamp, one->stamp);
  snprintf(thumb_url, sizeof thumb_url, MEDIA_THUMBS_URL "%s", one->file);
  snprintf(url, sizeof url, MEDIA_URL "%s", one->file);
  bool has = caption != NULL;
  // what is undefined is left out
  peal_kit_emit(
      &app->house, "camera_update",
      PEAL_ARGS(PEAL_OBJECT(
          {"image_id", peal_int(one->image_id)},
          {"device_id", peal_str(one->device_id)}, {"url", peal_str(url)},
          {"thumb_url", peal_str(thumb_url)}, {"width", peal_int(one->width)},
          {"height", peal_int(one->height)}, {"bytes", peal_int(one->bytes)},
          {"timestamp", peal_str(timestamp)},
          {"caption", has ? peal_str(caption) : peal_undefined()},
          {"analysis_ms", has ? peal_int(analysis_ms) : peal_undefined()})));
}

/* ---- on the pool -------------------------------------------------------- */

static int64_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void measure(job *j, const void *bytes, size_t len,
                    picture_measures *out) {
  devices *all = j->analysis->app->devices;
  peal_slice id = peal_slice_of(j->image.device_id);
  picture_thumb before;
  devices_thumb_get(all, id, &before);
  picture_err err = picture_measure(out, bytes, len, &before);
  if (err == PICTURE_OK)
    devices_thumb_set(all, id, &out->thumb);
  picture_caption_write(j->caption, sizeof j->caption, out, err);
}

static void work(void *user) {
  job *j = user;
  analysis *a = j->analysis;
  j->began_ms = clock_ms();
  void *bytes = NULL;
  size_t len = 0;
  if (!peal_kit_files_read(a->app->media, j->image.file, &bytes, &len))
    return;
  picture_measures measures;
  measure(j, bytes, len, &measures);
  if (a->model != NULL && !atomic_load(&a->is_stopping))
    j->model_err =
        vision_request(a->model, picture_type_mime(measures.head.type), bytes,
                       len, &j->request);
  free(bytes);
}

/* ---- the queue ------------------------------------------------------------ */

static bool is_under_way(const analysis *a, const char *device_id) {
  for (const job *j = a->running; j != NULL; j = j->next)
    if (strcmp(j->image.device_id, device_id) == 0)
      return true;
  return false;
}

/* With the lock held: the oldest whose device has none under way. */
static job *take_next(analysis *a) {
  job *before = NULL;
  if (a->stats.running >= a->app->conf.analysis_concurrency)
    return NULL;
  for (job *j = a->first; j != NULL; before = j, j = j->next) {
    if (is_under_way(a, j->image.device_id))
      continue;
    if (before != NULL)
      before->next = j->next;
    else
      a->first = j->next;
    if (a->last == j)
      a->last = before;
    a->stats.waiting--;
    j->next = a->running;
    a->running = j;
    a->stats.running++;
    return j;
  }
  return NULL;
}

static void leave(analysis *a, job *gone, bool is_done) {
  pthread_mutex_lock(&a->lock);
  for (job **at = &a->running; *at != NULL; at = &(*at)->next)
    if (*at == gone) {
      *at = gone->next;
      break;
    }
  a->stats.running--;
  if (is_done)
    a->stats.done++;
  else
    a->stats.dropped++;
  if (gone->model_err != VISION_OK)
    a->stats.model_failed++;
  pthread_mutex_unlock(&a->lock);
}

static void on_done(peal_worker *worker, peal_err err, void *user);

static void start_more(analysis *a) {
  while (!atomic_load(&a->is_stopping)) {
    pthread_mutex_lock(&a->lock);
    job *j = take_next(a);
    pthread_mutex_unlock(&a->lock);
    if (j == NULL)
      return;
    if (peal_task_run(peal_worker_self(), work, on_done, j) != PEAL_OK) {
      leave(a, j, false);
      free(j);
      return;
    }
  }
}

static void on_stored(const peal_store_result *result, void *user) {
  job *j = user;
  dash *app = j->analysis->app;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&app->house, "a caption was not stored", result);
  else if (result->changes > 0) // else the picture has gone meanwhile
    analysis_emit(app, &j->image, j->caption, j->analysis_ms);
  free(j);
}

/* On a worker, perhaps another one than before. */
static void finish(job *j, bool is_done) {
  analysis *a = j->analysis;
  // a call that was broken off by the stop is made again by the next run
  is_done =
      is_done && j->caption[0] != '\0' && j->model_err != VISION_ERR_STOPPED;
  j->analysis_ms = clock_ms() - j->began_ms;
  leave(a, j, is_done);
  if (j->model_err != VISION_OK)
    peal_kit_log(&a->app->house, PEAL_LOG_WARN, "analysis",
                 "no caption from the model for picture %lld: %s",
                 (long long)j->image.image_id, vision_err_text(j->model_err));
  if (!is_done || peal_store_write(
                      a->app->house.store,
                      "UPDATE images SET caption = ?2, analysis_ms = ?3"
                      " WHERE id = ?1",
                      PEAL_ARGS(peal_int(j->image.image_id),
                                peal_str(j->caption), peal_int(j->analysis_ms)),
                      on_stored, j) != PEAL_OK)
    free(j);
  start_more(a);
}

static void on_described(vision_err err, const char *text,
                         const vision_report *report, void *user) {
  job *j = user;
  (void)report;
  j->model_err = err;
  if (err == VISION_OK)
    snprintf(j->caption, sizeof j->caption, "%s", text);
  finish(j, true);
}

/* On worker 0, which makes the calls. */
static void on_ask(peal_worker *worker, void *user) {
  job *j = user;
  peal_bytes *request = j->request;
  (void)worker;
  j->request = NULL;
  vision_ask(j->analysis->model, request, on_described, j);
}

static void on_done(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  job *j = user;
  analysis *a = j->analysis;
  if (err == PEAL_OK && j->request != NULL) {
    peal_worker *first = peal_workers_get(a->app->house.workers, 0);
    if (peal_worker_post(first, on_ask, j) == PEAL_OK)
      return;
    j->model_err = VISION_ERR_STOPPED;
  }
  peal_bytes_unref(j->request);
  j->request = NULL;
  finish(j, err == PEAL_OK);
}

/* With the lock held; the one to free when the queue is full. */
static job *append(analysis *a, job *j) {
  job *dropped = NULL;
  if (a->stats.waiting >= a->app->conf.analysis_queue) {
    dropped = a->first;
    a->first = dropped->next;
    if (a->first == NULL)
      a->last = NULL;
    a->stats.waiting--;
    a->stats.dropped++;
  }
  if (a->last != NULL)
    a->last->next = j;
  else
    a->first = j;
  a->last = j;
  a->stats.waiting++;
  return dropped;
}

static void put(analysis *a, const image *one) {
  job *j = calloc(1, sizeof *j);
  if (j == NULL)
    return;
  j->analysis = a;
  j->image = *one;
  pthread_mutex_lock(&a->lock);
  job *dropped = append(a, j);
  pthread_mutex_unlock(&a->lock);
  if (dropped != NULL)
    peal_kit_log(&a->app->house, PEAL_LOG_WARN, "analysis",
                 "the queue is full: picture %lld stays without caption",
                 (long long)dropped->image.image_id);
  free(dropped);
}

void analysis_add(analysis *a, const image *one) {
  put(a, one);
  start_more(a);
}

/* ---- life ------------------------------------------------------------------ */

static void resume(analysis *a, peal_val row) {
  image one = {
      .image_id = peal_val_int(peal_val_get(row, "id"), 0),
      .stamp = peal_val_int(peal_val_get(row, "ts"), 0),
      .bytes = peal_val_int(peal_val_get(row, "bytes"), 0),
      .width = (uint32_t)peal_val_int(peal_val_get(row, "width"), 0),
      .height = (uint32_t)peal_val_int(peal_val_get(row, "height"), 0),
  };
  snprintf(one.device_id, sizeof one.device_id, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "device_id"))));
  snprintf(one.file, sizeof one.file, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "file"))));
  put(a, &one);
}

static bool load(analysis *a) {
  peal_doc *doc = NULL;
  if (peal_store_exec_sync(
          a->app->house.store,
          "SELECT * FROM (SELECT id, device_id, ts, file, bytes, width, height"
          " FROM images WHERE caption IS NULL ORDER BY id DESC LIMIT ?1)"
          " ORDER BY id",
          PEAL_ARGS(peal_int(a->app->conf.analysis_queue)), &doc) != PEAL_OK)
    return false;
  for (size_t i = 0; i < peal_doc_val(doc).len; i++)
    resume(a, peal_val_at(peal_doc_val(doc), i));
  peal_doc_free(doc);
  return true;
}

analysis *analysis_new(dash *app) {
  analysis *a = calloc(1, sizeof *a);
  if (a == NULL)
    return NULL;
  a->app = app;
  pthread_mutex_init(&a->lock, NULL);
  atomic_init(&a->is_stopping, false);
  vision_err err = VISION_OK;
  if (app->conf.vision.kind != VISION_NONE)
    a->model = vision_new(&app->conf.vision,
                          peal_workers_get(app->house.workers, 0), &err);
  if (err == VISION_OK && load(a))
    return a;
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "analysis", "%s",
               err != VISION_OK ? vision_err_text(err)
                                : "the pictures cannot be read");
  analysis_free(a);
  return NULL;
}

void analysis_start(analysis *a) {
  start_more(a);
}

void analysis_stop(analysis *a) {
  atomic_store(&a->is_stopping, true);
  if (a->model != NULL)
    vision_stop(a->model);
}

void analysis_free(analysis *a) {
  if (a == NULL)
    return;
  while (a->first != NULL) {
    job *j = a->first;
    a->first = j->next;
    free(j);
  }
  vision_free(a->model);
  pthread_mutex_destroy(&a->lock);
  free(a);
}

void analysis_stats_get(analysis *a, analysis_stats *out) {
  pthread_mutex_lock(&a->lock);
  *out = a->stats;
  pthread_mutex_unlock(&a->lock);
}
