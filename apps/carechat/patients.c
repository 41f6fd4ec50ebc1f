/* SPDX-License-Identifier: MIT */
#include "patients.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "alerts.h"

enum {
  PIECE = 1000, /* people of one read at the start */
  PRUNE_ROWS = 2000,
  HOUR_SECONDS = 3600,
};

/* How much of the mean one reading is. */
static const double SHARE = 1.0 / 30;

typedef struct sign {
  bool is_known;
  double value, mean, before;
  int64_t ts, stamp, device;
  alarm_state alarm;
} sign;

typedef struct patient {
  int64_t user_id;
  sign signs[BANDS_METRICS];
} patient;

struct patients {
  care *app;
  pthread_mutex_t lock;
  patient **items; /* in the order of their ids */
  size_t count, cap;
  size_t turn; /* what of whose old readings goes next; worker 0 */
};

/* ---- the table ------------------------------------------------------------- */

static bool find(const patients *all, int64_t user_id, size_t *at) {
  size_t low = 0, high = all->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (all->items[middle]->user_id < user_id)
      low = middle + 1;
    else
      high = middle;
  }
  *at = low;
  return low < all->count && all->items[low]->user_id == user_id;
}

/* With the lock held. NULL: out of memory. */
static patient *get(patients *all, int64_t user_id) {
  size_t at;
  if (find(all, user_id, &at))
    return all->items[at];
  if (all->count == all->cap) {
    size_t cap = all->cap > 0 ? all->cap * 2 : 64;
    patient **items = realloc(all->items, cap * sizeof *items);
    if (items == NULL)
      return NULL;
    all->items = items;
    all->cap = cap;
  }
  patient *p = calloc(1, sizeof *p);
  if (p == NULL)
    return NULL;
  p->user_id = user_id;
  memmove(all->items + at + 1, all->items + at,
          (all->count - at) * sizeof(*all->items));
  all->items[at] = p;
  all->count++;
  return p;
}

/* ---- life ------------------------------------------------------------------ */

/* The last of each metric of the people behind ?1, who have devices. */
#define LAST                                                                   \
  "SELECT p.user_id, v.metric, v.ts, v.value, v.device"                        \
  " FROM (SELECT DISTINCT user_id FROM devices WHERE user_id > ?1"             \
  " ORDER BY user_id LIMIT ?2) AS p"                                           \
  " JOIN (VALUES (0), (1), (2), (3), (4), (5)) AS m"                           \
  " JOIN vitals AS v ON v.user_id = p.user_id AND v.metric = m.column1"        \
  " AND v.ts = (SELECT max(ts) FROM vitals AS w WHERE w.user_id = p.user_id"   \
  " AND w.metric = m.column1) ORDER BY p.user_id"
#define NEXT                                                                   \
  "SELECT max(user_id) AS last, count(*) AS count FROM (SELECT DISTINCT"       \
  " user_id FROM devices WHERE user_id > ?1 ORDER BY user_id LIMIT ?2)"
#define OPEN                                                                   \
  "SELECT id, user_id, metric, severity FROM alerts WHERE ended_ms IS NULL"    \
  " AND id > ?1 ORDER BY id LIMIT ?2"

static bool ask(patients *all, const char *sql, int64_t behind,
                peal_doc **out) {
  return peal_store_exec_sync(all->app->house.store, sql,
                              PEAL_ARGS(peal_int(behind), peal_int(PIECE)),
                              out) == PEAL_OK;
}

static sign *sign_of(patients *all, peal_val row) {
  int64_t metric = peal_val_int(peal_val_get(row, "metric"), BANDS_METRICS);
  patient *p = get(all, peal_val_int(peal_val_get(row, "user_id"), 0));
  return p != NULL && metric >= 0 && metric < BANDS_METRICS ? &p->signs[metric]
                                                            : NULL;
}

static void read_last(patients *all, peal_val rows) {
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    sign *s = sign_of(all, row);
    if (s == NULL)
      continue;
    s->is_known = true;
    s->value = s->mean = s->before =
        peal_val_double(peal_val_get(row, "value"), 0);
    s->ts = s->stamp = peal_val_int(peal_val_get(row, "ts"), 0);
    s->device = peal_val_int(peal_val_get(row, "device"), 0);
  }
}

static bool load_last(patients *all) {
  int64_t behind = 0, count = PIECE;
  while (count == PIECE) {
    peal_doc *rows = NULL, *next = NULL;
    bool is_good =
        ask(all, LAST, behind, &rows) && ask(all, NEXT, behind, &next);
    read_last(all, peal_doc_val(rows));
    peal_val row = peal_val_at(peal_doc_val(next), 0);
    count = peal_val_int(peal_val_get(row, "count"), 0);
    behind = peal_val_int(peal_val_get(row, "last"), behind);
    peal_doc_free(rows);
    peal_doc_free(next);
    if (!is_good)
      return false;
  }
  return true;
}

static bool load_alarms(patients *all) {
  int64_t behind = 0;
  size_t count = PIECE;
  while (count == PIECE) {
    peal_doc *doc = NULL;
    if (!ask(all, OPEN, behind, &doc))
      return false;
    peal_val rows = peal_doc_val(doc);
    count = rows.len;
    for (size_t i = 0; i < count; i++) {
      peal_val row = peal_val_at(rows, i);
      sign *s = sign_of(all, row);
      behind = peal_val_int(peal_val_get(row, "id"), behind);
      if (s != NULL)
        s->alarm.level =
            peal_val_int(peal_val_get(row, "severity"), 1) == BANDS_CRITICAL
                ? BANDS_CRITICAL
                : BANDS_WARNING;
    }
    peal_doc_free(doc);
  }
  return true;
}

patients *patients_new(care *app) {
  patients *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  all->app = app;
  pthread_mutex_init(&all->lock, NULL);
  if (load_last(all) && load_alarms(all))
    return all;
  patients_free(all);
  return NULL;
}

void patients_free(patients *all) {
  if (all == NULL)
    return;
  for (size_t i = 0; i < all->count; i++)
    free(all->items[i]);
  free(all->items);
  pthread_mutex_destroy(&all->lock);
  free(all);
}

/* ---- readings -------------------------------------------------------------- */

/* With the lock held, so that alerts are written in the order in which they are
 * decided. */
static void see_to_alarm(patients *all, int64_t user_id, bands_metric metric,
                         sign *s) {
  alert_note note = {.user_id = user_id,
                     .device = s->device,
                     .metric = metric,
                     .value = s->value,
                     .ts = s->ts};
  alarm_change change = alarm_feed(&s->alarm, metric, s->value);
  note.level = s->alarm.level;
  if (change != ALARM_NONE && !alerts_write(all->app, change, &note))
    s->alarm = (alarm_state){.level = BANDS_NORMAL};
}

void patients_on_start(patients *all) {
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count; i++)
    for (int m = 0; m < BANDS_METRICS; m++) {
      sign *s = &all->items[i]->signs[m];
      if (s->is_known &&
          bands_status_of((bands_metric)m, s->value) > s->alarm.level)
        see_to_alarm(all, all->items[i]->user_id, (bands_metric)m, s);
    }
  pthread_mutex_unlock(&all->lock);
}

int64_t patients_stamp(patients *all, int64_t user_id, bands_metric metric) {
  int64_t now_ms = peal_wall_ms();
  pthread_mutex_lock(&all->lock);
  patient *p = get(all, user_id);
  if (p != NULL) {
    sign *s = &p->signs[metric];
    if (now_ms <= s->stamp)
      now_ms = s->stamp + 1;
    s->stamp = now_ms;
  }
  pthread_mutex_unlock(&all->lock);
  return now_ms;
}

void patients_note(patients *all, int64_t user_id, int64_t device,
                   bands_metric metric, double value, int64_t ts) {
  pthread_mutex_lock(&all->lock);
  patient *p = get(all, user_id);
  sign *s = p != NULL ? &p->signs[metric] : NULL;
  if (s != NULL && (!s->is_known || ts >= s->ts)) {
    s->before = s->is_known ? s->mean : value;
    s->mean = s->is_known ? s->mean + (value - s->mean) * SHARE : value;
    s->is_known = true;
    s->value = value;
    s->ts = ts;
    s->device = device;
    see_to_alarm(all, user_id, metric, s);
  }
  pthread_mutex_unlock(&all->lock);
}

void patients_forget_alarm(patients *all, int64_t user_id,
                           bands_metric metric) {
  size_t at;
  pthread_mutex_lock(&all->lock);
  if (find(all, user_id, &at))
    all->items[at]->signs[metric].alarm = (alarm_state){.calm = 0};
  pthread_mutex_unlock(&all->lock);
}

void patients_last(patients *all, int64_t user_id,
                   vitals_last_value out[BANDS_METRICS]) {
  size_t at;
  memset(out, 0, BANDS_METRICS * sizeof *out);
  pthread_mutex_lock(&all->lock);
  if (find(all, user_id, &at))
    for (int m = 0; m < BANDS_METRICS; m++) {
      const sign *s = &all->items[at]->signs[m];
      out[m] = (vitals_last_value){
          .is_known = s->is_known,
          .value = s->value,
          .before = s->before,
          .ts = s->ts,
          .device = s->device,
          .status = bands_status_of((bands_metric)m, s->value)};
    }
  pthread_mutex_unlock(&all->lock);
}

/* ---- what is too old ------------------------------------------------------- */

/* A piece of one person's, so that readings come between. */
#define OLD                                                                    \
  "DELETE FROM vitals WHERE user_id = ?1 AND metric = ?2 AND ts <= (SELECT"    \
  " max(ts) FROM (SELECT ts FROM vitals WHERE user_id = ?1 AND metric = ?2"    \
  " AND ts < ?3 ORDER BY ts LIMIT ?4))"

/* One metric of one person; false: the store is busy, another time. */
static bool prune_next(patients *all) {
  int64_t user_id = 0, before = peal_wall_ms() - all->app->conf.keep_ms;
  size_t turn = all->turn++;
  pthread_mutex_lock(&all->lock);
  if (all->count > 0)
    user_id = all->items[turn / BANDS_METRICS % all->count]->user_id;
  pthread_mutex_unlock(&all->lock);
  return user_id != 0 &&
         peal_store_write(all->app->house.store, OLD,
                          PEAL_ARGS(peal_int(user_id),
                                    peal_int((int64_t)(turn % BANDS_METRICS)),
                                    peal_int(before), peal_int(PRUNE_ROWS)),
                          NULL, NULL) == PEAL_OK;
}

/* Everybody's comes once an hour, however many they are. */
void patients_tick(patients *all) {
  pthread_mutex_lock(&all->lock);
  size_t count = all->count * BANDS_METRICS / HOUR_SECONDS + 1;
  pthread_mutex_unlock(&all->lock);
  while (count > 0 && prune_next(all))
    count--;
}
