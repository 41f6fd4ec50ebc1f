/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <peal/kit.h>

enum { FLUSH_TICKS = 5, LINES = 10 };

typedef struct device {
  device_info info;
  int64_t stamp; /* the last one given out */
  bool is_dirty; /* not stored as it is */
  bool is_stored;
  char network
      [PEAL_KIT_ADDRESS_BYTES]; /* it was first heard from in this run, if it
                                  has no key */
  picture_thumb thumb;
} device;

struct devices {
  dash *app;
  pthread_mutex_t lock; /* of all below */
  device **list;        /* by id */
  size_t count, cap;
  unsigned ticks;
  peal_web_limit *lines; /* of the log */
};

/* ---- the list (with the lock held) ---------------------------------- */

static int compare(peal_slice id, const char *text) {
  size_t len = strlen(text);
  int order = memcmp(id.ptr, text, id.len < len ? id.len : len);
  return order != 0 ? order : (id.len > len) - (id.len < len);
}

/* Where `id` is or would be. */
static size_t place_of(const devices *ds, peal_slice id, bool *is_there) {
  size_t low = 0, high = ds->count;
  *is_there = false;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(id, ds->list[middle]->info.id);
    if (order == 0) {
      *is_there = true;
      return middle;
    }
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static device *find(const devices *ds, peal_slice id) {
  bool is_there;
  size_t at = place_of(ds, id, &is_there);
  return is_there ? ds->list[at] : NULL;
}

static bool grow(devices *ds) {
  if (ds->count < ds->cap)
    return true;
  size_t cap = ds->cap > 0 ? 2 * ds->cap : 16;
  device **list = realloc(ds->list, cap * sizeof *list);
  if (list == NULL)
    return false;
  ds->list = list;
  ds->cap = cap;
  return true;
}

/* May it make room? Not one whose key somebody has made. `network` NULL: of
 * all. */
static bool may_go(const devices *ds, const device *d, const char *network) {
  return (network == NULL || strcmp(d->network, network) == 0) &&
         !peal_kit_device_keys_has(ds->app->house.keys,
                                   peal_slice_of(d->info.id));
}

/* The one that has been silent longest; `count` if there is none. */
static size_t longest_silent(const devices *ds, const char *network) {
  size_t found = ds->count;
  for (size_t i = 0; i < ds->count; i++) {
    const device_info *info = &ds->list[i]->info;
    if (!info->is_online &&
        (found == ds->count ||
         info->last_seen < ds->list[found]->info.last_seen) &&
        may_go(ds, ds->list[i], network))
      found = i;
  }
  return found;
}

/* The one that came last; `count` if there is none. */
static size_t newest(const devices *ds, const char *network) {
  size_t found = ds->count;
  for (size_t i = 0; i < ds->count; i++) {
    const device_info *info = &ds->list[i]->info;
    if ((found == ds->count ||
         info->first_seen >= ds->list[found]->info.first_seen) &&
        may_go(ds, ds->list[i], network))
      found = i;
  }
  return found;
}

/* Make room; what it sent stays in the history. Fills `gone` if it was
 * online. */
static bool forget(devices *ds, size_t at, device_info *gone) {
  if (at == ds->count)
    return false;
  device *d = ds->list[at];
  if (d->is_stored &&
      peal_store_write(ds->app->house.store,
                       "DELETE FROM devices WHERE device_id = ?1",
                       PEAL_ARGS(peal_str(d->info.id)), NULL, NULL) != PEAL_OK)
    return false;
  if (d->info.is_online)
    *gone = d->info;
  gone->is_online = false;
  memmove(ds->list + at, ds->list + at + 1,
          (ds->count - at - 1) * sizeof *ds->list);
  ds->count--;
  free(d);
  return true;
}

static bool is_network_full(const devices *ds, const char *network) {
  size_t count = 0;
  for (size_t i = 0; network[0] != '\0' && i < ds->count; i++)
    count += strcmp(ds->list[i]->network, network) == 0;
  return count >= ds->app->conf.max_network_devices;
}

/* Whoever invents ids displaces those it invented just before: nobody is
 * refused for them, not at the same address either, and who was there earlier
 * stays. Of all addresses together there may be too many: then only who shows
 * its key gets in. */
static bool make_room(devices *ds, const char *network, device_info *gone) {
  const char *whose = is_network_full(ds, network) ? network : NULL;
  if (whose == NULL && ds->count < ds->app->conf.max_devices)
    return true;
  size_t at = longest_silent(ds, whose);
  if (at == ds->count && (whose != NULL || network[0] == '\0'))
    at = newest(ds, whose);
  return forget(ds, at, gone);
}

/* `network` "": it has a key, or was known before. */
static peal_err find_or_add(devices *ds, peal_slice id, const char *network,
                            device **out, device_info *gone) {
  *out = find(ds, id);
  if (*out != NULL)
    return PEAL_OK;
  if (!make_room(ds, network, gone))
    return PEAL_ERR_LIMIT;
  device *d = calloc(1, sizeof *d);
  if (d == NULL || !grow(ds)) {
    free(d);
    return PEAL_ERR_NOMEM;
  }
  memcpy(d->info.id, id.ptr, id.len);
  snprintf(d->network, sizeof d->network, "%s", network);
  bool is_there;
  size_t at = place_of(ds, id, &is_there);
  memmove(ds->list + at + 1, ds->list + at,
          (ds->count - at) * sizeof *ds->list);
  ds->list[at] = d;
  ds->count++;
  *out = d;
  return PEAL_OK;
}

/* ---- life ------------------------------------------------------------ */

static void load_row(devices *ds, peal_val row) {
  peal_slice id = peal_val_str(peal_val_get(row, "device_id"));
  device *d;
  device_info gone = {0};
  if (!peal_kit_device_id_is_good(id) ||
      find_or_add(ds, id, "", &d, &gone) != PEAL_OK)
    return;
  d->is_stored = true;
  static const char *const names[] = {"readings", "images", "audio"};
  int64_t first = peal_val_int(peal_val_get(row, "first_seen"), 0);
  int64_t last = peal_val_int(peal_val_get(row, "last_seen"), 0);
  if (d->info.first_seen == 0 || first < d->info.first_seen)
    d->info.first_seen = first;
  if (last > d->info.last_seen)
    d->stamp = d->info.last_seen = last;
  for (int k = 0; k < DEVICE_KIND_COUNT; k++) {
    int64_t n = peal_val_int(peal_val_get(row, names[k]), 0);
    if (n > 0 && (uint64_t)n > d->info.counts[k])
      d->info.counts[k] = (uint64_t)n;
  }
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
      if (ds->count < ds->app->conf.max_devices ||
          find(ds, peal_val_str(peal_val_get(peal_val_at(peal_doc_val(rows), r),
                                             "device_id"))) != NULL)
        load_row(ds, peal_val_at(peal_doc_val(rows), r));
    peal_doc_free(rows);
  }
  return true;
}

devices *devices_new(dash *app) {
  devices *ds = calloc(1, sizeof *ds);
  if (ds == NULL)
    return NULL;
  ds->app = app;
  pthread_mutex_init(&ds->lock, NULL);
  ds->lines = peal_web_limit_new(
      &(peal_web_limit_opts){.count = LINES, .burst = 10 * LINES});
  if (ds->lines != NULL && load(ds))
    return ds;
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "devices",
               "the devices cannot be read");
  devices_free(ds);
  return NULL;
}

void devices_free(devices *ds) {
  if (ds == NULL)
    return;
  for (size_t i = 0; i < ds->count; i++)
    free(ds->list[i]);
  free(ds->list);
  peal_web_limit_free(ds->lines);
  pthread_mutex_destroy(&ds->lock);
  free(ds);
}

/* ---- hearing ---------------------------------------------------------- */

static void announce(devices *ds, const device_info *info) {
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

/* With the lock held; fills `came` when it has just come online. */
static void hear(device *d, int64_t *stamp, device_info *came) {
  int64_t now = peal_wall_ms();
  d->stamp = now > d->stamp ? now : d->stamp + 1;
  if (stamp != NULL)
    *stamp = d->stamp;
  d->info.last_seen = now;
  if (d->info.first_seen == 0)
    d->info.first_seen = now;
  d->is_dirty = true;
  if (!d->info.is_online) {
    d->info.is_online = true;
    *came = d->info;
  }
}

peal_err devices_heard(devices *ds, peal_slice id, const char *network,
                       int64_t *stamp) {
  device_info came = {0}, gone = {0};
  device *d;
  pthread_mutex_lock(&ds->lock);
  peal_err err = find_or_add(ds, id, network, &d, &gone);
  if (err == PEAL_OK) {
    if (d->network[0] == '\0') // known from an earlier run
      snprintf(d->network, sizeof d->network, "%s", network);
    hear(d, stamp, &came);
  }
  pthread_mutex_unlock(&ds->lock);
  if (gone.id[0] != '\0')
    announce(ds, &gone);
  if (came.is_online)
    announce(ds, &came);
  return err;
}

void devices_noticed(devices *ds, peal_slice id) {
  device_info came = {0};
  pthread_mutex_lock(&ds->lock);
  device *d = find(ds, id);
  if (d != NULL)
    hear(d, NULL, &came);
  pthread_mutex_unlock(&ds->lock);
  if (came.is_online)
    announce(ds, &came);
}

void devices_count(devices *ds, peal_slice id, device_kind kind) {
  pthread_mutex_lock(&ds->lock);
  device *d = find(ds, id);
  if (d != NULL) {
    d->info.counts[kind]++;
    d->is_dirty = true;
  }
  pthread_mutex_unlock(&ds->lock);
}

void devices_thumb_get(devices *ds, peal_slice id, picture_thumb *out) {
  pthread_mutex_lock(&ds->lock);
  const device *d = find(ds, id);
  *out = d != NULL ? d->thumb : (picture_thumb){0};
  pthread_mutex_unlock(&ds->lock);
}

void devices_thumb_set(devices *ds, peal_slice id, const picture_thumb *thumb) {
  pthread_mutex_lock(&ds->lock);
  device *d = find(ds, id);
  if (d != NULL)
    d->thumb = *thumb;
  pthread_mutex_unlock(&ds->lock);
}

/* ---- every second ------------------------------------------------------ */

/* Take one that has fallen silent. */
static bool take_silent(devices *ds, int64_t now, device_info *out) {
  bool found = false;
  pthread_mutex_lock(&ds->lock);
  for (size_t i = 0; i < ds->count && !found; i++) {
    device_info *info = &ds->list[i]->info;
    if (info->is_online && now - info->last_seen > ds->app->conf.offline_ms) {
      info->is_online = false;
      *out = *info;
      found = true;
    }
  }
  pthread_mutex_unlock(&ds->lock);
  return found;
}

void devices_tick(devices *ds) {
  int64_t now = peal_wall_ms();
  device_info gone;
  while (take_silent(ds, now, &gone))
    announce(ds, &gone);
  if (++ds->ticks % FLUSH_TICKS == 0)
    devices_flush(ds);
}

static peal_err store_one(devices *ds, const device_info *info) {
  return peal_store_write(
      ds->app->house.store,
      "INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
      " ON CONFLICT (device_id) DO UPDATE SET first_seen = ?2, last_seen = ?3,"
      " readings = ?4, images = ?5, audio = ?6",
      PEAL_ARGS(peal_str(info->id), peal_int(info->first_seen),
                peal_int(info->last_seen),
                peal_int((int64_t)info->counts[DEVICE_READING]),
                peal_int((int64_t)info->counts[DEVICE_IMAGE]),
                peal_int((int64_t)info->counts[DEVICE_AUDIO])),
      NULL, NULL);
}

void devices_flush(devices *ds) {
  pthread_mutex_lock(&ds->lock);
  for (size_t i = 0; i < ds->count; i++) {
    device *d = ds->list[i];
    // what the queue does not take now is taken the next time
    if (d->is_dirty && store_one(ds, &d->info) == PEAL_OK) {
      d->is_dirty = false;
      d->is_stored = true;
    }
  }
  pthread_mutex_unlock(&ds->lock);
}

/* ---- looking ----------------------------------------------------------- */

static int last_heard_first(const void *a, const void *b) {
  const device_info *x = a, *y = b;
  if (x->last_seen != y->last_seen)
    return x->last_seen < y->last_seen ? 1 : -1;
  return strcmp(x->id, y->id);
}

peal_err devices_list(devices *ds, device_info **out, size_t *count) {
  pthread_mutex_lock(&ds->lock);
  *count = ds->count;
  *out = malloc((ds->count > 0 ? ds->count : 1) * sizeof **out);
  for (size_t i = 0; *out != NULL && i < ds->count; i++)
    (*out)[i] = ds->list[i]->info;
  pthread_mutex_unlock(&ds->lock);
  if (*out == NULL)
    return PEAL_ERR_NOMEM;
  qsort(*out, *count, sizeof **out, last_heard_first);
  return PEAL_OK;
}

void devices_totals(devices *ds, size_t *count, size_t *online) {
  pthread_mutex_lock(&ds->lock);
  *count = ds->count;
  *online = 0;
  for (size_t i = 0; i < ds->count; i++)
    *online += ds->list[i]->info.is_online;
  pthread_mutex_unlock(&ds->lock);
}

peal_val devices_value(dash *app, const device_info *info, peal_build *build) {
  char first_seen[25], last_seen[25];
  peal_slice id = peal_slice_of(info->id);
  peal_web_time_iso(first_seen, info->first_seen);
  peal_web_time_iso(last_seen, info->last_seen);
  return peal_build_copy(
      build,
      PEAL_OBJECT(
          {"device_id", peal_str_slice(id)},
          {"online", peal_bool(info->is_online)},
          {"simulated", peal_bool(peal_kit_device_id_is_simulated(id))},
          {"has_key", peal_bool(peal_kit_device_keys_has(app->house.keys, id))},
          {"first_seen", peal_str(first_seen)},
          {"last_seen", peal_str(last_seen)},
          {"readings", peal_int((int64_t)info->counts[DEVICE_READING])},
          {"images", peal_int((int64_t)info->counts[DEVICE_IMAGE])},
          {"audio", peal_int((int64_t)info->counts[DEVICE_AUDIO])}));
}
