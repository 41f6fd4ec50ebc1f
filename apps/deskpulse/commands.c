/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "door.h"
#include "ledger.h"
#include "monitor.h"

enum { MINUTE_MS = 60000, DAYS = 7, SMALL_BYTES = 4096 };

/* One on its way; who has it frees it. */
typedef struct command {
  desk *app;
  peal_kit_ask *to;               /* kept */
  void (*run)(struct command *c); /* on worker 0 */
  uint64_t ms;
  int days;
  bool calibrates;
  char text[LEDGER_PERSON_BYTES]; /* a user, or the id of a socket */
} command;

static const char busy[] = "too busy at the moment, try again";
static const char unstored[] = "it could not be stored, try again";

static void refuse(peal_kit_ask *to, unsigned status, const char *words) {
  peal_kit_refusal why;
  peal_kit_refusal_set(&why, status, NULL, "%s", words);
  peal_kit_ask_refuse(to, &why);
}

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
    refuse(made->to, 503, busy);
}

/* The same, of somebody who waits for the answer. */
static void begin(peal_kit_ask *ask, command made) {
  made.to = peal_kit_ask_keep(ask);
  if (made.to != NULL)
    hand_over(&made);
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
  peal_kit_ask_done_with(c->to, PEAL_OBJECT({"paused", peal_bool(is_paused)},
                                            {"warning", warning}));
  free(c);
}

static void do_pause(command *c) {
  bool is_paused = c->ms > 0;
  monitor_pause(c->app->monitor, is_paused);
  ledger_choose(c->app->ledger, "paused", is_paused ? "1" : "0",
                on_pause_stored, c);
}

static void on_pause(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  begin(ask, (command){.app = user, .run = do_pause, .ms = 1});
}

static void on_resume(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  begin(ask, (command){.app = user, .run = do_pause, .ms = 0});
}

/* ---- threshold ------------------------------------------------------------------ */

static void on_threshold_stored(bool is_stored, void *user) {
  command *c = user;
  if (!is_stored) {
    refuse(c->to, 503, unstored);
    free(c);
    return;
  }
  monitor_set_threshold(c->app->monitor, c->ms);
  peal_kit_ask_done_with(c->to,
                         PEAL_OBJECT({"threshold_minutes",
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

static void on_threshold(peal_kit_ask *ask, peal_val said, void *user) {
  double minutes = peal_val_double(peal_val_get(said, "minutes"), 10);
  begin(ask, (command){.app = user,
                       .run = do_threshold,
                       .ms = (uint64_t)llround(minutes * MINUTE_MS)});
}

/* ---- alerts ------------------------------------------------------------------------ */

static void do_acknowledge(command *c) {
  if (monitor_acknowledge(c->app->monitor))
    peal_kit_ask_done(c->to);
  else
    refuse(c->to, 409, "there is no alert to acknowledge");
  free(c);
}

static void on_acknowledge(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  begin(ask, (command){.app = user, .run = do_acknowledge});
}

/* ---- people -------------------------------------------------------------------------- */

static void calibrate(command *c) {
  monitor *m = c->app->monitor;
  if (monitor_is_paused(m)) {
    refuse(c->to, 409, "monitoring is paused: resume it first");
  } else {
    monitor_calibrate(m);
    peal_kit_ask_done_with(c->to,
                           PEAL_OBJECT({"user", peal_str(monitor_person(m))}));
  }
  free(c);
}

static void on_person(bool is_read, const posture_calibration *usual,
                      void *user) {
  command *c = user;
  if (!is_read) {
    refuse(c->to, 503, unstored);
    free(c);
    return;
  }
  monitor_set_person(c->app->monitor, c->text, usual);
  if (c->calibrates) {
    calibrate(c);
    return;
  }
  peal_kit_ask_done_with(
      c->to, PEAL_OBJECT({"user", peal_str(c->text)},
                         {"calibrated", peal_bool(usual->samples > 0)}));
  free(c);
}

static void on_person_stored(bool is_stored, void *user) {
  command *c = user;
  if (is_stored) {
    ledger_person(c->app->ledger, c->text, on_person, c);
    return;
  }
  refuse(c->to, 503, unstored);
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

static void ask_person(peal_kit_ask *ask, peal_val said, command made) {
  made.run = do_person;
  snprintf(made.text, sizeof made.text, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(said, "user"))));
  begin(ask, made);
}

static void on_user(peal_kit_ask *ask, peal_val said, void *user) {
  ask_person(ask, said, (command){.app = user});
}

#define PERSON                                                                 \
  .name = "user", .type = PEAL_STRING, .min_len = 1,                           \
  .max_len = LEDGER_PERSON_BYTES - 1, .one_line = true

static const peal_kit_field user_fields[] = {{PERSON}, {.name = NULL}};

/* A bare `calibrate` is for who sits there. */
static void on_calibrate(peal_kit_ask *ask, peal_val said, void *user) {
  static const peal_kit_field fields[] = {{PERSON, .optional = true},
                                          {.name = NULL}};
  peal_kit_refusal why;
  if (!peal_val_is(said, PEAL_UNDEFINED) &&
      !peal_kit_check(said, fields, PEAL_KIT_IGNORE_OTHERS, &why))
    peal_kit_ask_refuse(ask, &why);
  else
    ask_person(ask, said, (command){.app = user, .calibrates = true});
}

/* ---- figures ------------------------------------------------------------------------------ */

static void do_today(command *c) {
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_kit_ask_done_with(c->to, monitor_stats_val(c->app->monitor, build));
  free(c);
}

static void on_today(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  begin(ask, (command){.app = user, .run = do_today});
}

static void on_days(peal_val rows, void *user) {
  command *c = user;
  if (peal_val_is(rows, PEAL_ARRAY))
    peal_kit_ask_done_with(
        c->to, PEAL_OBJECT({"days", peal_int(c->days)}, {"data", rows}));
  else
    refuse(c->to, 503, "it could not be read, try again");
  free(c);
}

static void do_history(command *c) {
  ledger_days(c->app->ledger, c->days, on_days, c);
}

static void on_history(peal_kit_ask *ask, peal_val said, void *user) {
  int64_t days;
  (void)said;
  if (peal_kit_ask_query_int(ask, "days", DAYS, 1, LEDGER_MAX_DAYS, &days))
    begin(ask, (command){.app = user, .run = do_history, .days = (int)days});
}

static void do_status(command *c) {
  peal_build *build = peal_worker_build(peal_worker_self());
  const monitor *m = c->app->monitor;
  peal_kit_ask_done_with(
      c->to, PEAL_OBJECT({"monitoring", monitor_status_val(m, build)},
                         {"camera", monitor_camera_val(m, build)},
                         {"stats", monitor_stats_val(m, build)}));
  free(c);
}

static void on_status(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  begin(ask, (command){.app = user, .run = do_status});
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

/* ---- all of them -------------------------------------------------------------------------------- */

/* Of one viewer; requests have a limit of their own. */
static bool is_within(peal_kit_ask *ask, peal_val said, peal_kit_refusal *why,
                      void *user) {
  const desk *app = user;
  const peal_socket *socket = peal_kit_ask_socket(ask);
  (void)said;
  if (socket == NULL ||
      peal_web_limit_take(app->limit, peal_slice_of(peal_socket_id(socket)),
                          peal_worker_now_ms(peal_worker_self()), NULL))
    return true;
  peal_kit_refusal_set(why, 429, NULL,
                       "too much at once: try again in a second");
  return false;
}

#define EVENT(name) .event = (name), .error_event = "error", .may = is_within

static const peal_kit_action all[] = {
    {.route = {.path = "/api/stats/today"}, .fn = on_today},
    {.route = {.path = "/api/stats/history"}, .fn = on_history},
    {.route = {.path = "/api/status"}, .fn = on_status},
    {EVENT("pause_monitoring"),
     .route = {.method = "POST", .path = "/api/pause"}, .no_body = true,
     .fn = on_pause},
    {EVENT("resume_monitoring"),
     .route = {.method = "POST", .path = "/api/resume"}, .no_body = true,
     .fn = on_resume},
    {EVENT("acknowledge_alert"),
     .route = {.method = "POST", .path = "/api/alert/acknowledge"},
     .no_body = true, .fn = on_acknowledge},
    {EVENT("set_threshold"),
     .route = {.method = "POST",
               .path = "/api/threshold",
               .max_body_bytes = SMALL_BYTES},
     .fields = threshold_fields, .fn = on_threshold},
    {EVENT("calibrate"),
     .route = {.method = "POST",
               .path = "/api/calibrate",
               .max_body_bytes = SMALL_BYTES},
     .fn = on_calibrate},
    {EVENT("set_user"), .fields = user_fields, .fn = on_user},
};

peal_err commands_register(desk *app) {
  return peal_kit_add_actions(&app->house, all, sizeof all / sizeof *all,
                              door_hook, app, app);
}
