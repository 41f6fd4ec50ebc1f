/* SPDX-License-Identifier: MIT */
#include "readings.h"

#include <stdlib.h>
#include <string.h>

#include "devices.h"

enum {
  SENSOR_VALUES = 7,
  ANGLES = 3,
  PRUNE_ROWS = 20000,              /* of one commit, so that none takes long */
  PRUNE_STEP = 64,                 /* inserts that make room together */
  SMALL_CEILING = 16 * PRUNE_STEP, /* below it each makes its own */
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
    .max_len = PEAL_KIT_DEVICE_ID_BYTES - 1, .not_empty = true                 \
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

struct waiting;

/* What the two kinds differ in. */
typedef struct reading_kind {
  bool (*check)(peal_val body, peal_kit_refusal *out);
  void (*emit)(const struct waiting *w);
  const peal_web_field *fields; /* the values come first */
  size_t count;                 /* of values */
  const char *insert, *remove;
  device_kind counts_as; /* DEVICE_KIND_COUNT: not counted */
} reading_kind;

/* A reading between its check and its answer. */
typedef struct waiting {
  dash *app;
  const reading_kind *kind;
  peal_http_req *req; /* or */
  peal_reply *reply;  /* neither: nobody asked */
  char id[PEAL_KIT_DEVICE_ID_BYTES];
  int64_t stamp;
  peal_val values[SENSOR_VALUES]; /* numbers, or null */
} waiting;

/* ---- the answer ------------------------------------------------------- */

static void answer(waiting *w, peal_err err) {
  peal_val done = PEAL_OBJECT({"status", peal_str("success")});
  peal_val failed = PEAL_OBJECT({"status", peal_str("error")},
                                {"message", peal_str(peal_kit_words(err))});
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
  dash *app = w->app;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&app->house, "a reading was not stored", result);
  } else {
    if (!app->conf.send_first)
      w->kind->emit(w);
    if (w->kind->counts_as != DEVICE_KIND_COUNT)
      devices_count(app->devices, peal_slice_of(w->id), w->kind->counts_as);
  }
  answer(w, result->err);
}

/* ---- the two kinds ------------------------------------------------------ */

static bool check_fields(const reading_kind *kind, peal_val body,
                         peal_kit_refusal *out) {
  peal_web_problem problem;
  // the device's id follows the values
  if (peal_web_fields_check(body, kind->fields, kind->count + 1, &problem))
    return true;
  peal_kit_refusal_set(out, 422, problem.field, "%s", problem.message);
  return false;
}

static bool sensor_check(peal_val body, peal_kit_refusal *out);
static bool orientation_check(peal_val body, peal_kit_refusal *out);
static void sensor_emit(const waiting *w);
static void orientation_emit(const waiting *w);

/* ?1 rows are kept, of the older ones at most ?2 go at once. */
#define REMOVE(table)                                                          \
  "DELETE FROM " table " WHERE id IN (SELECT id FROM " table " WHERE id <="    \
  " (SELECT max(id) FROM " table ") - ?1 ORDER BY id LIMIT ?2)"

static const reading_kind sensor = {
    .check = sensor_check,
    .emit = sensor_emit,
    .fields = sensor_fields,
    .count = SENSOR_VALUES,
    .insert = "INSERT INTO readings (device_id, ts, accel_x, accel_y, accel_z,"
              " gyro_x, gyro_y, gyro_z, mic_level)"
              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    .remove = REMOVE("readings"),
    .counts_as = DEVICE_READING};
static const reading_kind orientation = {
    .check = orientation_check,
    .emit = orientation_emit,
    .fields = angle_fields,
    .count = ANGLES,
    .insert = "INSERT INTO orientations (device_id, ts, pitch, roll, yaw)"
              " VALUES (?1, ?2, ?3, ?4, ?5)",
    .remove = REMOVE("orientations"),
    .counts_as = DEVICE_KIND_COUNT};

static bool sensor_check(peal_val body, peal_kit_refusal *out) {
  if (!check_fields(&sensor, body, out))
    return false;
  for (int i = 0; i < SENSOR_VALUES; i++)
    if (peal_val_is_number(peal_val_get(body, sensor_fields[i].name)))
      return true;
  peal_kit_refusal_set(
      out, 422, NULL,
      "a reading has at least one of accel_x, accel_y, accel_z, "
      "gyro_x, gyro_y, gyro_z, mic_level");
  return false;
}

static bool orientation_check(peal_val body, peal_kit_refusal *out) {
  return check_fields(&orientation, body, out);
}

static void sensor_emit(const waiting *w) {
  peal_pair data[SENSOR_VALUES + 1];
  size_t count = 0;
  data[count++] = (peal_pair){"device_id", peal_str(w->id)};
  for (int i = 0; i < SENSOR_VALUES; i++)
    if (peal_val_is_number(w->values[i]))
      data[count++] = (peal_pair){sensor_fields[i].name, w->values[i]};
  char timestamp[25];
  peal_web_time_iso(timestamp, w->stamp);
  peal_kit_emit(&w->app->house, "sensor_update",
                PEAL_ARGS(PEAL_OBJECT({"timestamp", peal_str(timestamp)},
                                      {"data", peal_object(data, count)})));
}

static void orientation_emit(const waiting *w) {
  char timestamp[25];
  peal_web_time_iso(timestamp, w->stamp);
  peal_kit_emit(&w->app->house, "orientation_update",
                PEAL_ARGS(PEAL_OBJECT(
                    {"timestamp", peal_str(timestamp)},
                    {"device_id", peal_str(w->id)}, {"pitch", w->values[0]},
                    {"roll", w->values[1]}, {"yaw", w->values[2]})));
}

/* ---- the store ---------------------------------------------------------- */

/* Ceilings hold at any rate: each `step` inserts remove what is more than the
 * ceiling, less the next `step`, in the same commit. Twice as many may go as
 * came, so that what was over it shrinks, too, and no commit takes long. */
static peal_err store(waiting *w) {
  const reading_kind *kind = w->kind;
  dash *app = w->app;
  peal_val args[2 + SENSOR_VALUES] = {peal_str(w->id), peal_int(w->stamp)};
  memcpy(args + 2, w->values, kind->count * sizeof *args);
  peal_args insert = {args, 2 + kind->count};
  int64_t max = app->conf.max_readings;
  unsigned step = max >= SMALL_CEILING ? PRUNE_STEP : 1;
  if (atomic_fetch_add(&app->inserts[kind == &sensor], 1) % step != 0)
    return peal_store_write(app->house.store, kind->insert, insert, on_stored,
                            w);
  int64_t keep = step > 1 ? max - (int64_t)step : max;
  const peal_store_stmt both[] = {
      {kind->insert, insert},
      {kind->remove, PEAL_ARGS(peal_int(keep), peal_int(2 * (int64_t)step))}};
  return peal_store_write_all(app->house.store, both, 2, on_stored, w);
}

/* ---- the way in --------------------------------------------------------- */

/* Store and emit; `w` is taken. */
static void pass_on(waiting *w) {
  if (w->app->conf.send_first)
    w->kind->emit(w);
  peal_err err = store(w);
  if (err != PEAL_OK)
    answer(w, err);
}

static waiting *waiting_new(dash *app, const reading_kind *kind, peal_slice id,
                            int64_t stamp, peal_val body) {
  waiting *w = calloc(1, sizeof *w);
  if (w == NULL)
    return NULL;
  w->app = app;
  w->kind = kind;
  w->stamp = stamp;
  memcpy(w->id, id.ptr, id.len); // admitted: it fits
  for (size_t i = 0; i < kind->count; i++) {
    peal_val value = peal_val_get(body, kind->fields[i].name);
    w->values[i] = peal_val_is_number(value) ? value : peal_null();
  }
  return w;
}

static void on_post(peal_http_req *req, const reading_kind *kind, peal_val body,
                    dash *app) {
  gate_guest guest =
      gate_guest_of(req, peal_val_str(peal_val_get(body, "device_id")));
  peal_kit_refusal why;
  int64_t stamp;
  if (!kind->check(body, &why) || !gate_enter(app, &guest, &stamp, &why)) {
    peal_kit_refusal_answer(req, &why);
    return;
  }
  waiting *w = waiting_new(app, kind, guest.id, stamp, body);
  if (w == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  w->req = req;
  peal_http_defer(req);
  pass_on(w);
}

void readings_on_sensor(peal_http_req *req, peal_val body, void *user) {
  on_post(req, &sensor, body, user);
}

void readings_on_orientation(peal_http_req *req, peal_val body, void *user) {
  on_post(req, &orientation, body, user);
}

void readings_on_event(dash *app, const peal_event *event, gate_guest guest) {
  peal_val body = peal_event_arg(event, 0);
  guest.id = peal_val_str(peal_val_get(body, "device_id"));
  if (guest.id.len == 0)
    guest.id = PEAL_S("unknown");
  peal_kit_refusal why;
  int64_t stamp;
  waiting *w = NULL;
  if (sensor_check(body, &why) && gate_enter(app, &guest, &stamp, &why)) {
    w = waiting_new(app, &sensor, guest.id, stamp, body);
    if (w == NULL)
      peal_kit_refusal_set(&why, 503, NULL, "%s",
                           peal_kit_words(PEAL_ERR_NOMEM));
  }
  if (w == NULL) {
    peal_kit_refusal_ack(event, &why);
    return;
  }
  w->reply = peal_ack_later(event);
  pass_on(w);
}

/* ---- bounds -------------------------------------------------------------- */

static void prune(dash *app, const reading_kind *kind);

static void on_pruned(dash *app, const reading_kind *kind,
                      const peal_store_result *result) {
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&app->house, "old readings were not removed", result);
  else if (result->changes == PRUNE_ROWS) // there may be more
    prune(app, kind);
}

static void on_sensor_pruned(const peal_store_result *result, void *user) {
  on_pruned(user, &sensor, result);
}

static void on_orientation_pruned(const peal_store_result *result, void *user) {
  on_pruned(user, &orientation, result);
}

static void prune(dash *app, const reading_kind *kind) {
  peal_store_fn done =
      kind == &sensor ? on_sensor_pruned : on_orientation_pruned;
  if (peal_store_write(
          app->house.store, kind->remove,
          PEAL_ARGS(peal_int(app->conf.max_readings), peal_int(PRUNE_ROWS)),
          done, app) != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "store",
                 "old readings were not removed");
}

void readings_prune(dash *app) {
  prune(app, &sensor);
  prune(app, &orientation);
}
