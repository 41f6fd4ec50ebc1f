/* SPDX-License-Identifier: MIT */
#include "alerts.h"

#include <stdio.h>
#include <stdlib.h>

#include <peal/kit.h>
#include <peal/kit_people.h>

#include "patients.h"

enum { DEFAULT_ROWS = 50, MAX_ROWS = 500 };

/* device_id is looked up where rows are returned: RETURNING knows no join. */
#define COLUMNS                                                                \
  "id, user_id, metric, severity, value, began_ms, ended_ms, seen_ms,"         \
  " (SELECT device_id FROM devices WHERE no = alerts.device) AS device_id"

/* ---- an alert as a value --------------------------------------------------- */

static bands_metric metric_of(peal_val row) {
  int64_t metric = peal_val_int(peal_val_get(row, "metric"), 0);
  return metric >= 0 && metric < BANDS_METRICS ? (bands_metric)metric
                                               : BANDS_HEART_RATE;
}

static peal_val time_val(peal_build *build, peal_val ms) {
  char text[25];
  int64_t at = peal_val_int(ms, 0);
  if (at == 0)
    return peal_null();
  peal_web_time_iso(text, at);
  return peal_build_copy(build, peal_str(text));
}

static void write_message(char *out, size_t cap, bands_metric metric,
                          double value, bool is_critical, bool is_over) {
  const bands_range *r = bands_range_of(metric);
  const char *where =
      value > r->normal_high  ? (is_critical ? "far too high" : "high")
      : value < r->normal_low ? (is_critical ? "far too low" : "low")
                              : "out of its usual range";
  snprintf(out, cap, "%s %s %s: %g %s%s", bands_words(metric),
           is_over ? "was" : "is", where, value, bands_unit(metric),
           is_over ? ", and is back in its usual range" : "");
}

static peal_val alert_val(peal_build *build, peal_val row) {
  char message[128];
  bands_metric metric = metric_of(row);
  peal_val device = peal_val_get(row, "device_id");
  peal_val ended = time_val(build, peal_val_get(row, "ended_ms"));
  double value = peal_val_double(peal_val_get(row, "value"), 0);
  bool is_critical =
      peal_val_int(peal_val_get(row, "severity"), 0) == BANDS_CRITICAL;
  const char *status =
      bands_status_name(is_critical ? BANDS_CRITICAL : BANDS_WARNING);
  write_message(message, sizeof message, metric, value, is_critical,
                !peal_val_is(ended, PEAL_NULL));
  return peal_build_copy(
      build,
      PEAL_OBJECT(
          {"id", peal_val_get(row, "id")},
          {"metric", peal_str(bands_name(metric))},
          {"value", peal_double(value)}, {"unit", peal_str(bands_unit(metric))},
          {"status", peal_str(status)}, {"severity", peal_str(status)},
          {"message", peal_str(message)},
          {"timestamp", time_val(build, peal_val_get(row, "began_ms"))},
          {"cleared_at", ended},
          {"acknowledged_at", time_val(build, peal_val_get(row, "seen_ms"))},
          {"device_id", device},
          {"simulated",
           peal_bool(peal_kit_device_id_is_simulated(peal_val_str(device)))}));
}

/* To all pages of the person. */
static void tell(care *app, int64_t user_id, peal_val row) {
  peal_build *build = peal_worker_build(peal_worker_self());
  care_emit(app, user_id, "vital_alert", PEAL_ARGS(alert_val(build, row)));
}

/* ---- writing --------------------------------------------------------------- */

/* On its way; free(). */
typedef struct writing {
  care *app;
  int64_t user_id;
  bands_metric metric;
  bool is_new;
} writing;

static void on_written(const peal_store_result *result, void *user) {
  writing *w = user;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&w->app->house, "an alert was not stored", result);
    patients_forget_alarm(w->app->patients, w->user_id, w->metric);
  } else {
    if (w->is_new)
      atomic_fetch_add(&w->app->alerts, 1);
    for (size_t i = 0; i < result->rows.len; i++)
      tell(w->app, w->user_id, peal_val_at(result->rows, i));
  }
  free(w);
}

/* An alert that stands is changed, whichever run has raised it: one that is
 * worse wants to be seen anew. What it was about stays when it ends. */
#define RAISE                                                                  \
  "INSERT INTO alerts (user_id, metric, device, began_ms, severity, value)"    \
  " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM alerts"      \
  " WHERE user_id = ?1 AND metric = ?2 AND ended_ms IS NULL)"
#define CHANGE                                                                 \
  "UPDATE alerts SET seen_ms = CASE WHEN severity < ?3 THEN NULL ELSE"         \
  " seen_ms END, severity = ?3, value = ?4"                                    \
  " WHERE user_id = ?1 AND metric = ?2 AND ended_ms IS NULL"                   \
  " RETURNING " COLUMNS
#define END                                                                    \
  "UPDATE alerts SET ended_ms = ?3"                                            \
  " WHERE user_id = ?1 AND metric = ?2 AND ended_ms IS NULL"                   \
  " RETURNING " COLUMNS

static peal_err write_change(care *app, alarm_change change,
                             const alert_note *n, writing *w) {
  peal_val user_id = peal_int(n->user_id), metric = peal_int(n->metric);
  peal_val value = peal_double(n->value), level = peal_int(n->level);
  if (change == ALARM_ENDED)
    return peal_store_write(app->house.store, END,
                            PEAL_ARGS(user_id, metric, peal_int(n->ts)),
                            on_written, w);
  const peal_store_stmt stmts[] = {
      {RAISE, PEAL_ARGS(user_id, metric, peal_int(n->device), peal_int(n->ts),
                        level, value)},
      {CHANGE, PEAL_ARGS(user_id, metric, level, value)}};
  return peal_store_write_all(app->house.store, stmts, 2, on_written, w);
}

bool alerts_write(care *app, alarm_change change, const alert_note *note) {
  writing *w = malloc(sizeof *w);
  if (w == NULL)
    return false;
  *w = (writing){.app = app,
                 .user_id = note->user_id,
                 .metric = note->metric,
                 .is_new = change == ALARM_RAISED};
  peal_err err = write_change(app, change, note, w);
  if (err == PEAL_OK)
    return true;
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "alerts",
               "an alert was not stored: %s", peal_err_message(err));
  free(w);
  return false;
}

/* ---- listing --------------------------------------------------------------- */

/* A question on its way; in the request's memory. */
typedef struct question {
  care *app;
  peal_http_req *req;
  int64_t limit;
} question;

static question *begin(care *app, peal_http_req *req) {
  question *q = peal_http_req_alloc(req, sizeof *q);
  if (q == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  *q = (question){.app = app, .req = req};
  peal_http_defer(req);
  return q;
}

static bool is_done(question *q, const peal_store_result *result) {
  if (result->err == PEAL_OK)
    return true;
  peal_kit_store_failed(&q->app->house, "alerts", result);
  peal_web_error_of(q->req, result->err);
  return false;
}

static void on_rows(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_done(q, result))
    return;
  peal_build *build = peal_http_req_build(q->req);
  peal_items *items = peal_items_new(build);
  size_t count = result->rows.len;
  bool has_more = (int64_t)count > q->limit;
  if (has_more)
    count--;
  char cursor[24] = "";
  for (size_t i = 0; i < count; i++) {
    peal_val row = peal_val_at(result->rows, i);
    peal_items_add(items, alert_val(build, row));
    snprintf(cursor, sizeof cursor, "%lld",
             (long long)peal_val_int(peal_val_get(row, "id"), 0));
  }
  care_answer(q->req, 200,
              PEAL_OBJECT({"status", peal_str("success")},
                          {"data", peal_items_val(items)},
                          {"next", has_more ? peal_str(cursor) : peal_null()}));
}

void alerts_on_list(peal_http_req *req, void *user) {
  care *app = user;
  int64_t limit, cursor;
  if (!peal_web_query_int(req, "limit", DEFAULT_ROWS, 1, MAX_ROWS, &limit) ||
      !peal_web_query_int(req, "cursor", INT64_MAX, 1, INT64_MAX, &cursor))
    return;
  question *q = begin(app, req);
  if (q == NULL)
    return;
  q->limit = limit;
  peal_err err = peal_store_read(
      app->house.store,
      "SELECT " COLUMNS " FROM alerts WHERE user_id = ?1 AND id < ?2"
      " ORDER BY id DESC LIMIT ?3",
      PEAL_ARGS(peal_int(peal_kit_people_of(req)->id), peal_int(cursor),
                peal_int(limit + 1)),
      on_rows, q);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}

/* ---- acknowledging --------------------------------------------------------- */

#define SEEN                                                                   \
  "UPDATE alerts SET seen_ms = coalesce(seen_ms, ?3)"                          \
  " WHERE id = ?1 AND user_id = ?2 RETURNING " COLUMNS

static void on_seen(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_done(q, result))
    return;
  if (result->rows.len == 0) {
    peal_web_error(q->req, 404, "there is no such alert", NULL);
    return;
  }
  tell(q->app, peal_kit_people_of(q->req)->id, peal_val_at(result->rows, 0));
  care_answer(q->req, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

void alerts_on_acknowledge(peal_http_req *req, void *user) {
  care *app = user;
  int64_t id;
  if (!peal_web_param_int(req, "id", 1, INT64_MAX, &id))
    return;
  question *q = begin(app, req);
  if (q == NULL)
    return;
  peal_err err = peal_store_write(
      app->house.store, SEEN,
      PEAL_ARGS(peal_int(id), peal_int(peal_kit_people_of(req)->id),
                peal_int(peal_wall_ms())),
      on_seen, q);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}

/* The same for an event; free(). */
typedef struct seeing {
  care *app;
  peal_reply *reply;
  int64_t user_id;
} seeing;

static void reply(peal_reply *to, const char *error) {
  (void)peal_reply_send(
      to,
      PEAL_ARGS(PEAL_OBJECT(
          {"status", peal_str(error == NULL ? "success" : "error")},
          {"message", error != NULL ? peal_str(error) : peal_undefined()})));
}

static void on_seen_event(const peal_store_result *result, void *user) {
  seeing *s = user;
  bool is_good = result->err == PEAL_OK && result->rows.len > 0;
  if (is_good)
    tell(s->app, s->user_id, peal_val_at(result->rows, 0));
  reply(s->reply, is_good                  ? NULL
                  : result->err == PEAL_OK ? "there is no such alert"
                                           : peal_kit_words(result->err));
  free(s);
}

void alerts_on_event(peal_socket *socket, const peal_event *event, void *user) {
  care *app = user;
  const peal_kit_person *who = peal_kit_people_may(socket, event, UINT32_MAX);
  if (who == NULL)
    return;
  uint64_t now_ms = peal_worker_now_ms(peal_socket_worker(socket));
  if (!peal_web_limit_take(app->person_limit, peal_slice_of(who->room), now_ms,
                           NULL)) {
    reply(peal_ack_later(event), "too much at once: try again in a second");
    return;
  }
  seeing *s = malloc(sizeof *s);
  if (s == NULL) {
    reply(peal_ack_later(event), peal_kit_words(PEAL_ERR_NOMEM));
    return;
  }
  *s = (seeing){.app = app, .reply = peal_ack_later(event), .user_id = who->id};
  peal_val id = peal_val_get(peal_event_arg(event, 0), "id");
  peal_err err =
      peal_store_write(app->house.store, SEEN,
                       PEAL_ARGS(peal_int(peal_val_int(id, 0)),
                                 peal_int(who->id), peal_int(peal_wall_ms())),
                       on_seen_event, s);
  if (err == PEAL_OK)
    return;
  reply(s->reply, peal_kit_words(err));
  free(s);
}
