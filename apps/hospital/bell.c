/* SPDX-License-Identifier: MIT */
#include "bell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "doors.h"
#include "fields.h"
#include "lists.h"
#include "schema.h"
#include "unread.h"

enum { DEFAULT_ROWS = 50, MAX_ROWS = 500 };

/* ---- making ---------------------------------------------------------------------- */

#define SEVERITIES "info warning critical"
#define MESSAGE                                                                \
  { .name = "message", .type = PEAL_STRING, .min_len = 1, .max_chars = 2000 }
#define DATA                                                                   \
  { .name = "data", .type = PEAL_OBJECT, .optional = true }
static const peal_kit_field wide_fields[] = {
    FIELDS_WORD("severity", SEVERITIES, false), MESSAGE, DATA, {0}};
static const peal_kit_field patient_fields[] = {
    FIELDS_ID("patient_id"),
    FIELDS_WORD("severity", SEVERITIES, false),
    MESSAGE,
    DATA,
    {0}};

static int priority_of(peal_slice severity) {
  return peal_slice_is(severity, "critical")  ? 1
         : peal_slice_is(severity, "warning") ? 2
                                              : 3;
}

static void make(hospital *app, peal_kit_ask *ask, peal_val said,
                 const char *kind) {
  char now[25];
  hospital_now(now);
  peal_val id = peal_val_get(said, "patient_id"),
           data = peal_val_get(said, "data"),
           severity = peal_val_get(said, "severity");
  peal_slice name = peal_val_str(id);
  change_ask(
      app, ask,
      &(change_wish){
          .kind = JOURNAL_ALERT,
          .verb = JOURNAL_CREATE,
          .body = PEAL_OBJECT(
              {"patient_id", name.len > 0 ? id : peal_null()},
              {"severity", severity},
              {"priority", peal_int(priority_of(peal_val_str(severity)))},
              {"message", peal_val_get(said, "message")},
              {"data",
               peal_val_is(data, PEAL_OBJECT) ? data : peal_object(NULL, 0)},
              {"timestamp", peal_str(now)}, {"kind", peal_str(kind)},
              {"created_by", peal_str(hospital_who(ask)->username)},
              {"simulated",
               peal_bool(name.len >= 3 && memcmp(name.ptr, "SIM", 3) == 0)}),
          .name = "alert",
          .status = 201});
}

static void on_make_wide(peal_kit_ask *ask, peal_val said, void *user) {
  make(user, ask, said, "hospital");
}

static void on_make(peal_kit_ask *ask, peal_val said, void *user) {
  make(user, ask, said, "manual");
}

/* ---- acknowledging and resolving --------------------------------------------------- */

/* An alert that could not be changed is looked at; free(). */
typedef struct looking {
  hospital *app;
  peal_kit_ask *ask;
  bool is_acknowledging;
} looking;

static void on_looked(const peal_store_result *result, void *user) {
  looking l = *(looking *)user;
  free(user);
  if (result->err != PEAL_OK) {
    peal_kit_ask_fail(l.ask, result->err);
    return;
  }
  peal_val row = peal_val_at(lists_rows(peal_kit_ask_build(l.ask), result), 0);
  bool is_resolved =
      peal_slice_is(peal_val_str(peal_val_get(row, "status")), "resolved");
  if (result->rows.len == 0)
    change_refuse(l.ask, 404, NULL, "there is no such alert");
  else if (l.is_acknowledging && is_resolved)
    change_refuse(l.ask, 409, NULL, "this alert is resolved");
  else // it was so already
    change_answer(l.ask, 200, "alert", peal_val_get(row, "id"), row);
}

static void look(hospital *app, peal_kit_ask *ask, peal_slice key,
                 bool is_acknowledging) {
  looking *l = malloc(sizeof *l);
  if (l == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  *l = (looking){app, ask, is_acknowledging};
  peal_err err = peal_store_read(app->house.store,
                                 "SELECT " SCHEMA_ALERT " AS row FROM alerts"
                                 " WHERE id = CAST(?1 AS INTEGER)"
                                 " AND " SCHEMA_IS_ALERT,
                                 PEAL_ARGS(peal_str_slice(key)), on_looked, l);
  if (err == PEAL_OK)
    return;
  free(l);
  peal_kit_ask_fail(ask, err);
}

static void on_not_acknowledged(hospital *app, peal_kit_ask *ask,
                                peal_slice key) {
  look(app, ask, key, true);
}

static void on_not_resolved(hospital *app, peal_kit_ask *ask, peal_slice key) {
  look(app, ask, key, false);
}

static void mark(hospital *app, peal_kit_ask *ask, int64_t id,
                 journal_kind kind) {
  char now[25], key[24];
  hospital_now(now);
  snprintf(key, sizeof key, "%lld", (long long)id);
  change_ask(
      app, ask,
      &(change_wish){
          .kind = kind,
          .verb = JOURNAL_PATCH,
          .key = peal_slice_of(key),
          .body = PEAL_OBJECT({"at", peal_str(now)},
                              {"by", peal_str(hospital_who(ask)->username)}),
          .name = "alert",
          .on_none = kind == JOURNAL_ACKNOWLEDGE ? on_not_acknowledged
                                                 : on_not_resolved});
}

static void mark_of_path(peal_kit_ask *ask, hospital *app, journal_kind kind) {
  int64_t id;
  if (peal_web_param_int(peal_kit_ask_req(ask), "id", 1, INT64_MAX, &id))
    mark(app, ask, id, kind);
}

static void on_acknowledge(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  mark_of_path(ask, user, JOURNAL_ACKNOWLEDGE);
}

static void on_resolve(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  mark_of_path(ask, user, JOURNAL_RESOLVE);
}

static int64_t said_id(peal_val said) {
  peal_val id = peal_val_get(said, "alert_id");
  char text[24];
  if (!peal_val_is(id, PEAL_STRING))
    return peal_val_int(id, 0);
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(peal_val_str(id)));
  return strtoll(text, NULL, 10);
}

static void on_ack_event(peal_kit_ask *ask, peal_val said, void *user) {
  mark(user, ask, said_id(said), JOURNAL_ACKNOWLEDGE);
}

static void on_resolve_event(peal_kit_ask *ask, peal_val said, void *user) {
  mark(user, ask, said_id(said), JOURNAL_RESOLVE);
}

/* By event: routes are asked at their door. */
static bool may_change(peal_kit_ask *ask, peal_val said, peal_kit_refusal *why,
                       void *user) {
  hospital *app = user;
  const peal_kit_person *who = hospital_who(ask);
  (void)said;
  if (who == NULL || (who->role & HOSPITAL_STAFF) == 0) {
    peal_kit_refusal_set(why, 403, NULL, "this is for the staff");
    return false;
  }
  if (peal_web_limit_take(app->person_limit, peal_slice_of(who->username),
                          peal_worker_now_ms(peal_worker_self()),
                          &why->retry_ms))
    return true;
  peal_kit_refusal_set(why, 429, NULL, "too much at once: try again");
  return false;
}

/* ---- whose screens have it ----------------------------------------------------------- */

static const peal_kit_field any_id = {.type = PEAL_INT};
static const peal_kit_field received_fields[] = {{.name = "alert_ids",
                                                  .type = PEAL_ARRAY,
                                                  .min_len = 1,
                                                  .max_len = 1000,
                                                  .item = &any_id},
                                                 {0}};

static void on_received(peal_kit_ask *ask, peal_val said, void *user) {
  hospital *app = user;
  (void)app;
  const peal_store_stmt stmt = {
      "INSERT INTO received (alert, username, at)"
      " SELECT value, ?2, ?3 FROM json_each(?1) WHERE value IN"
      " (SELECT id FROM alerts) ON CONFLICT DO NOTHING",
      PEAL_ARGS(peal_val_get(said, "alert_ids"),
                peal_str(hospital_who(ask)->username),
                peal_int(peal_wall_ms()))};
  peal_kit_ask_store(ask, &(peal_kit_deed){.stmts = &stmt,
                                           .count = 1,
                                           .what = "receipts were not stored"});
}

/* ---- listing --------------------------------------------------------------------------- */

/* A page on its way; free(). */
typedef struct listing {
  hospital *app;
  peal_kit_ask *ask;
  int64_t limit;
} listing;

static void on_page(const peal_store_result *result, void *user) {
  listing l = *(listing *)user;
  free(user);
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&l.app->house, "alerts", result);
    peal_kit_ask_fail(l.ask, result->err);
    return;
  }
  bool has_more;
  peal_val rows =
      lists_page(peal_kit_ask_build(l.ask), result, l.limit, &has_more);
  peal_val last = rows.len > 0 ? peal_val_at(rows, rows.len - 1) : peal_null();
  peal_kit_ask_done_with(
      l.ask,
      PEAL_OBJECT({"data", rows},
                  {"next", has_more ? peal_val_get(last, "id") : peal_null()},
                  {"unread", peal_int(unread_count(l.app->unread))}));
}

static listing *begin(hospital *app, peal_kit_ask *ask, int64_t limit) {
  listing *l = malloc(sizeof *l);
  if (l == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return NULL;
  }
  *l = (listing){app, peal_kit_ask_keep(ask), limit};
  if (l->ask != NULL)
    return l;
  free(l);
  return NULL;
}

static bool is_word_of(peal_kit_ask *ask, const char *name, peal_val given,
                       const char *const *words) {
  if (peal_val_is(given, PEAL_NULL))
    return true;
  for (; *words != NULL; words++)
    if (peal_slice_is(peal_val_str(given), *words))
      return true;
  change_refuse(ask, 422, name, "%s is none of its words", name);
  return false;
}

static void on_list(peal_kit_ask *ask, peal_val said, void *user) {
  static const char *const statuses[] = {"active", "acknowledged", "resolved",
                                         NULL};
  static const char *const severities[] = {"info", "warning", "critical", NULL};
  hospital *app = user;
  int64_t limit, cursor, since, until;
  (void)said;
  peal_val status = lists_param(ask, "status"),
           severity = lists_param(ask, "severity"),
           patient = lists_param(ask, "patient");
  if (peal_val_is(patient, PEAL_NULL))
    patient = lists_param(ask, "patient_id");
  if (!is_word_of(ask, "status", status, statuses) ||
      !is_word_of(ask, "severity", severity, severities) ||
      !peal_kit_ask_query_int(ask, "limit", DEFAULT_ROWS, 1, MAX_ROWS,
                              &limit) ||
      !peal_kit_ask_query_int(ask, "cursor", INT64_MAX, 1, INT64_MAX,
                              &cursor) ||
      !lists_time(ask, "since", 0, &since) ||
      !lists_time(ask, "until", INT64_MAX, &until))
    return;
  peal_val ward = lists_param(ask, "ward");
  listing *l = begin(app, ask, limit);
  if (l == NULL)
    return;
  peal_err err = peal_store_read(
      app->house.store,
      "SELECT " SCHEMA_ALERT " AS row FROM alerts WHERE " SCHEMA_IS_ALERT
      " AND id < ?1 AND ts BETWEEN ?2 AND ?3"
      " AND (?4 IS NULL OR severity = ?4) AND (?5 IS NULL OR patient_id = ?5)"
      " AND (?6 IS NULL OR ward = ?6)"
      " AND CASE ?7 WHEN 'active' THEN acknowledged_at IS NULL AND resolved_at"
      " IS NULL WHEN 'acknowledged' THEN acknowledged_at IS NOT NULL AND"
      " resolved_at IS NULL WHEN 'resolved' THEN resolved_at IS NOT NULL"
      " ELSE true END ORDER BY id DESC LIMIT ?8",
      PEAL_ARGS(peal_int(cursor), peal_int(since), peal_int(until), severity,
                patient, ward, status, peal_int(limit + 1)),
      on_page, l);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(l->ask, err);
  free(l);
}

static void on_one_found(const peal_store_result *result, void *user) {
  listing l = *(listing *)user;
  free(user);
  peal_build *build = peal_kit_ask_build(l.ask);
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK) {
    peal_kit_ask_fail(l.ask, result->err);
    return;
  }
  if (result->rows.len == 0) {
    change_refuse(l.ask, 404, NULL, "there is no such alert");
    return;
  }
  peal_pairs *pairs = peal_pairs_new(build);
  peal_val alert =
      peal_build_json(build, peal_val_str(peal_val_get(row, "row")));
  for (size_t i = 0; i < alert.len; i++)
    peal_pairs_add_n(pairs, peal_val_key(alert, i), alert.as.pairs[i].value);
  peal_pairs_add(
      pairs, "received",
      peal_build_json(build, peal_val_str(peal_val_get(row, "received"))));
  peal_pairs_add(
      pairs, "history",
      peal_build_json(build, peal_val_str(peal_val_get(row, "history"))));
  peal_val whole = peal_pairs_val(pairs);
  change_answer(l.ask, 200, "alert", peal_val_get(alert, "id"), whole);
}

static void on_one(peal_kit_ask *ask, peal_val said, void *user) {
  hospital *app = user;
  int64_t id;
  (void)said;
  if (!peal_web_param_int(peal_kit_ask_req(ask), "id", 1, INT64_MAX, &id))
    return;
  listing *l = begin(app, ask, 1);
  if (l == NULL)
    return;
  peal_err err = peal_store_read(
      app->house.store,
      "SELECT " SCHEMA_ALERT " AS row, (SELECT json_group_array(json_object("
      "'username', username, 'at', strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0,"
      " 'unixepoch'))) FROM received WHERE alert = ?1) AS received,"
      " (SELECT json_group_array(json_object('action', kind, 'actor', actor,"
      " 'timestamp', strftime('%Y-%m-%dT%H:%M:%fZ', ts / 1000.0,"
      " 'unixepoch'))) FROM (SELECT * FROM journal WHERE key = CAST(?1 AS TEXT)"
      " AND kind IN ('alert', 'acknowledge', 'resolve', 'escalate') ORDER BY ts"
      ")) AS history FROM alerts WHERE id = ?1 AND " SCHEMA_IS_ALERT,
      PEAL_ARGS(peal_int(id)), on_one_found, l);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(l->ask, err);
  free(l);
}

/* ---- all of it --------------------------------------------------------------------------- */

static const peal_kit_field id_fields[] = {{.name = "alert_id"}, {0}};

peal_err bell_register(hospital *app) {
  static const peal_kit_action all[] = {
      {.route = {.path = "/api/alerts"}, .fn = on_list},
      {.route = {.path = "/api/alerts/:id"}, .fn = on_one}};
  static const peal_kit_action staff[] = {
      {.route = {.method = "POST", .path = "/api/alerts"},
       .fields = patient_fields,
       .fn = on_make},
      {.route = {.method = "POST", .path = "/api/alerts/:id/acknowledge"},
       .no_body = true,
       .fn = on_acknowledge},
      {.route = {.method = "POST", .path = "/api/alerts/:id/resolve"},
       .no_body = true,
       .fn = on_resolve}};
  static const peal_kit_action doctors[] = {
      {.route = {.method = "POST", .path = "/api/alerts/hospital"},
       .fields = wide_fields,
       .fn = on_make_wide}};
  static const peal_kit_action events[] = {{.event = "ack_alert",
                                            .fields = id_fields,
                                            .may = may_change,
                                            .fn = on_ack_event},
                                           {.event = "resolve_alert",
                                            .fields = id_fields,
                                            .may = may_change,
                                            .fn = on_resolve_event},
                                           {.event = "alert_received",
                                            .fields = received_fields,
                                            .fn = on_received}};
#define ADD(who, rows) doors_add(app, who, rows, sizeof rows / sizeof *rows)
  peal_err err = ADD(DOORS_ALL, all);
  if (err == PEAL_OK)
    err = ADD(DOORS_STAFF, staff);
  if (err == PEAL_OK)
    err = ADD(DOORS_DOCTORS, doctors);
  return err == PEAL_OK ? ADD(DOORS_ALL, events) : err;
#undef ADD
}
