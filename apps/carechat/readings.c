/* SPDX-License-Identifier: MIT */
#include "readings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <peal/kit.h>
#include <peal/kit_people.h>

#include "devices.h"
#include "patients.h"
#include "seats.h"
#include "vitals.h"

enum {
  DEFAULT_ROWS = 100,
  DEFAULT_POINTS = 300,
  MAX_POINTS = 2000,
  PIECE_ROWS = 10000, /* of one read: some ten milliseconds */
  PERSON_WALKS = 12,  /* series of one person at a time */
  METRIC_SHIFT = 40,  /* a cursor's id: metric, then the device's number */
};

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

/* ---- a question ------------------------------------------------------------ */

/* On its way; in the request's memory. */
typedef struct question {
  care *app;
  peal_http_req *req;
  bands_metric metric; /* of a series */
  int64_t limit, bucket_ms;
} question;

/* NULL: it has been answered. */
static question *begin(care *app, peal_http_req *req) {
  question *q = peal_http_req_alloc(req, sizeof *q);
  if (q == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  *q = (question){.app = app, .req = req};
  return q;
}

static void busy(peal_http_req *req) {
  peal_web_error(req, 503, "too busy at the moment, try again", NULL);
}

static void read_on(question *q, const char *sql, peal_args args,
                    peal_store_fn fn) {
  peal_err err = peal_store_read(q->app->house.store, sql, args, fn, q);
  if (err == PEAL_OK)
    peal_http_defer(q->req);
  else
    busy(q->req);
}

static bool is_read(question *q, const peal_store_result *result) {
  if (result->err == PEAL_OK)
    return true;
  peal_kit_store_failed(&q->app->house, "readings were not read", result);
  peal_web_error(q->req, 503, "the history cannot be read now, try again",
                 NULL);
  return false;
}

/* False: there is no such metric, and 422 has been answered. BANDS_METRICS: none
 * was named. */
static bool read_metric(peal_http_req *req, bands_metric *out) {
  peal_slice name = {0};
  *out = BANDS_METRICS;
  if (!peal_http_req_param(req, "metric", &name) || name.len == 0)
    return true;
  *out = bands_metric_of(name);
  if (*out < BANDS_METRICS)
    return true;
  peal_web_error(req, 422,
                 "metric must be one of heart_rate, spo2, temperature, "
                 "systolic, diastolic, respiration",
                 "metric");
  return false;
}

/* ---- pages ----------------------------------------------------------------- */

static bands_metric metric_of(peal_val row) {
  int64_t metric = peal_val_int(peal_val_get(row, "metric"), 0);
  return metric >= 0 && metric < BANDS_METRICS ? (bands_metric)metric
                                               : BANDS_HEART_RATE;
}

/* A row of the history; its cursor is its id, too. */
static peal_val row_val(peal_build *build, peal_val row, char cursor[48]) {
  char timestamp[25];
  bands_metric metric = metric_of(row);
  int64_t ts = peal_val_int(peal_val_get(row, "ts"), 0);
  peal_val device = peal_val_get(row, "device_id");
  double value = peal_val_double(peal_val_get(row, "value"), 0);
  peal_web_time_iso(timestamp, ts);
  peal_kit_span_cursor_write(cursor, ts,
                             peal_val_int(peal_val_get(row, "id"), 0));
  return peal_build_copy(
      build,
      PEAL_OBJECT(
          {"id", peal_str(cursor)}, {"metric", peal_str(bands_name(metric))},
          {"value", peal_double(value)}, {"unit", peal_str(bands_unit(metric))},
          {"timestamp", peal_str(timestamp)},
          {"status",
           peal_str(bands_status_name(bands_status_of(metric, value)))},
          {"device_id", device},
          {"simulated",
           peal_bool(peal_kit_device_id_is_simulated(peal_val_str(device)))}));
}

static void on_rows(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  peal_build *build = peal_http_req_build(q->req);
  peal_items *items = peal_items_new(build);
  size_t count = result->rows.len;
  bool has_more = (int64_t)count > q->limit;
  char cursor[48] = "";
  for (size_t i = 0; i < count - has_more; i++)
    peal_items_add(items, row_val(build, peal_val_at(result->rows, i), cursor));
  care_answer(q->req, 200,
              PEAL_OBJECT({"status", peal_str("success")},
                          {"data", peal_items_val(items)},
                          {"next", has_more ? peal_str(cursor) : peal_null()}));
}

/* One metric is one walk from its newest reading down; all of them are six, of
 * which the newest are taken. ?1 person, ?2 and ?3 the span, ?4 and ?5 the
 * cursor, ?6 how many. */
#define ID(m) "(" #m " << 40 | device)"
#define WALK(m)                                                                \
  "SELECT * FROM (SELECT " #m " AS metric, ts, value, " ID(                    \
      m) " AS id, device FROM vitals WHERE user_id = ?1 AND metric = " #m      \
         " AND ts BETWEEN ?2 AND min(?3, ?4)"                                  \
         " AND (ts < ?4 OR " ID(m) " < ?5) ORDER BY ts DESC, device DESC"      \
                                   " LIMIT ?6)"
#define PAGE(walks)                                                            \
  "SELECT v.metric, v.ts, v.value, v.id, d.device_id FROM (" walks             \
  ") AS v LEFT JOIN devices AS d ON d.no = v.device"                           \
  " ORDER BY v.ts DESC, v.id DESC LIMIT ?6"

static const char *const pages[BANDS_METRICS + 1] = {
    PAGE(WALK(0)),
    PAGE(WALK(1)),
    PAGE(WALK(2)),
    PAGE(WALK(3)),
    PAGE(WALK(4)),
    PAGE(WALK(5)),
    PAGE(WALK(0) " UNION ALL " WALK(1) " UNION ALL " WALK(2) " UNION ALL " WALK(
        3) " UNION ALL " WALK(4) " UNION ALL " WALK(5)),
};

void readings_on_list(peal_http_req *req, void *user) {
  peal_kit_span asked;
  bands_metric metric;
  if (!read_metric(req, &metric) ||
      !peal_kit_span_read(&asked, req, DEFAULT_ROWS))
    return;
  question *q = begin(user, req);
  if (q == NULL)
    return;
  q->limit = asked.limit;
  read_on(q, pages[metric],
          PEAL_ARGS(peal_int(peal_kit_people_of(req)->id),
                    peal_int(asked.since), peal_int(asked.until),
                    peal_int(asked.before_ts), peal_int(asked.before_id),
                    peal_int(asked.limit + 1)),
          on_rows);
}

/* ---- the last of each ------------------------------------------------------ */

static peal_val pair_val(peal_build *build, double low, double high) {
  return peal_build_keep(
      build, PEAL_ARRAY(isfinite(low) ? peal_double(low) : peal_null(),
                        isfinite(high) ? peal_double(high) : peal_null()));
}

static peal_val bands_val(peal_build *build) {
  peal_pairs *pairs = peal_pairs_new(build);
  for (int m = 0; m < BANDS_METRICS; m++) {
    const bands_range *r = bands_range_of((bands_metric)m);
    peal_pairs_add(
        pairs, bands_name((bands_metric)m),
        peal_build_keep(
            build, PEAL_OBJECT({"unit", peal_str(bands_unit((bands_metric)m))},
                               {"normal",
                                pair_val(build, r->normal_low, r->normal_high)},
                               {"warning", pair_val(build, r->low, r->high)})));
  }
  return peal_pairs_val(pairs);
}

static peal_val last_val(care *app, peal_build *build, bands_metric metric,
                         const vitals_last_value *last) {
  char timestamp[25], id[PEAL_KIT_DEVICE_ID_BYTES] = "";
  bool is_known = devices_id(app->devices, last->device, id);
  peal_web_time_iso(timestamp, last->ts);
  return peal_build_copy(
      build,
      PEAL_OBJECT({"metric", peal_str(bands_name(metric))},
                  {"value", peal_double(last->value)},
                  {"unit", peal_str(bands_unit(metric))},
                  {"timestamp", peal_str(timestamp)},
                  {"status", peal_str(bands_status_name(last->status))},
                  {"device_id", is_known ? peal_str(id) : peal_null()},
                  {"simulated", peal_bool(peal_kit_device_id_is_simulated(
                                    peal_slice_of(id)))}));
}

void readings_on_latest(peal_http_req *req, void *user) {
  vitals_last_value last[BANDS_METRICS];
  peal_build *build = peal_http_req_build(req);
  peal_items *items = peal_items_new(build);
  vitals_last(user, peal_kit_people_of(req)->id, last);
  for (int m = 0; m < BANDS_METRICS; m++)
    if (last[m].is_known)
      peal_items_add(items, last_val(user, build, (bands_metric)m, &last[m]));
  care_answer(req, 200,
              PEAL_OBJECT({"status", peal_str("success")},
                          {"data", peal_items_val(items)},
                          {"bands", bands_val(build)}));
}

/* ---- long spans ------------------------------------------------------------ */

/* One that is walked through, piece by piece, so that others are read for in
 * between; in the request's memory. */
typedef struct bucket {
  int64_t rows;
  double min, max, sum;
} bucket;

typedef struct walk {
  question *asked;
  char seat[40];
  int64_t user_id;
  int64_t next, to;     /* what is left of the span */
  int64_t first, count; /* buckets, of which the first begins at first *
                           bucket_ms */
  bucket *buckets;
} walk;

/* From ?3 to the moment `stop`, which ?6 rows lie before, at most to ?5; at
 * least one millisecond, however many rows have the same. */
#define OF "FROM vitals WHERE user_id = ?1 AND metric = ?2 AND ts >= ?3 AND ts "
#define PIECE                                                                  \
  "WITH piece(stop) AS (SELECT coalesce((SELECT max(ts, ?3 + 1) " OF           \
  "<= ?5 ORDER BY ts LIMIT 1 OFFSET ?6), ?5 + 1)) SELECT ts / ?4 AS bucket,"   \
  " (SELECT stop FROM piece) AS stop, count(*) AS rows, min(value) AS min,"    \
  " total(value) AS sum, max(value) AS max " OF                                \
  "< (SELECT stop FROM piece) GROUP BY bucket"

static const char *const columns[] = {"ts", "rows", "min", "mean", "max"};

enum { COLUMNS = sizeof columns / sizeof *columns };

static peal_val column_val(const walk *w, size_t column, int64_t at) {
  const bucket *b = &w->buckets[at];
  const peal_val all[COLUMNS] = {
      peal_int((w->first + at) * w->asked->bucket_ms), peal_int(b->rows),
      peal_double(b->min),
      // three decimals are more than is measured
      peal_double(round(b->sum / (double)b->rows * 1000) / 1000),
      peal_double(b->max)};
  return all[column];
}

static void answer_series(const walk *w) {
  question *q = w->asked;
  peal_build *build = peal_http_req_build(q->req);
  peal_pairs *data = peal_pairs_new(build);
  int64_t rows = 0;
  for (size_t c = 0; c < COLUMNS; c++) {
    peal_items *items = peal_items_new(build);
    for (int64_t i = 0; i < w->count; i++)
      if (w->buckets[i].rows > 0)
        peal_items_add(items, column_val(w, c, i));
    rows = (int64_t)peal_items_count(items);
    peal_pairs_add(data, columns[c], peal_items_val(items));
  }
  care_answer(q->req, 200,
              PEAL_OBJECT({"status", peal_str("success")},
                          {"metric", peal_str(bands_name(q->metric))},
                          {"bucket_ms", peal_int(q->bucket_ms)},
                          {"rows", peal_int(rows)},
                          {"data", peal_pairs_val(data)}));
}

static void add_row(walk *w, peal_val row) {
  int64_t at = peal_val_int(peal_val_get(row, "bucket"), -1) - w->first;
  int64_t rows = peal_val_int(peal_val_get(row, "rows"), 0);
  double min = peal_val_double(peal_val_get(row, "min"), 0);
  double max = peal_val_double(peal_val_get(row, "max"), 0);
  if (at < 0 || at >= w->count || rows <= 0)
    return;
  bucket *b = &w->buckets[at];
  b->min = b->rows == 0 || min < b->min ? min : b->min;
  b->max = b->rows == 0 || max > b->max ? max : b->max;
  b->sum += peal_val_double(peal_val_get(row, "sum"), 0);
  b->rows += rows;
}

static void end_walk(walk *w) {
  seats_give(w->asked->app->seats, peal_slice_of(w->seat));
}

static void on_piece(const peal_store_result *result, void *user);

static peal_err next_piece(walk *w) {
  question *q = w->asked;
  return peal_store_read(q->app->house.store, PIECE,
                         PEAL_ARGS(peal_int(w->user_id), peal_int(q->metric),
                                   peal_int(w->next), peal_int(q->bucket_ms),
                                   peal_int(w->to), peal_int(PIECE_ROWS)),
                         on_piece, w);
}

static void on_piece(const peal_store_result *result, void *user) {
  walk *w = user;
  bool is_good = is_read(w->asked, result);
  for (size_t i = 0; is_good && i < result->rows.len; i++)
    add_row(w, peal_val_at(result->rows, i));
  // without rows nothing is left, too
  w->next = peal_val_int(peal_val_get(peal_val_at(result->rows, 0), "stop"),
                         w->to + 1);
  if (is_good && w->next <= w->to) {
    if (!peal_http_req_is_aborted(w->asked->req) && next_piece(w) == PEAL_OK)
      return;
    is_good = false;
    busy(w->asked->req);
  }
  end_walk(w);
  if (is_good)
    answer_series(w);
}

static void begin_walk(question *q, int64_t from, int64_t to) {
  int64_t first = from / q->bucket_ms, count = to / q->bucket_ms - first + 1;
  walk *w = peal_http_req_alloc(q->req, sizeof *w);
  size_t size = (size_t)count * sizeof *w->buckets;
  bucket *buckets = w != NULL ? peal_http_req_alloc(q->req, size) : NULL;
  if (buckets == NULL) {
    peal_web_error_of(q->req, PEAL_ERR_NOMEM);
    return;
  }
  memset(buckets, 0, size);
  *w = (walk){.asked = q,
              .user_id = peal_kit_people_of(q->req)->id,
              .next = from,
              .to = to,
              .first = first,
              .count = count,
              .buckets = buckets};
  snprintf(w->seat, sizeof w->seat, "series %lld", (long long)w->user_id);
  if (!seats_take(q->app->seats, peal_slice_of(w->seat), PERSON_WALKS)) {
    (void)peal_http_answer_header(q->req, "Retry-After", PEAL_S("1"));
    peal_web_error(q->req, 429, "too many series at once, try again", NULL);
  } else if (next_piece(w) == PEAL_OK) {
    peal_http_defer(q->req);
  } else {
    end_walk(w);
    busy(q->req);
  }
}

void readings_on_series(peal_http_req *req, void *user) {
  peal_kit_span asked;
  bands_metric metric;
  int64_t points;
  if (!read_metric(req, &metric) ||
      !peal_kit_span_read(&asked, req, DEFAULT_ROWS) ||
      !peal_web_query_int(req, "points", DEFAULT_POINTS, 1, MAX_POINTS,
                          &points))
    return;
  if (metric == BANDS_METRICS) {
    peal_web_error(req, 422, "metric is needed: of one at a time", "metric");
    return;
  }
  int64_t now_ms = peal_wall_ms();
  int64_t to = asked.until < now_ms ? asked.until : now_ms;
  int64_t from = asked.since > 0 ? asked.since : to - DAY_MS;
  if (from >= to) {
    peal_web_error(req, 422, "from must be before to", "from");
    return;
  }
  question *q = begin(user, req);
  if (q == NULL)
    return;
  q->metric = metric;
  // buckets that stay where they are, whenever one asks
  q->bucket_ms = (to - from) / points + 1;
  begin_walk(q, from, to);
}
