/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "ledger.h"
#include "monitor.h"

enum { MINUTE_MS = 60000 };

/* One on its way; who has it frees it. */
typedef struct command {
  desk *app;
  answer *to;
  void (*run)(struct command *c); /* on worker 0 */
  uint64_t ms;
  int days;
  bool calibrates;
  char text[LEDGER_PERSON_BYTES]; /* a user, or the id of a socket */
} command;

static const char busy[] = "too busy at the moment, try again";
static const char unstored[] = "it could not be stored, try again";

static void on_worker(peal_worker *worker, void *user) {
  command *c = user;
  (void)worker;
  c->run(c);
}

/* To worker 0; `made` is copied. */
static void hand_over(const command *made) {
  command *c = malloc(sizeof *c);
  if (c != NULL) {
    *c = *made;
    if (peal_worker_post(peal_workers_get(c->app->house.workers, 0), on_worker,
                         c) == PEAL_OK)
      return;
    free(c);
  }
  if (made->to != NULL)
    answer_error(made->to, 503, busy, NULL);
}

/* ---- pause -------------------------------------------------------------------- */

/* Whoever wants not to be watched is not, whatever the disk says. */
static void on_pause_stored(bool is_stored, void *user) {
  command *c = user;
  bool is_paused = c->ms > 0;
  peal_val warning =
      is_stored ? peal_undefined()
                : peal_str("it holds, but could not be stored for the next "
                           "start of the program");
  answer_success(c->to, PEAL_OBJECT({"paused", peal_bool(is_paused)},
                                    {"warning", warning}));
  free(c);
}

static void do_pause(command *c) {
  bool is_paused = c->ms > 0;
  monitor_pause(c->app->monitor, is_paused);
  ledger_choose(c->app->ledger, "paused", is_paused ? "1" : "0",
                on_pause_stored, c);
}

void commands_pause(desk *app, answer *to, peal_val body) {
  (void)body;
  hand_over(&(command){.app = app, .to = to, .run = do_pause, .ms = 1});
}

void commands_resume(desk *app, answer *to, peal_val body) {
  (void)body;
  hand_over(&(command){.app = app, .to = to, .run = do_pause, .ms = 0});
}

/* ---- threshold ------------------------------------------------------------------ */

static void on_threshold_stored(bool is_stored, void *user) {
  command *c = user;
  if (!is_stored) {
    answer_error(c->to, 503, unstored, NULL);
    free(c);
    return;
  }
  monitor_set_threshold(c->app->monitor, c->ms);
  answer_success(c->to, PEAL_OBJECT({"threshold_minutes",
                                     peal_double((double)c->ms / MINUTE_MS)}));
  free(c);
}

static void do_threshold(command *c) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, c->ms);
  ledger_choose(c->app->ledger, "threshold_ms", text, on_threshold_stored, c);
}

static const peal_kit_field threshold_fields[] = {
    {.name = "minutes",
     .type = PEAL_DOUBLE,
     .range = PEAL_KIT_BETWEEN(0.01, 1440)},
    {.name = NULL}};

/* False: it has been answered. */
static bool check(answer *to, peal_val body, const peal_kit_field *fields) {
  peal_kit_refusal why;
  if (peal_kit_check(body, fields, PEAL_KIT_IGNORE_OTHERS, &why))
    return true;
  answer_error(to, why.status, why.message, why.field);
  return false;
}

void commands_set_threshold(desk *app, answer *to, peal_val body) {
  if (!check(to, body, threshold_fields))
    return;
  double minutes = peal_val_double(peal_val_get(body, "minutes"), 10);
  hand_over(&(command){.app = app,
                       .to = to,
                       .run = do_threshold,
                       .ms = (uint64_t)llround(minutes * MINUTE_MS)});
}

/* ---- alerts ------------------------------------------------------------------------ */

static void do_acknowledge(command *c) {
  if (monitor_acknowledge(c->app->monitor))
    answer_success(c->to, peal_undefined());
  else
    answer_error(c->to, 409, "there is no alert to acknowledge", NULL);
  free(c);
}

void commands_acknowledge(desk *app, answer *to, peal_val body) {
  (void)body;
  hand_over(&(command){.app = app, .to = to, .run = do_acknowledge});
}

/* ---- people -------------------------------------------------------------------------- */

static void calibrate(command *c) {
  monitor *m = c->app->monitor;
  if (monitor_is_paused(m)) {
    answer_error(c->to, 409, "monitoring is paused: resume it first", NULL);
  } else {
    monitor_calibrate(m);
    answer_success(c->to, PEAL_OBJECT({"user", peal_str(monitor_person(m))}));
  }
  free(c);
}

static void on_person(bool is_read, const posture_calibration *usual,
                      void *user) {
  command *c = user;
  if (!is_read) {
    answer_error(c->to, 503, unstored, NULL);
    free(c);
    return;
  }
  monitor_set_person(c->app->monitor, c->text, usual);
  if (c->calibrates) {
    calibrate(c);
    return;
  }
  answer_success(c->to,
                 PEAL_OBJECT({"user", peal_str(c->text)},
                             {"calibrated", peal_bool(usual->samples > 0)}));
  free(c);
}

static void on_person_stored(bool is_stored, void *user) {
  command *c = user;
  if (is_stored) {
    ledger_person(c->app->ledger, c->text, on_person, c);
    return;
  }
  answer_error(c->to, 503, unstored, NULL);
  free(c);
}

static void do_person(command *c) {
  const char *now = monitor_person(c->app->monitor);
  bool is_same = c->text[0] == '\0' || strcmp(c->text, now) == 0;
  if (c->calibrates && is_same)
    calibrate(c);
  else
    ledger_choose(c->app->ledger, "person", c->text, on_person_stored, c);
}

static void ask_person(desk *app, answer *to, peal_val body, bool calibrates) {
  const peal_kit_field fields[] = {{.name = "user",
                                    .type = PEAL_STRING,
                                    .optional = calibrates,
                                    .min_len = 1,
                                    .max_len = LEDGER_PERSON_BYTES - 1,
                                    .one_line = true},
                                   {.name = NULL}};
  command made = {
      .app = app, .to = to, .run = do_person, .calibrates = calibrates};
  // a bare `calibrate` is for who sits there
  if (!(calibrates && peal_val_is(body, PEAL_UNDEFINED)) &&
      !check(to, body, fields))
    return;
  snprintf(made.text, sizeof made.text, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(body, "user"))));
  hand_over(&made);
}

void commands_set_user(desk *app, answer *to, peal_val body) {
  ask_person(app, to, body, false);
}

void commands_calibrate(desk *app, answer *to, peal_val body) {
  ask_person(app, to, body, true);
}

/* ---- figures ------------------------------------------------------------------------------ */

static void do_today(command *c) {
  peal_build *build = peal_worker_build(peal_worker_self());
  answer_success(c->to, monitor_stats_val(c->app->monitor, build));
  free(c);
}

void commands_today(desk *app, answer *to) {
  hand_over(&(command){.app = app, .to = to, .run = do_today});
}

static void on_days(peal_val rows, void *user) {
  command *c = user;
  if (peal_val_is(rows, PEAL_ARRAY))
    answer_success(c->to,
                   PEAL_OBJECT({"days", peal_int(c->days)}, {"data", rows}));
  else
    answer_error(c->to, 503, "it could not be read, try again", NULL);
  free(c);
}

static void do_history(command *c) {
  ledger_days(c->app->ledger, c->days, on_days, c);
}

void commands_history(desk *app, answer *to, int64_t days) {
  hand_over(
      &(command){.app = app, .to = to, .run = do_history, .days = (int)days});
}

static void do_status(command *c) {
  peal_build *build = peal_worker_build(peal_worker_self());
  const monitor *m = c->app->monitor;
  answer_success(c->to,
                 PEAL_OBJECT({"monitoring", monitor_status_val(m, build)},
                             {"camera", monitor_camera_val(m, build)},
                             {"stats", monitor_stats_val(m, build)}));
  free(c);
}

void commands_status(desk *app, answer *to) {
  hand_over(&(command){.app = app, .to = to, .run = do_status});
}

/* ---- viewers --------------------------------------------------------------------------------- */

/* From worker 0, from which all changes come: so none is missed in between. */
static void do_greet(command *c) {
  const monitor *m = c->app->monitor;
  peal_nsp *nsp = c->app->house.nsp;
  peal_build *build = peal_worker_build(peal_worker_self());
  const peal_to *to = PEAL_TO(c->text);
  peal_err err = peal_nsp_emit(nsp, to, "monitoring_status",
                               PEAL_ARGS(monitor_status_val(m, build)));
  if (err == PEAL_OK)
    err = peal_nsp_emit(nsp, to, "camera_status",
                        PEAL_ARGS(monitor_camera_val(m, build)));
  if (err == PEAL_OK)
    err = peal_nsp_emit(nsp, to, "stats_update",
                        PEAL_ARGS(monitor_stats_val(m, build)));
  if (err != PEAL_OK)
    peal_kit_log(&c->app->house, PEAL_LOG_WARN, "commands",
                 "a viewer was not greeted: %s", peal_kit_words(err));
  free(c);
}

void commands_greet(desk *app, const char *id) {
  command made = {.app = app, .run = do_greet};
  snprintf(made.text, sizeof made.text, "%s", id);
  hand_over(&made);
}
