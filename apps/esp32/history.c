/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "devices.h"
#include "media.h"

enum { DEFAULT_ROWS = 100 };

static const char *const motion[] = {"accel_x",   "accel_y", "accel_z",
                                     "gyro_x",    "gyro_y",  "gyro_z",
                                     "mic_level", NULL};
static const char *const angles[] = {"pitch", "roll", "yaw", NULL};

static const peal_kit_history readings = {
    .table = "readings",
    .columns = "device_id, accel_x, accel_y, accel_z, gyro_x, gyro_y, gyro_z,"
               " mic_level",
    .device = "device_id",
    .file = "sensor-data",
    .head = "timestamp,device_id,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z,"
            "mic_level",
    .plotted = motion};
static const peal_kit_history orientations = {
    .table = "orientations",
    .columns = "device_id, pitch, roll, yaw",
    .device = "device_id",
    .file = "orientation-data",
    .head = "timestamp,device_id,pitch,roll,yaw",
    .plotted = angles};
static const peal_kit_history images = {
    .table = "images",
    .columns = "id AS image_id, device_id, '" MEDIA_URL
               "' || file AS url, '" MEDIA_THUMBS_URL
               "' || file AS thumb_url, width, height, bytes, caption,"
               " analysis_ms",
    .device = "device_id"};
static const peal_kit_history audio = {
    .table = "audio",
    .columns = "id AS audio_id, device_id, '" MEDIA_URL "' || file AS url,"
               " bytes, duration_ms, sample_rate, channels, rms_db, peak_db",
    .device = "device_id"};
/* A file has the device first, and no thumbnails. */
static const peal_kit_history image_file = {
    .table = "images",
    .columns = "device_id, id AS image_id, '" MEDIA_URL
               "' || file AS url, width, height, bytes, caption, analysis_ms",
    .device = "device_id",
    .head = "timestamp,device_id,image_id,url,width,height,bytes,caption,"
            "analysis_ms"};
static const peal_kit_history audio_file = {
    .table = "audio",
    .columns = "device_id, id AS audio_id, '" MEDIA_URL "' || file AS url,"
               " bytes, duration_ms, sample_rate, channels, rms_db, peak_db",
    .device = "device_id",
    .head = "timestamp,device_id,audio_id,url,bytes,duration_ms,sample_rate,"
            "channels,rms_db,peak_db"};

/* ---- pages ----------------------------------------------------------------- */

static void page(peal_http_req *req, dash *app, const peal_kit_history *of) {
  peal_kit_history_page(&app->house, req, of, peal_undefined(), DEFAULT_ROWS);
}

void history_on_sensor(peal_http_req *req, void *user) {
  page(req, user, &readings);
}

void history_on_orientation(peal_http_req *req, void *user) {
  page(req, user, &orientations);
}

void history_on_images(peal_http_req *req, void *user) {
  page(req, user, &images);
}

void history_on_audio(peal_http_req *req, void *user) {
  page(req, user, &audio);
}

/* ---- series ---------------------------------------------------------------- */

static void series(peal_http_req *req, dash *app, const peal_kit_history *of) {
  peal_kit_history_series(&app->house, req, of, peal_undefined(), &app->series);
}

void history_series_on_sensor(peal_http_req *req, void *user) {
  series(req, user, &readings);
}

void history_series_on_orientation(peal_http_req *req, void *user) {
  series(req, user, &orientations);
}

/* ---- files ----------------------------------------------------------------- */

static void file(peal_http_req *req, dash *app, const peal_kit_history *of) {
  peal_kit_history_file(&app->house, req, of, peal_undefined(), &app->exports);
}

void history_file_on_sensor(peal_http_req *req, void *user) {
  file(req, user, &readings);
}

void history_file_on_orientation(peal_http_req *req, void *user) {
  file(req, user, &orientations);
}

void history_file_on_images(peal_http_req *req, void *user) {
  file(req, user, &image_file);
}

void history_file_on_audio(peal_http_req *req, void *user) {
  file(req, user, &audio_file);
}

/* ---- devices --------------------------------------------------------------------- */

/* Devices have no id that rises: the cursor counts those that were shown. */
static bool is_wanted(const peal_kit_span *asked, const device_info *info) {
  return info->seen.last_seen >= asked->since &&
         info->seen.last_seen <= asked->until &&
         (asked->device_id.len == 0 ||
          peal_slice_is(asked->device_id, info->seen.id));
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
  peal_kit_history_answer(req, peal_items_val(items), has_more ? next : NULL);
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
