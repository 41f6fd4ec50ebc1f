/* SPDX-License-Identifier: MIT */
#include "monitor.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hub.h"
#include "recorder.h"

enum { REASON_BYTES = 200, STATS_S = 5, MINUTE_MS = 60000 };

struct monitor {
  desk *app;
  source *source;
  posture posture;
  alerts alerts;
  char person[LEDGER_PERSON_BYTES];
  posture_cause cause; /* of the last bad one */

  source_state camera;
  char reason[REASON_BYTES];
  uint32_t retry_ms;
  unsigned seconds;

  atomic_int seen_camera; /* the same for other threads */
  atomic_bool is_paused;
};

/* The clock of alerts and of the ledger, which source_frame has, too. */
static uint64_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static peal_build *build_of_turn(void) {
  return peal_worker_build(peal_worker_self());
}

static peal_val iso_val(peal_build *build, int64_t wall_ms) {
  char text[25];
  peal_web_time_iso(text, wall_ms);
  return peal_build_copy(build, peal_str(text));
}

/* ---- telling ------------------------------------------------------------------- */

static bool is_recording(const monitor *m) {
  return m->app->recorder != NULL && !monitor_is_paused(m);
}

static peal_val alert_val(const monitor *m, peal_build *build) {
  const alerts *a = &m->alerts;
  if (!a->is_active)
    return peal_null();
  int64_t lasted_ms = (int64_t)(clock_ms() - a->since_ms);
  return peal_build_keep(
      build, PEAL_OBJECT({"since", iso_val(build, peal_wall_ms() - lasted_ms)},
                         {"duration", peal_int(lasted_ms / 1000)},
                         {"count", peal_int(a->count)},
                         {"acknowledged", peal_bool(a->is_acknowledged)}));
}

peal_val monitor_status_val(const monitor *m, peal_build *build) {
  const settings *conf = &m->app->conf;
  bool is_paused = monitor_is_paused(m);
  posture_calibration usual = posture_calibration_get(&m->posture);
  double threshold_s = (double)m->alerts.threshold_ms / 1000;
  double repeat_s = (double)m->alerts.repeat_ms / 1000;
  return peal_build_keep(
      build,
      PEAL_OBJECT(
          {"status", peal_str(is_paused ? "paused" : "active")},
          {"monitoring_active", peal_bool(!is_paused)},
          {"paused", peal_bool(is_paused)},
          {"recording", peal_bool(is_recording(m))},
          {"threshold_minutes", peal_double(threshold_s / 60)},
          {"threshold_seconds", peal_double(threshold_s)},
          {"repeat_minutes", peal_double(repeat_s / 60)},
          {"cooldown_seconds", peal_double(repeat_s)},
          {"source", peal_str(conf->source)},
          {"simulated", peal_bool(strcmp(conf->source, "synthetic") == 0)},
          {"fps_target", peal_int(conf->fps)}, {"user", peal_str(m->person)},
          {"calibrated", peal_bool(usual.samples > 0)},
          {"calibrating", peal_bool(m->posture.lesson.running)},
          {"alert", alert_val(m, build)},
          {"timestamp", iso_val(build, peal_wall_ms())}));
}

peal_val monitor_camera_val(const monitor *m, peal_build *build) {
  bool is_paused = monitor_is_paused(m);
  source_state state = is_paused ? SOURCE_PAUSED : m->camera;
  const char *reason = is_paused ? "monitoring is paused" : m->reason;
  peal_val word = peal_str(source_state_text(state));
  return peal_build_keep(
      build, PEAL_OBJECT({"state", word}, {"status", word},
                         {"reason", peal_build_copy(build, peal_str(reason))},
                         {"retry_seconds",
                          is_paused || m->retry_ms == 0
                              ? peal_null()
                              : peal_double((double)m->retry_ms / 1000)},
                         {"source", peal_str(m->app->conf.source)},
                         {"timestamp", iso_val(build, peal_wall_ms())}));
}

peal_val monitor_stats_val(const monitor *m, peal_build *build) {
  return ledger_day_val(build, ledger_today(m->app->ledger));
}

static void tell(monitor *m, const char *event, peal_val body) {
  peal_kit_emit(&m->app->house, event, PEAL_ARGS(body));
}

static void tell_status(monitor *m) {
  tell(m, "monitoring_status", monitor_status_val(m, build_of_turn()));
}

static void tell_camera(monitor *m) {
  tell(m, "camera_status", monitor_camera_val(m, build_of_turn()));
}

/* "10 minutes", "1 minute", "45 seconds". */
static void duration_text(char *out, size_t cap, uint64_t ms) {
  bool is_minutes = ms >= MINUTE_MS;
  unsigned long long n = ms / (is_minutes ? MINUTE_MS : 1000);
  n = n > 0 ? n : 1;
  snprintf(out, cap, "%llu %s%s", n, is_minutes ? "minute" : "second",
           n == 1 ? "" : "s");
}

static void tell_triggered(monitor *m) {
  char lasted[40], message[160];
  const alerts *a = &m->alerts;
  const char *cause = posture_cause_text(m->cause);
  peal_build *build = build_of_turn();
  duration_text(lasted, sizeof lasted, a->lasted_ms);
  snprintf(message, sizeof message,
           "Bad posture for %s. Sit up straight and align your shoulders.",
           lasted);
  peal_kit_log(&m->app->house, PEAL_LOG_INFO, "monitor", "bad posture for %s",
               lasted);
  tell(m, "alert_triggered",
       PEAL_OBJECT(
           {"message", peal_str(message)},
           {"duration", peal_double((double)a->lasted_ms / 1000)},
           {"count", peal_int(a->count)},
           {"since", iso_val(build, peal_wall_ms() - (int64_t)a->lasted_ms)},
           {"threshold_minutes",
            peal_double((double)a->threshold_ms / MINUTE_MS)},
           {"cause", cause != NULL ? peal_str(cause) : peal_null()},
           {"timestamp", iso_val(build, peal_wall_ms())}));
}

static void tell_cleared(monitor *m) {
  static const char *const words[] = {"Good posture again",
                                      "Nobody is there any more",
                                      "The posture cannot be told any more",
                                      "Monitoring is paused",
                                      "The camera shows nothing any more",
                                      "The threshold is longer now",
                                      "Somebody else sits there now"};
  const alerts *a = &m->alerts;
  tell(m, "alert_cleared",
       PEAL_OBJECT({"message", peal_str(words[a->ended_by])},
                   {"reason", peal_str(alerts_word(a->ended_by))},
                   {"duration", peal_double((double)a->lasted_ms / 1000)},
                   {"timestamp", iso_val(build_of_turn(), peal_wall_ms())}));
}

static void tell_alert(monitor *m, alerts_told told) {
  if (told == ALERTS_TRIGGERED)
    tell_triggered(m);
  else if (told == ALERTS_CLEARED)
    tell_cleared(m);
  if (told != ALERTS_NOTHING)
    tell_status(m);
}

/* ---- seeing ----------------------------------------------------------------------- */

static void on_lesson_stored(bool is_stored, void *user) {
  monitor *m = user;
  tell(m, "calibration",
       PEAL_OBJECT(
           {"status", peal_str(is_stored ? "done" : "unsaved")},
           {"user", peal_str(m->person)},
           {"message",
            peal_str(is_stored ? "Calibrated: this is how you sit well"
                               : "Calibrated, but it could not be stored")}));
  tell_status(m);
}

static void look_at_lesson(monitor *m, uint64_t now_ms) {
  switch (posture_lesson_next(&m->posture, now_ms)) {
  case POSTURE_LESSON_NONE:
  case POSTURE_LESSON_RUNNING:
    return;
  case POSTURE_LESSON_FAILED:
    tell(m, "calibration",
         PEAL_OBJECT({"status", peal_str("failed")},
                     {"user", peal_str(m->person)},
                     {"message", peal_str("Sit upright in the picture and try "
                                          "again: it was not seen well")}));
    tell_status(m);
    return;
  case POSTURE_LESSON_DONE:
    break;
  }
  posture_calibration usual = posture_calibration_get(&m->posture);
  ledger_calibrate(m->app->ledger, m->person, &usual, on_lesson_stored, m);
}

static alerts_seen seen_of(const posture_verdict *v) {
  if (!v->present)
    return ALERTS_ABSENT;
  if (v->state == POSTURE_UNDECIDED)
    return ALERTS_UNSURE;
  return v->state == POSTURE_GOOD ? ALERTS_GOOD : ALERTS_BAD;
}

/* What the tracker does not know is not measured. */
static posture_measures measure(const source_frame *f) {
  double aspect = f->height > 0 ? (double)f->width / (double)f->height : 0;
  if (f->decided)
    return posture_measure(&f->marks, aspect);
  const double none = (double)NAN;
  return (posture_measures){.neck = none,
                            .neck_deg = none,
                            .tilt_deg = none,
                            .forward = none,
                            .lean_deg = none,
                            .present = f->marks.present};
}

static void on_frame(const source_frame *frame, void *user) {
  monitor *m = user;
  if (monitor_is_paused(m))
    return;
  uint64_t now_ms = clock_ms();
  posture_measures measures = measure(frame);
  posture_verdict v = posture_feed(&m->posture, &measures, frame->captured_ms);
  alerts_seen seen = seen_of(&v);
  // the picture first: it is what somebody waits for
  hub_show(m->app->hub, frame, &v);
  if (v.state == POSTURE_BAD)
    m->cause = v.cause;
  ledger_see(m->app->ledger, seen, now_ms);
  tell_alert(m, alerts_see(&m->alerts, seen, now_ms));
  look_at_lesson(m, frame->captured_ms);
  if (m->app->recorder != NULL)
    recorder_keep(m->app->recorder, frame->jpeg, now_ms);
}

static void rest(monitor *m, alerts_end why) {
  (void)posture_rest(&m->posture);
  ledger_rest(m->app->ledger);
  tell_alert(m, alerts_stop(&m->alerts, why, clock_ms()));
}

/* That somebody paused it, or that the program ends, is no trouble. */
static void say_camera(monitor *m) {
  bool is_fine = m->camera == SOURCE_CONNECTED || m->camera == SOURCE_PAUSED;
  const char *reason = is_fine ? "" : m->reason;
  peal_kit_log(&m->app->house, is_fine ? PEAL_LOG_INFO : PEAL_LOG_WARN,
               "monitor", "camera %s%s%s", source_state_text(m->camera),
               reason[0] != '\0' ? ": " : "", reason);
}

static void on_status(source_state state, const char *reason, uint32_t retry_ms,
                      void *user) {
  monitor *m = user;
  bool is_new = state != m->camera;
  m->camera = state;
  m->retry_ms = retry_ms;
  snprintf(m->reason, sizeof m->reason, "%s", reason);
  atomic_store(&m->seen_camera, (int)state);
  if (is_new)
    say_camera(m);
  if (monitor_is_paused(m))
    return;
  if (state == SOURCE_DEGRADED)
    ledger_rest(m->app->ledger);
  else if (state == SOURCE_DISCONNECTED)
    rest(m, ALERTS_BY_CAMERA);
  tell_camera(m);
}

/* ---- life ---------------------------------------------------------------------------- */

static bool open_source(monitor *m) {
  const settings *conf = &m->app->conf;
  const char *why = NULL;
  source_opts opts = {.path = conf->camera,
                      .command = conf->estimator,
                      .fps = conf->fps,
                      .seed = 1,
                      .paused = monitor_is_paused(m),
                      .worker = peal_workers_get(m->app->house.workers, 0),
                      .on_frame = on_frame,
                      .on_status = on_status,
                      .user = m};
  if (!source_kind_of(&opts.kind, peal_slice_of(conf->source)))
    return false;
  peal_err err = source_new(&m->source, &opts, &why);
  if (err == PEAL_OK)
    return true;
  peal_kit_log(&m->app->house, PEAL_LOG_ERROR, "monitor", "--source %s: %s",
               conf->source, why != NULL ? why : peal_err_message(err));
  return false;
}

monitor *monitor_new(desk *app, const ledger_choices *choices) {
  const settings *conf = &app->conf;
  monitor *m = calloc(1, sizeof *m);
  if (m == NULL)
    return NULL;
  m->app = app;
  posture_init(&m->posture, NULL);
  if (choices->usual.samples > 0 &&
      !posture_calibration_set(&m->posture, &choices->usual))
    peal_kit_log(&app->house, PEAL_LOG_WARN, "monitor",
                 "the calibration of %s is none, and not used",
                 choices->person);
  // what was said now counts more than what was chosen once
  bool is_chosen = choices->threshold_ms > 0 && !conf->has_threshold;
  m->alerts = (alerts){.threshold_ms = is_chosen ? choices->threshold_ms
                                                 : conf->threshold_ms,
                       .repeat_ms = conf->repeat_ms};
  snprintf(m->person, sizeof m->person, "%s", choices->person);
  snprintf(m->reason, sizeof m->reason, "not opened yet");
  atomic_init(&m->seen_camera, (int)SOURCE_DISCONNECTED);
  atomic_init(&m->is_paused, choices->is_paused);
  if (open_source(m))
    return m;
  monitor_free(m);
  return NULL;
}

void monitor_free(monitor *m) {
  if (m == NULL)
    return;
  source_free(m->source);
  free(m);
}

void monitor_tick(monitor *m) {
  uint64_t now_ms = clock_ms();
  bool is_due = ledger_tick(m->app->ledger);
  if (!monitor_is_paused(m)) {
    tell_alert(m, alerts_tick(&m->alerts, now_ms));
    look_at_lesson(m, now_ms);
    is_due |= ++m->seconds % STATS_S == 0;
  }
  if (is_due)
    tell(m, "stats_update", monitor_stats_val(m, build_of_turn()));
}

void monitor_stop(monitor *m) {
  source_pause(m->source, true);
  ledger_rest(m->app->ledger);
}

/* ---- what is asked for ------------------------------------------------------------------ */

bool monitor_is_paused(const monitor *m) {
  return atomic_load(&m->is_paused);
}

void monitor_pause(monitor *m, bool paused) {
  if (monitor_is_paused(m) == paused)
    return;
  atomic_store(&m->is_paused, paused);
  source_pause(m->source, paused);
  if (paused) {
    rest(m, ALERTS_BY_PAUSE);
    ledger_flush(m->app->ledger);
  }
  peal_kit_log(&m->app->house, PEAL_LOG_INFO, "monitor",
               paused ? "paused" : "resumed");
  tell_camera(m);
  tell_status(m);
}

void monitor_set_threshold(monitor *m, uint64_t ms) {
  alerts_told told = alerts_set_threshold(&m->alerts, ms, clock_ms());
  tell_alert(m, told);
  if (told == ALERTS_NOTHING)
    tell_status(m);
}

bool monitor_acknowledge(monitor *m) {
  bool was_new = m->alerts.is_active && !m->alerts.is_acknowledged;
  bool is_one = alerts_acknowledge(&m->alerts);
  if (was_new)
    tell_status(m);
  return is_one;
}

void monitor_set_person(monitor *m, const char *person,
                        const posture_calibration *usual) {
  snprintf(m->person, sizeof m->person, "%s", person);
  rest(m, ALERTS_BY_USER);
  posture_init(&m->posture, NULL);
  if (!posture_calibration_set(&m->posture, usual))
    peal_kit_log(&m->app->house, PEAL_LOG_WARN, "monitor",
                 "the calibration of %s is none, and not used", person);
  tell_status(m);
}

const char *monitor_person(const monitor *m) {
  return m->person;
}

void monitor_calibrate(monitor *m) {
  posture_calibrate(&m->posture, clock_ms());
  tell_status(m);
}

peal_err monitor_push(monitor *m, peal_bytes *jpeg, const landmarks *marks) {
  return monitor_is_paused(m) ? PEAL_ERR_CANCELLED
                              : source_push(m->source, jpeg, marks);
}

void monitor_figures_get(const monitor *m, monitor_figures *out) {
  source_stats stats;
  source_stats_get(m->source, &stats);
  bool is_paused = monitor_is_paused(m);
  source_state camera = (source_state)atomic_load(&m->seen_camera);
  *out = (monitor_figures){
      .is_camera_well = is_paused || camera == SOURCE_CONNECTED,
      .is_paused = is_paused,
      .is_simulated = strcmp(m->app->conf.source, "synthetic") == 0,
      .camera = source_state_text(is_paused ? SOURCE_PAUSED : camera),
      .captured = stats.captured,
      .replaced = stats.replaced,
      .broken = stats.broken,
      .tracker_us = stats.look_us};
}
