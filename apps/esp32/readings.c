/* SPDX-License-Identifier: MIT */
#include "readings.h"

#include <stdlib.h>
#include <string.h>

#include "devices.h"

enum {
  READING_BYTES = 16384, /* a reading has a few hundred */
  SENSOR_VALUES = 7,
  ANGLES = 3,
  PRUNE_ROWS = 20000,              /* of one commit, so that none takes long */
  PRUNE_STEP = 64,                 /* inserts that make room together */
  SMALL_CEILING = 16 * PRUNE_STEP, /* below it each makes its own */
};

/* Generous, as units are the device's: raw counts of a 16-bit sensor pass. */
#define MOTION                                                                 \
  .type = PEAL_DOUBLE, .optional = true,                                       \
  .range = PEAL_KIT_BETWEEN(-40000, 40000)
#define ANGLE .type = PEAL_DOUBLE, .range = PEAL_KIT_BETWEEN(-360, 360)
#define DEVICE_ID                                                              \
  {                                                                            \
    .name = "device_id", .type = PEAL_STRING, .optional = true, .min_len = 1,  \
    .max_len = PEAL_KIT_DEVICE_ID_BYTES - 1                                    \
  }

/* The values come first, the device's id follows them. */
static const peal_kit_field sensor_fields[] = {
    {.name = "accel_x", MOTION},
    {.name = "accel_y", MOTION},
    {.name = "accel_z", MOTION},
    {.name = "gyro_x", MOTION},
    {.name = "gyro_y", MOTION},
    {.name = "gyro_z", MOTION},
    {.name = "mic_level",
     .type = PEAL_DOUBLE,
     .optional = true,
     .range = PEAL_KIT_BETWEEN(0, 65535)},
    DEVICE_ID,
    {0}};

static const peal_kit_field angle_fields[] = {{.name = "pitch", ANGLE},
                                              {.name = "roll", ANGLE},
                                              {.name = "yaw", ANGLE},
                                              DEVICE_ID,
                                              {0}};

/* What the two kinds differ in. */
typedef struct reading_kind {
  const char *event;
  /* What the event tells: the time, the device, the values (numbers, or
   * null). */
  peal_val (*tell)(peal_build *build, peal_val time, const char *id,
                   const peal_val *values);
  const peal_kit_field *fields;
  size_t count; /* of values */
  const char *insert, *remove;
  device_kind counts_as; /* DEVICE_KIND_COUNT: not counted */
} reading_kind;

/* ---- the two kinds ------------------------------------------------------ */

static peal_val sensor_tell(peal_build *build, peal_val time, const char *id,
                            const peal_val *values) {
  peal_pairs *data = peal_pairs_new(build);
  peal_pairs_add(data, "device_id", peal_str(id));
  for (int i = 0; i < SENSOR_VALUES; i++)
    if (peal_val_is_number(values[i]))
      peal_pairs_add(data, sensor_fields[i].name, values[i]);
  return peal_build_keep(
      build, PEAL_OBJECT({"timestamp", time}, {"data", peal_pairs_val(data)}));
}

static peal_val orientation_tell(peal_build *build, peal_val time,
                                 const char *id, const peal_val *values) {
  return peal_build_keep(
      build, PEAL_OBJECT({"timestamp", time}, {"device_id", peal_str(id)},
                         {"pitch", values[0]}, {"roll", values[1]},
                         {"yaw", values[2]}));
}

/* ?1 rows are kept, of the older ones at most ?2 go at once. */
#define REMOVE(table)                                                          \
  "DELETE FROM " table " WHERE id IN (SELECT id FROM " table " WHERE id <="    \
  " (SELECT max(id) FROM " table ") - ?1 ORDER BY id LIMIT ?2)"

static const reading_kind sensor = {
    .event = "sensor_update",
    .tell = sensor_tell,
    .fields = sensor_fields,
    .count = SENSOR_VALUES,
    .insert = "INSERT INTO readings (device_id, ts, accel_x, accel_y, accel_z,"
              " gyro_x, gyro_y, gyro_z, mic_level)"
              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    .remove = REMOVE("readings"),
    .counts_as = DEVICE_READING};
static const reading_kind orientation = {
    .event = "orientation_update",
    .tell = orientation_tell,
    .fields = angle_fields,
    .count = ANGLES,
    .insert = "INSERT INTO orientations (device_id, ts, pitch, roll, yaw)"
              " VALUES (?1, ?2, ?3, ?4, ?5)",
    .remove = REMOVE("orientations"),
    .counts_as = DEVICE_KIND_COUNT};

/* ---- the store ---------------------------------------------------------- */

/* A reading between its check and its answer. */
typedef struct waiting {
  dash *app;
  const reading_kind *kind;
  char id[PEAL_KIT_DEVICE_ID_BYTES];
} waiting;

static bool on_stored(peal_kit_ask *ask, const peal_store_result *result,
                      void *user) {
  const waiting *w = user;
  (void)ask, (void)result;
  if (w->kind->counts_as != DEVICE_KIND_COUNT)
    devices_count(w->app->devices, peal_slice_of(w->id), w->kind->counts_as);
  return true;
}

/* Ceilings hold at any rate: each `step` inserts remove what is more than the
 * ceiling, less the next `step`, in the same commit. Twice as many may go as
 * came, so that what was over it shrinks, too, and no commit takes long. The
 * removal stands in front: the result is that of the insert. */
static void store(peal_kit_ask *ask, waiting *w, peal_args insert,
                  peal_val told) {
  const reading_kind *kind = w->kind;
  dash *app = w->app;
  int64_t max = app->conf.max_readings;
  unsigned step = max >= SMALL_CEILING ? PRUNE_STEP : 1;
  bool makes_room =
      atomic_fetch_add(&app->inserts[kind == &sensor], 1) % step == 0;
  int64_t keep = step > 1 ? max - (int64_t)step : max - 1;
  const peal_store_stmt stmts[] = {
      {kind->remove, PEAL_ARGS(peal_int(keep), peal_int(2 * (int64_t)step))},
      {kind->insert, insert}};
  peal_kit_ask_store(
      ask, &(peal_kit_deed){.stmts = makes_room ? stmts : stmts + 1,
                            .count = makes_room ? 2 : 1,
                            .what = "a reading was not stored",
                            .on_stored = on_stored,
                            .event = app->conf.send_first ? NULL : kind->event,
                            .data = told,
                            .user = w,
                            .on_free = free});
}

/* ---- the way in --------------------------------------------------------- */

static void take(peal_kit_ask *ask, peal_val said, dash *app,
                 const reading_kind *kind, peal_slice id, int64_t stamp) {
  waiting *w = calloc(1, sizeof *w);
  if (w == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  *w = (waiting){.app = app, .kind = kind};
  memcpy(w->id, id.ptr, id.len); // admitted: it fits
  char time[25];
  peal_web_time_iso(time, stamp);
  peal_val args[2 + SENSOR_VALUES] = {peal_str(w->id), peal_int(stamp)};
  for (size_t i = 0; i < kind->count; i++) {
    peal_val value = peal_val_get(said, kind->fields[i].name);
    args[2 + i] = peal_val_is_number(value) ? value : peal_null();
  }
  peal_val told =
      kind->tell(peal_kit_ask_build(ask), peal_str(time), w->id, args + 2);
  if (app->conf.send_first)
    peal_kit_emit(&app->house, kind->event, PEAL_ARGS(told));
  store(ask, w, (peal_args){args, 2 + kind->count}, told);
}

static void enter(peal_kit_ask *ask, peal_val said, dash *app,
                  const reading_kind *kind) {
  peal_kit_guest guest = gate_guest_of_ask(ask, said);
  peal_kit_refusal why;
  int64_t stamp;
  if (peal_kit_gate_enter(app->gate, &guest, &stamp, &why))
    take(ask, said, app, kind, guest.id, stamp);
  else
    peal_kit_ask_refuse(ask, &why);
}

static bool has_value(peal_kit_ask *ask, peal_val said, peal_kit_refusal *why,
                      void *user) {
  (void)ask, (void)user;
  for (int i = 0; i < SENSOR_VALUES; i++)
    if (peal_val_is_number(peal_val_get(said, sensor_fields[i].name)))
      return true;
  peal_kit_refusal_set(
      why, 422, NULL,
      "a reading has at least one of accel_x, accel_y, accel_z, "
      "gyro_x, gyro_y, gyro_z, mic_level");
  return false;
}

static void on_sensor(peal_kit_ask *ask, peal_val said, void *user) {
  enter(ask, said, user, &sensor);
}

static void on_orientation(peal_kit_ask *ask, peal_val said, void *user) {
  enter(ask, said, user, &orientation);
}

const peal_kit_action readings_actions[] = {
    {.event = "sensor_data",
     .route = {.method = "POST",
               .path = "/api/sensor-data",
               .max_body_bytes = READING_BYTES,
               GATE_WANTS_JSON},
     .fields = sensor_fields,
     .may = has_value,
     .fn = on_sensor},
    {.route = {.method = "POST",
               .path = "/api/orientation-data",
               .max_body_bytes = READING_BYTES,
               GATE_WANTS_JSON},
     .fields = angle_fields,
     .fn = on_orientation}};
const size_t readings_action_count =
    sizeof readings_actions / sizeof *readings_actions;

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
