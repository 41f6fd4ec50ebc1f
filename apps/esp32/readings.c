/* SPDX-License-Identifier: MIT */
#include "readings.h"

#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "gate.h"

enum {
  SENSOR_VALUES = 7,
  ANGLES = 3,
  PRUNE_ROWS = 20000, /* of one commit, so that none takes long */
};

/* Generous, as units are the device's: raw counts of a 16-bit sensor pass. */
#define MOTION(field_name)                                                     \
  {                                                                            \
    .name = field_name, .type = PEAL_DOUBLE, .optional = true, .min = -40000,  \
    .max = 40000                                                               \
  }
#define ANGLE(field_name)                                                      \
  { .name = field_name, .type = PEAL_DOUBLE, .min = -360, .max = 360 }
#define DEVICE_ID                                                              \
  {                                                                            \
    .name = "device_id", .type = PEAL_STRING, .optional = true,                \
    .max_len = DEVICES_ID_BYTES - 1, .not_empty = true                         \
  }

static const peal_web_field sensor_fields[] = {
    MOTION("accel_x"),
    MOTION("accel_y"),
    MOTION("accel_z"),
    MOTION("gyro_x"),
    MOTION("gyro_y"),
    MOTION("gyro_z"),
    {.name = "mic_level",
     .type = PEAL_DOUBLE,
     .optional = true,
     .min = 0,
     .max = 65535},
    DEVICE_ID,
};

static const peal_web_field angle_fields[] = {ANGLE("pitch"), ANGLE("roll"),
                                              ANGLE("yaw"), DEVICE_ID};

/* A reading between its check and its answer. */
typedef struct waiting {
  dash *app;
  peal_http_req *req; /* or */
  peal_reply *reply;  /* neither: nobody asked */
  char id[DEVICES_ID_BYTES];
  device_kind kind; /* DEVICE_KIND_COUNT: not counted */
} waiting;

/* ---- the answer ------------------------------------------------------- */

static void answer(waiting *w, peal_err err) {
  peal_val done = PEAL_OBJECT({"status", peal_str("success")});
  peal_val failed = PEAL_OBJECT({"status", peal_str("error")},
                                {"message", peal_str(dash_words(err))});
  if (w->reply != NULL)
    (void)peal_reply_send(w->reply, PEAL_ARGS(err == PEAL_OK ? done : failed));
  else if (w->req != NULL && err == PEAL_OK)
    peal_http_answer_json(w->req, 200, done);
  else if (w->req != NULL)
    peal_web_error_of(w->req, err);
  free(w);
}

static void on_stored(const peal_store_result *result, void *user) {
  waiting *w = user;
  if (result->err != PEAL_OK)
    dash_store_failed(w->app, "a reading was not stored", result);
  else if (w->kind != DEVICE_KIND_COUNT)
    devices_count(w->app->devices, peal_slice_of(w->id), w->kind);
  answer(w, result->err);
}

/* ---- sensor data ------------------------------------------------------- */

static bool sensor_check(peal_val body, refusal *out) {
  peal_web_problem problem;
  if (!peal_web_fields_check(body, sensor_fields, SENSOR_VALUES + 1,
                             &problem)) {
    refusal_set(out, 422, problem.field, "%s", problem.message);
    return false;
  }
  for (int i = 0; i < SENSOR_VALUES; i++)
    if (peal_val_is_number(peal_val_get(body, sensor_fields[i].name)))
      return true;
  refusal_set(out, 422, NULL,
              "a reading has at least one of accel_x, accel_y, accel_z, "
              "gyro_x, gyro_y, gyro_z, mic_level");
  return false;
}

static void sensor_emit(dash *app, peal_slice id, int64_t stamp,
                        peal_val body) {
  peal_pair data[SENSOR_VALUES + 1];
  size_t count = 0;
  data[count++] = (peal_pair){"device_id", peal_str_slice(id)};
  for (int i = 0; i < SENSOR_VALUES; i++) {
    peal_val value = peal_val_get(body, sensor_fields[i].name);
    if (peal_val_is_number(value))
      data[count++] = (peal_pair){sensor_fields[i].name, value};
  }
  char timestamp[25];
  peal_web_time_iso(timestamp, stamp);
  dash_emit(app, "sensor_update",
            PEAL_ARGS(PEAL_OBJECT({"timestamp", peal_str(timestamp)},
                                  {"data", peal_object(data, count)})));
}

static peal_err sensor_store(waiting *w, int64_t stamp, peal_val body) {
  peal_val args[2 + SENSOR_VALUES] = {peal_str(w->id), peal_int(stamp)};
  for (int i = 0; i < SENSOR_VALUES; i++) {
    peal_val value = peal_val_get(body, sensor_fields[i].name);
    args[2 + i] = peal_val_is_number(value) ? value : peal_null();
  }
  return peal_store_write(
      w->app->store,
      "INSERT INTO readings (device_id, ts, accel_x, accel_y, accel_z, gyro_x,"
      " gyro_y, gyro_z, mic_level) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      (peal_args){args, 2 + SENSOR_VALUES}, on_stored, w);
}

/* ---- orientation ------------------------------------------------------- */

static bool orientation_check(peal_val body, refusal *out) {
  peal_web_problem problem;
  if (peal_web_fields_check(body, angle_fields, ANGLES + 1, &problem))
    return true;
  refusal_set(out, 422, problem.field, "%s", problem.message);
  return false;
}

static void orientation_emit(dash *app, peal_slice id, int64_t stamp,
                             peal_val body) {
  char timestamp[25];
  peal_web_time_iso(timestamp, stamp);
  dash_emit(app, "orientation_update",
            PEAL_ARGS(PEAL_OBJECT({"timestamp", peal_str(timestamp)},
                                  {"device_id", peal_str_slice(id)},
                                  {"pitch", peal_val_get(body, "pitch")},
                                  {"roll", peal_val_get(body, "roll")},
                                  {"yaw", peal_val_get(body, "yaw")})));
}

static peal_err orientation_store(waiting *w, int64_t stamp, peal_val body) {
  return peal_store_write(
      w->app->store,
      "INSERT INTO orientations (device_id, ts, pitch, roll, yaw)"
      " VALUES (?1, ?2, ?3, ?4, ?5)",
      PEAL_ARGS(peal_str(w->id), peal_int(stamp), peal_val_get(body, "pitch"),
                peal_val_get(body, "roll"), peal_val_get(body, "yaw")),
      on_stored, w);
}

/* ---- the way in --------------------------------------------------------- */

/* What the two kinds differ in. */
typedef struct reading_kind {
  bool (*check)(peal_val body, refusal *out);
  peal_err (*store)(waiting *w, int64_t stamp, peal_val body);
  void (*emit)(dash *app, peal_slice id, int64_t stamp, peal_val body);
  device_kind counts_as;
} reading_kind;

static const reading_kind sensor = {sensor_check, sensor_store, sensor_emit,
                                    DEVICE_READING};
static const reading_kind orientation = {orientation_check, orientation_store,
                                         orientation_emit, DEVICE_KIND_COUNT};

/* Is it to be taken? Fills *stamp. */
static bool admit(dash *app, const reading_kind *kind, peal_slice id,
                  peal_slice key, peal_val body, int64_t *stamp, refusal *out) {
  if (!kind->check(body, out) || !gate_enter(app, id, key, out))
    return false;
  peal_err err = devices_heard(app->devices, id, stamp);
  if (err == PEAL_OK)
    return true;
  if (err == PEAL_ERR_LIMIT) {
    refusal_set(out, 429, NULL, "there are too many devices");
    out->retry_ms = 60000;
  } else {
    refusal_set(out, 503, NULL, "%s", dash_words(err));
  }
  return false;
}

/* Emit and store; `w` is taken. */
static void pass_on(waiting *w, const reading_kind *kind, int64_t stamp,
                    peal_val body) {
  dash *app = w->app;
  peal_slice id = peal_slice_of(w->id);
  kind->emit(app, id, stamp, body);
  peal_err err = kind->store(w, stamp, body);
  if (err != PEAL_OK)
    answer(w, err);
}

static waiting *waiting_new(dash *app, const reading_kind *kind,
                            peal_slice id) {
  waiting *w = calloc(1, sizeof *w);
  if (w == NULL)
    return NULL;
  w->app = app;
  w->kind = kind->counts_as;
  memcpy(w->id, id.ptr, id.len); // admitted: it fits
  return w;
}

static void on_post(peal_http_req *req, const reading_kind *kind, peal_val body,
                    dash *app) {
  peal_slice id =
      gate_device_id(req, peal_val_str(peal_val_get(body, "device_id")));
  refusal why;
  int64_t stamp;
  if (!admit(app, kind, id, gate_key(req), body, &stamp, &why)) {
    refusal_answer(req, &why);
    return;
  }
  waiting *w = waiting_new(app, kind, id);
  if (w == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  w->req = req;
  peal_http_defer(req);
  pass_on(w, kind, stamp, body);
}

void readings_on_sensor(peal_http_req *req, peal_val body, void *user) {
  on_post(req, &sensor, body, user);
}

void readings_on_orientation(peal_http_req *req, peal_val body, void *user) {
  on_post(req, &orientation, body, user);
}

void readings_on_event(dash *app, const peal_event *event, peal_slice key) {
  peal_val body = peal_event_arg(event, 0);
  peal_slice id = peal_val_str(peal_val_get(body, "device_id"));
  if (id.len == 0)
    id = PEAL_S("unknown");
  refusal why;
  int64_t stamp;
  peal_pair pairs[3];
  if (!admit(app, &sensor, id, key, body, &stamp, &why)) {
    (void)peal_ack(event, PEAL_ARGS(refusal_value(&why, pairs)));
    return;
  }
  waiting *w = waiting_new(app, &sensor, id);
  if (w == NULL) {
    refusal_set(&why, 503, NULL, "%s", dash_words(PEAL_ERR_NOMEM));
    (void)peal_ack(event, PEAL_ARGS(refusal_value(&why, pairs)));
    return;
  }
  w->reply = peal_ack_later(event);
  pass_on(w, &sensor, stamp, body);
}

/* ---- bounds -------------------------------------------------------------- */

void readings_prune(dash *app) {
  static const char *const sql[] = {
      "DELETE FROM readings WHERE id IN (SELECT id FROM readings WHERE id <="
      " (SELECT max(id) FROM readings) - ?1 ORDER BY id LIMIT ?2)",
      "DELETE FROM orientations WHERE id IN (SELECT id FROM orientations WHERE"
      " id <= (SELECT max(id) FROM orientations) - ?1 ORDER BY id LIMIT ?2)",
  };
  for (int i = 0; i < 2; i++)
    if (peal_store_write(
            app->store, sql[i],
            PEAL_ARGS(peal_int(app->conf.max_readings), peal_int(PRUNE_ROWS)),
            NULL, NULL) != PEAL_OK)
      dash_log(app, PEAL_LOG_WARN, "store", "old readings were not removed");
}
