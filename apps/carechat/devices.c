/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <peal/kit.h>

enum {
  KEY_BYTES = 24,
  PIECE = 2000,           /* rows of one read */
  KEEP_SECONDS = 10,      /* between two writes of when they were heard */
  NEWS_MAX = 64,          /* told in one turn; the others in the next */
  LOOKS_PER_SECOND = 100, /* for keys that nobody knows, of all together */
};

typedef struct device {
  devices_one one;
  int64_t changed, last_ms;
  double battery; /* percent; NAN: not known */
  unsigned sockets;
  bool is_revoked, is_online, is_dirty;
  bool has_left; /* its last socket has closed since it was heard */
} device;

struct devices {
  care *app;
  pthread_mutex_t lock;
  device **items; /* in the order of their ids */
  size_t count, cap;
  int64_t mark; /* the newest `changed` that was looked at; worker 0 */
  unsigned seconds;
  bool is_looking; /* worker 0 */
  peal_web_limit *looks;
};

#define COLUMNS                                                                \
  "SELECT no, device_id, user_id, hash, changed, is_revoked, last_ms, battery" \
  " FROM devices"

/* ---- the table ------------------------------------------------------------- */

static int compare(peal_slice id, const device *d) {
  size_t len = strlen(d->one.id);
  int order = memcmp(id.ptr, d->one.id, id.len < len ? id.len : len);
  return order != 0 ? order : (id.len > len) - (id.len < len);
}

/* With the lock held. Where it is, or where it would be. */
static bool find(const devices *all, peal_slice id, size_t *at) {
  size_t low = 0, high = all->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(id, all->items[middle]);
    if (order == 0) {
      *at = middle;
      return true;
    }
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  *at = low;
  return false;
}

static device *find_device(const devices *all, peal_slice id) {
  size_t at;
  return find(all, id, &at) ? all->items[at] : NULL;
}

static device *insert(devices *all, peal_slice id, size_t at) {
  if (all->count == all->cap) {
    size_t cap = all->cap > 0 ? all->cap * 2 : 64;
    device **items = realloc(all->items, cap * sizeof *items);
    if (items == NULL)
      return NULL;
    all->items = items;
    all->cap = cap;
  }
  device *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  memcpy(d->one.id, id.ptr, id.len);
  d->battery = NAN;
  memmove(all->items + at + 1, all->items + at,
          (all->count - at) * sizeof(*all->items));
  all->items[at] = d;
  all->count++;
  return d;
}

bool devices_put(devices *all, int64_t no, const char *id, int64_t user_id,
                 const uint8_t hash[PEAL_KIT_DIGEST_BYTES], int64_t changed,
                 bool is_revoked) {
  peal_slice name = peal_slice_of(id);
  size_t at;
  pthread_mutex_lock(&all->lock);
  device *d = find(all, name, &at) ? all->items[at] : insert(all, name, at);
  if (d != NULL && changed >= d->changed) {
    d->one.no = no;
    d->one.user_id = user_id;
    memcpy(d->one.hash, hash, PEAL_KIT_DIGEST_BYTES);
    d->changed = changed;
    d->is_revoked = is_revoked;
  }
  pthread_mutex_unlock(&all->lock);
  return d != NULL;
}

static bool put_row(devices *all, peal_val row, bool is_first) {
  peal_slice hash = peal_val_binary(peal_val_get(row, "hash"));
  peal_slice id = peal_val_str(peal_val_get(row, "device_id"));
  char name[PEAL_KIT_DEVICE_ID_BYTES];
  if (hash.len != PEAL_KIT_DIGEST_BYTES || !peal_kit_device_id_is_good(id))
    return true; // not one of ours: it cannot come in
  snprintf(name, sizeof name, "%.*s", PEAL_SFMT(id));
  if (!devices_put(all, peal_val_int(peal_val_get(row, "no"), 0), name,
                   peal_val_int(peal_val_get(row, "user_id"), 0),
                   (const uint8_t *)hash.ptr,
                   peal_val_int(peal_val_get(row, "changed"), 0),
                   peal_val_int(peal_val_get(row, "is_revoked"), 0) != 0))
    return false;
  device *d = is_first ? find_device(all, id) : NULL;
  if (d != NULL) {
    d->last_ms = peal_val_int(peal_val_get(row, "last_ms"), 0);
    d->battery = peal_val_double(peal_val_get(row, "battery"), NAN);
  }
  return true;
}

/* ---- life ------------------------------------------------------------------ */

/* Before the rows are read: what changes meanwhile is looked at again. */
static bool load_mark(devices *all) {
  peal_doc *doc = NULL;
  if (peal_store_exec_sync(all->app->house.store,
                           "SELECT max(changed) AS changed FROM devices",
                           PEAL_NO_ARGS, &doc) != PEAL_OK)
    return false;
  peal_val row = peal_val_at(peal_doc_val(doc), 0);
  all->mark = peal_val_int(peal_val_get(row, "changed"), 0);
  peal_doc_free(doc);
  return true;
}

static bool load(devices *all) {
  int64_t last = 0;
  size_t len = PIECE;
  while (len == PIECE) {
    peal_doc *doc = NULL;
    if (peal_store_exec_sync(all->app->house.store,
                             COLUMNS " WHERE no > ?1 ORDER BY no LIMIT ?2",
                             PEAL_ARGS(peal_int(last), peal_int(PIECE)),
                             &doc) != PEAL_OK)
      return false;
    peal_val rows = peal_doc_val(doc);
    bool is_good = true;
    len = rows.len;
    for (size_t i = 0; i < len && is_good; i++) {
      is_good = put_row(all, peal_val_at(rows, i), true);
      last = peal_val_int(peal_val_get(peal_val_at(rows, i), "no"), last);
    }
    peal_doc_free(doc);
    if (!is_good)
      return false;
  }
  return true;
}

devices *devices_new(care *app) {
  devices *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  all->app = app;
  pthread_mutex_init(&all->lock, NULL);
  all->looks =
      peal_web_limit_new(&(peal_web_limit_opts){.count = LOOKS_PER_SECOND});
  if (all->looks != NULL && load_mark(all) && load(all))
    return all;
  devices_free(all);
  return NULL;
}

void devices_free(devices *all) {
  if (all == NULL)
    return;
  for (size_t i = 0; i < all->count; i++)
    free(all->items[i]);
  free(all->items);
  peal_web_limit_free(all->looks);
  pthread_mutex_destroy(&all->lock);
  free(all);
}

/* ---- keys ------------------------------------------------------------------ */

bool devices_make_key(char out[DEVICES_KEY_BYTES],
                      uint8_t hash[PEAL_KIT_DIGEST_BYTES]) {
  uint8_t random[KEY_BYTES];
  if (!peal_kit_digest_random(random, sizeof random))
    return false;
  peal_kit_digest_hex(out, random, sizeof random);
  return peal_kit_digest_of(hash, peal_slice_of(out));
}

/* False: it is not known, or was revoked. */
static bool copy(devices *all, peal_slice id, devices_one *out) {
  pthread_mutex_lock(&all->lock);
  const device *d = find_device(all, id);
  bool has = d != NULL && !d->is_revoked;
  if (has)
    *out = d->one;
  pthread_mutex_unlock(&all->lock);
  return has;
}

bool devices_ask(devices *all, peal_slice address, peal_slice id,
                 peal_slice key, devices_one *out, peal_kit_refusal *why) {
  uint64_t retry_ms = 0;
  char what[PEAL_KIT_DEVICE_ID_BYTES + 8];
  devices_one none = {.no = 0};
  if (!peal_kit_device_id_is_good(id)) {
    peal_kit_refusal_set(
        why, 422, "device_id",
        "device_id must be text of 1 to 64 bytes that can be seen");
    return false;
  }
  if (key.len == 0) {
    peal_kit_refusal_set(why, 401, NULL,
                         "this device must send its X-Device-Key");
    return false;
  }
  // an unknown device takes the same way: nobody learns which there are
  bool has = copy(all, id, &none);
  snprintf(what, sizeof what, "key %.*s", PEAL_SFMT(id));
  peal_kit_guard_verdict found =
      peal_kit_guard_ask(all->app->house.guard, address, peal_slice_of(what),
                         key, none.hash, &retry_ms);
  if (has && found == PEAL_KIT_GUARD_RIGHT) {
    *out = none;
    return true;
  }
  if (found == PEAL_KIT_GUARD_WAIT)
    peal_kit_refusal_set(why, 429, NULL, "too many wrong keys of this device");
  else
    peal_kit_refusal_set(why, 401, NULL, "this is not the key of this device");
  why->retry_ms = retry_ms;
  return false;
}

bool devices_is_valid(devices *all, const devices_one *one) {
  devices_one now;
  return copy(all, peal_slice_of(one->id), &now) &&
         now.user_id == one->user_id &&
         peal_kit_digest_is_equal(now.hash, one->hash);
}

int64_t devices_owner(devices *all, peal_slice id) {
  pthread_mutex_lock(&all->lock);
  const device *d = find_device(all, id);
  int64_t owner = d != NULL ? d->one.user_id : 0;
  pthread_mutex_unlock(&all->lock);
  return owner;
}

bool devices_id(devices *all, int64_t no, char out[PEAL_KIT_DEVICE_ID_BYTES]) {
  bool is_known = false;
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count && !is_known; i++)
    if (all->items[i]->one.no == no) {
      memcpy(out, all->items[i]->one.id, PEAL_KIT_DEVICE_ID_BYTES);
      is_known = true;
    }
  pthread_mutex_unlock(&all->lock);
  return is_known;
}

void devices_room(char out[DEVICES_ROOM_BYTES], const char *id) {
  snprintf(out, DEVICES_ROOM_BYTES, "device %s", id);
}

/* ---- who is there ---------------------------------------------------------- */

/* What is to be told, copied out of the lock. */
typedef struct news {
  devices_one one;
  int64_t last_ms;
  double battery;
  bool is_online;
} news;

static news news_of(const device *d) {
  return (news){d->one, d->last_ms, d->battery, d->is_online};
}

static peal_val battery_val(double battery) {
  return isnan(battery) ? peal_null() : peal_double(battery);
}

static void tell(devices *all, const news *n) {
  char last[25];
  peal_web_time_iso(last, n->last_ms);
  care_emit(all->app, n->one.user_id, "device_update",
            PEAL_ARGS(PEAL_OBJECT(
                {"device_id", peal_str(n->one.id)},
                {"online", peal_bool(n->is_online)},
                {"battery", battery_val(n->battery)},
                {"last_seen", n->last_ms > 0 ? peal_str(last) : peal_null()},
                {"simulated", peal_bool(peal_kit_device_id_is_simulated(
                                  peal_slice_of(n->one.id)))})));
}

void devices_heard(devices *all, const devices_one *one, double battery) {
  news told;
  bool is_news = false;
  pthread_mutex_lock(&all->lock);
  device *d = find_device(all, peal_slice_of(one->id));
  if (d != NULL) {
    d->last_ms = peal_wall_ms();
    d->is_dirty = true;
    is_news = !d->is_online;
    d->is_online = true;
    d->has_left = false;
    if (!isnan(battery) && !(battery == d->battery)) {
      d->battery = battery;
      is_news = true;
    }
    told = news_of(d);
  }
  pthread_mutex_unlock(&all->lock);
  if (is_news)
    tell(all, &told);
}

void devices_socket(devices *all, const devices_one *one, int step) {
  pthread_mutex_lock(&all->lock);
  device *d = find_device(all, peal_slice_of(one->id));
  if (d != NULL && step > 0)
    d->sockets++;
  else if (d != NULL && d->sockets > 0)
    d->sockets--;
  // without a socket and without a word it has gone at the next tick
  if (d != NULL && d->sockets == 0 && step < 0)
    d->has_left = true;
  pthread_mutex_unlock(&all->lock);
  if (d != NULL && step > 0)
    devices_heard(all, one, NAN);
}

/* With the lock held: has it gone? One whose last socket has closed has, unless
 * it was heard by a request meanwhile. */
static bool has_gone(const device *d, int64_t now_ms, int64_t silent_ms) {
  if (!d->is_online || d->sockets > 0)
    return false;
  return d->has_left || now_ms - d->last_ms > silent_ms || d->is_revoked;
}

static void tell_silent(devices *all) {
  news gone[NEWS_MAX];
  size_t count = 0;
  int64_t now_ms = peal_wall_ms();
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count && count < NEWS_MAX; i++) {
    device *d = all->items[i];
    if (!has_gone(d, now_ms, all->app->conf.silent_ms))
      continue;
    d->is_online = d->has_left = false;
    gone[count++] = news_of(d);
  }
  pthread_mutex_unlock(&all->lock);
  for (size_t i = 0; i < count; i++)
    tell(all, &gone[i]);
}

/* ---- the store ------------------------------------------------------------- */

static void on_looked(const peal_store_result *result, void *user) {
  devices *all = user;
  all->is_looking = false;
  if (result->err != PEAL_OK)
    return; // the next look finds it
  for (size_t i = 0; i < result->rows.len; i++) {
    peal_val row = peal_val_at(result->rows, i);
    if (!put_row(all, row, false))
      return;
    all->mark = peal_val_int(peal_val_get(row, "changed"), all->mark);
  }
}

/* A question before a key is asked for; free(). */
typedef struct looking {
  devices *all;
  devices_ready_fn fn;
  void *user;
} looking;

static void on_found(const peal_store_result *result, void *user) {
  looking *l = user;
  if (result->err == PEAL_OK && result->rows.len > 0)
    (void)put_row(l->all, peal_val_at(result->rows, 0), false);
  l->fn(l->user);
  free(l);
}

/* Without counting: a guess that is right here is asked for in earnest. */
static bool is_known(devices *all, peal_slice id, peal_slice key) {
  devices_one one;
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  return copy(all, id, &one) && peal_kit_digest_of(hash, key) &&
         peal_kit_digest_is_equal(hash, one.hash);
}

/* Whoever sends keys of nobody asks the store, which is everybody's, for no
 * more than this; beyond it the look of every second finds what is new. */
static bool may_look(devices *all) {
  return peal_web_limit_take(all->looks, PEAL_S("looks"),
                             peal_worker_now_ms(peal_worker_self()), NULL);
}

void devices_prepare(devices *all, peal_slice id, peal_slice key,
                     devices_ready_fn fn, void *user) {
  looking *l = NULL;
  if (key.len > 0 && peal_kit_device_id_is_good(id) &&
      !is_known(all, id, key) && may_look(all))
    l = malloc(sizeof *l);
  if (l != NULL) {
    *l = (looking){all, fn, user};
    if (peal_store_read(all->app->house.store, COLUMNS " WHERE device_id = ?1",
                        PEAL_ARGS(peal_str_slice(id)), on_found, l) == PEAL_OK)
      return;
    free(l);
  }
  fn(user); // what memory knows decides
}

static void look(devices *all) {
  if (all->is_looking)
    return;
  all->is_looking =
      peal_store_read(all->app->house.store,
                      COLUMNS " WHERE changed > ?1 ORDER BY changed LIMIT ?2",
                      PEAL_ARGS(peal_int(all->mark), peal_int(PIECE)),
                      on_looked, all) == PEAL_OK;
}

/* All of them as one statement: [[no, last_ms, battery], ...]. */
static void keep(devices *all) {
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_items *rows = peal_items_new(build);
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count; i++) {
    device *d = all->items[i];
    if (!d->is_dirty)
      continue;
    d->is_dirty = false;
    peal_items_add(rows,
                   peal_build_keep(build, PEAL_ARRAY(peal_int(d->one.no),
                                                     peal_int(d->last_ms),
                                                     battery_val(d->battery))));
  }
  pthread_mutex_unlock(&all->lock);
  if (peal_items_count(rows) > 0 &&
      peal_store_write(all->app->house.store,
                       "UPDATE devices SET last_ms = j.value ->> 1,"
                       " battery = j.value ->> 2 FROM json_each(?1) AS j"
                       " WHERE devices.no = j.value ->> 0",
                       PEAL_ARGS(peal_items_val(rows)), NULL, NULL) != PEAL_OK)
    peal_kit_log(&all->app->house, PEAL_LOG_WARN, "devices",
                 "when they were heard was not stored");
}

void devices_tick(devices *all) {
  tell_silent(all);
  look(all);
  if (++all->seconds % KEEP_SECONDS == 0)
    keep(all);
}

/* ---- lists ----------------------------------------------------------------- */

static peal_val device_val(const device *d, peal_build *build) {
  char last[25];
  peal_web_time_iso(last, d->last_ms);
  return peal_build_copy(
      build,
      PEAL_OBJECT({"device_id", peal_str(d->one.id)},
                  {"online", peal_bool(d->is_online)},
                  {"battery", battery_val(d->battery)},
                  {"last_seen", d->last_ms > 0 ? peal_str(last) : peal_null()},
                  {"revoked", peal_bool(d->is_revoked)},
                  {"simulated", peal_bool(peal_kit_device_id_is_simulated(
                                    peal_slice_of(d->one.id)))}));
}

peal_val devices_list(devices *all, int64_t user_id, peal_build *build) {
  peal_items *items = peal_items_new(build);
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count; i++)
    if (all->items[i]->one.user_id == user_id)
      peal_items_add(items, device_val(all->items[i], build));
  pthread_mutex_unlock(&all->lock);
  return peal_items_val(items);
}

void devices_totals(devices *all, size_t *count, size_t *online) {
  pthread_mutex_lock(&all->lock);
  *count = all->count;
  *online = 0;
  for (size_t i = 0; i < all->count; i++)
    *online += all->items[i]->is_online;
  pthread_mutex_unlock(&all->lock);
}
