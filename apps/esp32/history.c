/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "devices.h"
#include "media.h"
#include "thumbs.h"

enum { DEFAULT_ROWS = 100 };

/* One history: the same question of all devices and of one. Each is answered
 * by one walk along an index. */
typedef struct source {
  const char *of_all, *of_one;
} source;

/* `until` and the cursor are one upper bound: of two, the index may be entered
 * at the wrong one, and each page walks over all before it. */
#define NEWEST(columns, table, where)                                          \
  "SELECT " columns " FROM " table " WHERE " where                             \
  " ts >= ?1 AND (ts, id) < (?2, ?3) ORDER BY ts DESC, id DESC LIMIT ?4"
#define HISTORY(columns, table)                                                \
  { NEWEST(columns, table, ""), NEWEST(columns, table, "device_id = ?5 AND") }

static const source readings =
    HISTORY("id, ts, device_id, accel_x, accel_y, accel_z, gyro_x, gyro_y,"
            " gyro_z, mic_level",
            "readings");
static const source orientations =
    HISTORY("id, ts, device_id, pitch, roll, yaw", "orientations");
static const source images = HISTORY(
    "id, ts, id AS image_id, device_id, '" MEDIA_URL
    "' || file AS url, '" THUMBS_URL
    "' || file AS thumb_url, width, height, bytes, caption, analysis_ms",
    "images");
static const source audio =
    HISTORY("id, ts, id AS audio_id, device_id, '" MEDIA_URL "' || file AS url,"
            " bytes, duration_ms, sample_rate, channels, rms_db, peak_db",
            "audio");

/* A question on its way. */
typedef struct question {
  dash *app;
  peal_http_req *req;
  int64_t limit;
} question;

/* ---- the answer --------------------------------------------------------------- */

static void answer_page(peal_http_req *req, peal_val data, const char *next) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"status", peal_str("success")}, {"data", data},
                  {"next", next != NULL ? peal_str(next) : peal_null()}));
}

/* The row without its first two columns, which become `timestamp`. */
static peal_val row_val(peal_build *build, peal_val row) {
  char timestamp[25];
  peal_web_time_iso(timestamp, peal_val_int(row.as.pairs[1].value, 0));
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "timestamp",
                 peal_build_copy(build, peal_str(timestamp)));
  for (uint32_t i = 2; i < row.len; i++)
    peal_pairs_add(pairs, row.as.pairs[i].key, row.as.pairs[i].value);
  return peal_pairs_val(pairs);
}

static void answer_rows(peal_http_req *req, peal_val rows, int64_t limit) {
  size_t count = rows.len < (size_t)limit ? rows.len : (size_t)limit;
  peal_build *build = peal_http_req_build(req);
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < count; i++)
    peal_items_add(items, row_val(build, peal_val_at(rows, i)));
  char next[48];
  bool has_more = rows.len > count;
  if (has_more) {
    peal_val last = peal_val_at(rows, count - 1);
    peal_kit_span_cursor_write(next, peal_val_int(peal_val_get(last, "ts"), 0),
                               peal_val_int(peal_val_get(last, "id"), 0));
  }
  answer_page(req, peal_items_val(items), has_more ? next : NULL);
}

static void on_rows(const peal_store_result *result, void *user) {
  question *q = user;
  if (result->err == PEAL_OK) {
    answer_rows(q->req, result->rows, q->limit);
    return;
  }
  peal_kit_store_failed(&q->app->house, "history was not read", result);
  peal_web_error_of(q->req, result->err);
}

/* ---- the question --------------------------------------------------------------- */

static void ask(peal_http_req *req, dash *app, const source *from) {
  peal_kit_span asked;
  if (!peal_kit_span_read(&asked, req, DEFAULT_ROWS))
    return;
  question *q = peal_http_req_alloc(req, sizeof *q);
  if (q == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *q = (question){app, req, asked.limit};
  peal_http_defer(req);
  bool is_one = asked.device_id.len > 0;
  bool is_before = asked.before_ts <= asked.until;
  // one row more than wanted tells whether there is another page
  const peal_val args[] = {peal_int(asked.since),
                           peal_int(is_before ? asked.before_ts : asked.until),
                           peal_int(is_before ? asked.before_id : INT64_MAX),
                           peal_int(asked.limit + 1),
                           peal_str_slice(asked.device_id)};
  peal_err err =
      peal_store_read(app->house.store, is_one ? from->of_one : from->of_all,
                      (peal_args){args, is_one ? 5 : 4}, on_rows, q);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}

void history_on_sensor(peal_http_req *req, void *user) {
  ask(req, user, &readings);
}

void history_on_orientation(peal_http_req *req, void *user) {
  ask(req, user, &orientations);
}

void history_on_images(peal_http_req *req, void *user) {
  ask(req, user, &images);
}

void history_on_audio(peal_http_req *req, void *user) {
  ask(req, user, &audio);
}

/* ---- devices --------------------------------------------------------------------- */

/* Devices have no id that rises: the cursor counts those that were shown. */
static bool is_wanted(const peal_kit_span *asked, const device_info *info) {
  return info->last_seen >= asked->since && info->last_seen <= asked->until &&
         (asked->device_id.len == 0 ||
          peal_slice_is(asked->device_id, info->id));
}

static void answer_devices(peal_http_req *req, dash *app,
                           const peal_kit_span *asked, const device_info *list,
                           size_t count) {
  size_t limit = (size_t)asked->limit, rows = 0;
  int64_t skip = asked->before_id == INT64_MAX ? 0 : asked->before_id, seen = 0;
  limit = limit < count ? limit : count;
  peal_build *build = peal_http_req_build(req);
  peal_items *items = peal_items_new(build);
  bool has_more = false;
  for (size_t i = 0; i < count && !has_more; i++) {
    if (!is_wanted(asked, &list[i]) || seen++ < skip)
      continue;
    has_more = rows == limit;
    if (!has_more) {
      peal_items_add(items, devices_value(app, &list[i], build));
      rows++;
    }
  }
  char next[48];
  peal_kit_span_cursor_write(next, 0, skip + (int64_t)rows);
  answer_page(req, peal_items_val(items), has_more ? next : NULL);
}

void history_on_devices(peal_http_req *req, void *user) {
  dash *app = user;
  peal_kit_span asked;
  device_info *list;
  size_t count;
  if (!peal_kit_span_read(&asked, req, PEAL_KIT_SPAN_MAX_ROWS))
    return;
  peal_err err = devices_list(app->devices, &list, &count);
  if (err != PEAL_OK) {
    peal_web_error_of(req, err);
    return;
  }
  answer_devices(req, app, &asked, list, count);
  free(list);
}
