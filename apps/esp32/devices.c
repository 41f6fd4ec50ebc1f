/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

enum { FLUSH_TICKS = 5, LINES = 10 };

/* What is known of each beside its presence. */
typedef struct more {
  uint64_t counts[DEVICE_KIND_COUNT];
  int64_t stored_seen; /* last_seen of its row */
  bool is_stored;      /* it has a row */
  bool is_dirty;       /* its counts are not those of the row */
  picture_thumb thumb;
} more;

struct devices {
  dash *app;
  peal_kit_presence *seen;
  unsigned ticks;
  peal_web_limit *lines; /* of the log */
};

/* ---- life ------------------------------------------------------------ */

/* What it sent stays in the history. */
static bool on_forget(const peal_kit_presence_info *info, void *of,
                      void *user) {
  const more *m = of;
  const devices *ds = user;
  return !m->is_stored ||
         peal_store_write(ds->app->house.store,
                          "DELETE FROM devices WHERE device_id = ?1",
                          PEAL_ARGS(peal_str(info->id)), NULL, NULL) == PEAL_OK;
}

static void announce(const peal_kit_presence_info *info, void *user) {
  devices *ds = user;
  dash *app = ds->app;
  char last_seen[25];
  peal_web_time_iso(last_seen, info->last_seen);
  peal_kit_emit(&app->house, "device_update",
                PEAL_ARGS(PEAL_OBJECT(
                    {"device_id", peal_str(info->id)},
                    {"online", peal_bool(info->is_online)},
                    {"last_seen", peal_str(last_seen)},
                    {"simulated", peal_bool(peal_kit_device_id_is_simulated(
                                      peal_slice_of(info->id)))})));
  // invented ones must not fill the log
  if (peal_web_limit_take(ds->lines, PEAL_S("devices"),
                          peal_worker_now_ms(peal_worker_self()), NULL))
    peal_kit_log(&app->house, PEAL_LOG_INFO, "devices", "%s is %s", info->id,
                 info->is_online ? "online" : "offline");
}

static void take_counts(const peal_kit_presence_info *info, void *of,
                        void *user) {
  static const char *const names[] = {"readings", "images", "audio"};
  more *m = of;
  const peal_val *row = user;
  (void)info;
  m->is_stored = true;
  for (int k = 0; k < DEVICE_KIND_COUNT; k++) {
    int64_t n = peal_val_int(peal_val_get(*row, names[k]), 0);
    if (n > 0 && (uint64_t)n > m->counts[k])
      m->counts[k] = (uint64_t)n;
  }
}

static void load_row(devices *ds, peal_val row) {
  peal_slice id = peal_val_str(peal_val_get(row, "device_id"));
  if (peal_kit_device_id_is_good(id) &&
      peal_kit_presence_known(
          ds->seen, id, peal_val_int(peal_val_get(row, "first_seen"), 0),
          peal_val_int(peal_val_get(row, "last_seen"), 0)) == PEAL_OK)
    (void)peal_kit_presence_with(ds->seen, id, take_counts, &row);
}

/* The rows of `devices` may be some seconds older than the history when the
 * program was killed. */
static const char *const sources[] = {
    "SELECT * FROM devices ORDER BY last_seen DESC LIMIT ?1",
    "SELECT device_id, min(ts) AS first_seen, max(ts) AS last_seen,"
    " count(*) AS readings FROM readings GROUP BY device_id"
    " ORDER BY last_seen DESC LIMIT ?1",
    "SELECT device_id, min(ts) AS first_seen, max(ts) AS last_seen"
    " FROM orientations GROUP BY device_id ORDER BY last_seen DESC LIMIT ?1",
    "SELECT device_id, min(ts) AS first_seen, max(ts) AS last_seen,"
    " count(*) AS images FROM images GROUP BY device_id"
    " ORDER BY last_seen DESC LIMIT ?1",
    "SELECT device_id, min(ts) AS first_seen, max(ts) AS last_seen,"
    " count(*) AS audio FROM audio GROUP BY device_id"
    " ORDER BY last_seen DESC LIMIT ?1",
};

static bool load(devices *ds) {
  peal_args limit = PEAL_ARGS(peal_int(ds->app->conf.max_devices));
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    peal_doc *rows = NULL;
    if (peal_store_exec_sync(ds->app->house.store, sources[i], limit, &rows) !=
        PEAL_OK)
      return false;
    for (size_t r = 0; r < peal_doc_val(rows).len; r++)
      load_row(ds, peal_val_at(peal_doc_val(rows), r));
    peal_doc_free(rows);
  }
  return true;
}

static bool make_parts(devices *ds) {
  const settings *conf = &ds->app->conf;
  ds->lines = peal_web_limit_new(
      &(peal_web_limit_opts){.count = LINES, .burst = 10 * LINES});
  ds->seen = peal_kit_presence_new(
      &ds->app->house, &(peal_kit_presence_opts){
                           .max_devices = conf->max_devices,
                           .max_network_devices = conf->max_network_devices,
                           .offline_ms = conf->offline_ms,
                           .more_bytes = sizeof(more),
                           .on_change = announce,
                           .on_forget = on_forget,
                           .user = ds});
  return ds->lines != NULL && ds->seen != NULL && load(ds);
}

devices *devices_new(dash *app) {
  devices *ds = calloc(1, sizeof *ds);
  if (ds == NULL)
    return NULL;
  ds->app = app;
  if (make_parts(ds))
    return ds;
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "devices",
               "the devices cannot be read");
  devices_free(ds);
  return NULL;
}

void devices_free(devices *ds) {
  if (ds == NULL)
    return;
  peal_kit_presence_free(ds->seen);
  peal_web_limit_free(ds->lines);
  free(ds);
}

peal_kit_presence *devices_presence(devices *ds) {
  return ds->seen;
}

/* ---- what is known of one --------------------------------------------- */

static void add_one(const peal_kit_presence_info *info, void *of, void *user) {
  more *m = of;
  (void)info;
  m->counts[*(const device_kind *)user]++;
  m->is_dirty = true;
}

void devices_count(devices *ds, peal_slice id, device_kind kind) {
  (void)peal_kit_presence_with(ds->seen, id, add_one, &kind);
}

static void get_thumb(const peal_kit_presence_info *info, void *of,
                      void *user) {
  picture_thumb *out = user;
  (void)info;
  *out = ((const more *)of)->thumb;
}

void devices_thumb_get(devices *ds, peal_slice id, picture_thumb *out) {
  *out = (picture_thumb){0};
  (void)peal_kit_presence_with(ds->seen, id, get_thumb, out);
}

static void set_thumb(const peal_kit_presence_info *info, void *of,
                      void *user) {
  const picture_thumb *thumb = user;
  (void)info;
  ((more *)of)->thumb = *thumb;
}

void devices_thumb_set(devices *ds, peal_slice id, const picture_thumb *thumb) {
  picture_thumb copy = *thumb;
  (void)peal_kit_presence_with(ds->seen, id, set_thumb, &copy);
}

/* ---- every second ------------------------------------------------------ */

void devices_tick(devices *ds) {
  peal_kit_presence_tick(ds->seen);
  if (++ds->ticks % FLUSH_TICKS == 0)
    devices_flush(ds);
}

/* What the queue does not take now is taken the next time. */
static void store_one(const peal_kit_presence_info *info, void *of,
                      void *user) {
  more *m = of;
  const devices *ds = user;
  if (!m->is_dirty && m->stored_seen == info->last_seen)
    return;
  if (peal_store_write(
          ds->app->house.store,
          "INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
          " ON CONFLICT (device_id) DO UPDATE SET first_seen = ?2,"
          " last_seen = ?3, readings = ?4, images = ?5, audio = ?6",
          PEAL_ARGS(peal_str(info->id), peal_int(info->first_seen),
                    peal_int(info->last_seen),
                    peal_int((int64_t)m->counts[DEVICE_READING]),
                    peal_int((int64_t)m->counts[DEVICE_IMAGE]),
                    peal_int((int64_t)m->counts[DEVICE_AUDIO])),
          NULL, NULL) != PEAL_OK)
    return;
  m->is_dirty = false;
  m->is_stored = true;
  m->stored_seen = info->last_seen;
}

void devices_flush(devices *ds) {
  peal_kit_presence_each(ds->seen, store_one, ds);
}

/* ---- looking ----------------------------------------------------------- */

static int last_heard_first(const void *a, const void *b) {
  const device_info *x = a, *y = b;
  if (x->seen.last_seen != y->seen.last_seen)
    return x->seen.last_seen < y->seen.last_seen ? 1 : -1;
  return strcmp(x->seen.id, y->seen.id);
}

/* A list that grows; NULL once memory is out. */
typedef struct listing {
  device_info *list;
  size_t count, cap;
  bool failed;
} listing;

static void list_one(const peal_kit_presence_info *info, void *of, void *user) {
  listing *all = user;
  if (!all->failed && all->count == all->cap) {
    size_t cap = 2 * all->cap;
    device_info *grown = realloc(all->list, cap * sizeof *grown);
    all->failed = grown == NULL;
    if (grown != NULL) {
      all->list = grown;
      all->cap = cap;
    }
  }
  if (all->failed)
    return;
  device_info *one = &all->list[all->count++];
  one->seen = *info;
  memcpy(one->counts, ((const more *)of)->counts, sizeof one->counts);
}

peal_err devices_list(devices *ds, device_info **out, size_t *count) {
  enum { FIRST = 64 };

  listing all = {.list = malloc(FIRST * sizeof *all.list), .cap = FIRST};
  all.failed = all.list == NULL;
  peal_kit_presence_each(ds->seen, list_one, &all);
  *count = all.count;
  if (all.failed) {
    free(all.list);
    return PEAL_ERR_NOMEM;
  }
  *out = all.list;
  qsort(*out, *count, sizeof **out, last_heard_first);
  return PEAL_OK;
}

peal_val devices_value(dash *app, const device_info *info, peal_build *build) {
  char first_seen[25], last_seen[25];
  peal_slice id = peal_slice_of(info->seen.id);
  peal_web_time_iso(first_seen, info->seen.first_seen);
  peal_web_time_iso(last_seen, info->seen.last_seen);
  return peal_build_copy(
      build,
      PEAL_OBJECT(
          {"device_id", peal_str_slice(id)},
          {"online", peal_bool(info->seen.is_online)},
          {"simulated", peal_bool(peal_kit_device_id_is_simulated(id))},
          {"has_key", peal_bool(peal_kit_device_keys_has(app->house.keys, id))},
          {"first_seen", peal_str(first_seen)},
          {"last_seen", peal_str(last_seen)},
          {"readings", peal_int((int64_t)info->counts[DEVICE_READING])},
          {"images", peal_int((int64_t)info->counts[DEVICE_IMAGE])},
          {"audio", peal_int((int64_t)info->counts[DEVICE_AUDIO])}));
}
