/* SPDX-License-Identifier: MIT */
#include "wards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "doors.h"
#include "fields.h"
#include "lists.h"
#include "schema.h"

static bool is_simulated(peal_slice id) {
  return id.len >= 3 && memcmp(id.ptr, "SIM", 3) == 0;
}

static peal_slice path_id(peal_kit_ask *ask) {
  return peal_web_param(peal_kit_ask_req(ask), "id");
}

/* ---- patients ------------------------------------------------------------------ */

static const peal_kit_field username = {
    .type = PEAL_STRING, .min_len = 1, .max_len = 64, .one_line = true};
#define ASSIGNED                                                               \
  {                                                                            \
    .name = "assigned", .type = PEAL_ARRAY, .optional = true, .max_len = 100,  \
    .item = &username                                                          \
  }

static const peal_kit_field new_patient[] = {FIELDS_ID("patient_id"),
                                             FIELDS_LINE("name", 200, false),
                                             FIELDS_LINE("ward", 60, false),
                                             ASSIGNED,
                                             FIELDS_LINE("bed_id", 63, true),
                                             FIELDS_LINE("born", 20, true),
                                             {0}};
static const peal_kit_field old_patient[] = {
    FIELDS_LINE("name", 200, true),
    FIELDS_LINE("ward", 60, true),
    ASSIGNED,
    FIELDS_LINE("bed_id", 63, true),
    FIELDS_LINE("born", 20, true),
    FIELDS_WORD("status", "admitted discharged", true),
    {0}};

/* In lower case, as accounts are compared. */
static peal_val folded_list(peal_build *build, peal_val list) {
  peal_items *items = peal_items_new(build);
  char folded[PEAL_KIT_USERNAME_BYTES];
  for (size_t i = 0; i < list.len; i++)
    if (peal_kit_people_fold(folded, peal_val_str(peal_val_at(list, i))))
      peal_items_add(items, peal_build_copy(build, peal_str(folded)));
  return peal_items_val(items);
}

static void on_add_patient(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  peal_val id = peal_val_get(said, "patient_id");
  peal_val body = peal_build_keep(
      build,
      PEAL_OBJECT(
          {"patient_id", id}, {"id", id}, {"name", peal_val_get(said, "name")},
          {"ward", peal_val_get(said, "ward")},
          {"assigned", folded_list(build, peal_val_get(said, "assigned"))},
          {"bed_id", peal_val_get(said, "bed_id")},
          {"born", peal_val_get(said, "born")},
          {"status", peal_str("admitted")},
          {"simulated", peal_bool(is_simulated(peal_val_str(id)))}));
  change_ask(user, ask,
             &(change_wish){.kind = JOURNAL_PATIENT,
                            .verb = JOURNAL_CREATE,
                            .key = peal_val_str(id),
                            .body = change_stamp(ask, body, build),
                            .name = "patient",
                            .status = 201});
}

static void on_patch_patient(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  peal_val assigned = peal_val_get(said, "assigned");
  if (peal_val_is(assigned, PEAL_ARRAY)) {
    if ((hospital_who(ask)->role & HOSPITAL_DOCTORS) == 0) {
      change_refuse(ask, 403, "assigned", "doctors say who is assigned");
      return;
    }
    peal_pairs *pairs = peal_pairs_new(build);
    for (size_t i = 0; i < said.len; i++)
      if (!peal_slice_is(peal_val_key(said, i), "assigned"))
        peal_pairs_add_n(pairs, peal_val_key(said, i), said.as.pairs[i].value);
    peal_pairs_add(pairs, "assigned", folded_list(build, assigned));
    said = peal_pairs_val(pairs);
  }
  change_ask(user, ask,
             &(change_wish){.kind = JOURNAL_PATIENT,
                            .verb = JOURNAL_PATCH,
                            .key = path_id(ask),
                            .body = change_stamp(ask, said, build),
                            .name = "patient"});
}

static void on_patients(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  lists_answer(
      user, ask,
      "SELECT json_set(body, '$.risk', json((SELECT body FROM risks"
      " WHERE patient_id = key ORDER BY id DESC LIMIT 1))) AS row"
      " FROM records WHERE kind = 'patient'"
      " AND (?1 IS NULL OR json_extract(body, '$.ward') = ?1)"
      " AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(body,"
      " '$.assigned') WHERE value = lower(?2))) ORDER BY key",
      PEAL_ARGS(lists_param(ask, "ward"), lists_param(ask, "assigned")));
}

/* One thing with what hangs on it; free(). */
typedef struct showing {
  hospital *app;
  peal_kit_ask *ask;
} showing;

static void on_patient_found(const peal_store_result *result, void *user) {
  showing s = *(showing *)user;
  free(user);
  peal_build *build = peal_kit_ask_build(s.ask);
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK) {
    peal_kit_ask_fail(s.ask, result->err);
    return;
  }
  if (result->rows.len == 0) {
    change_refuse(s.ask, 404, NULL, "there is no such patient");
    return;
  }
  peal_pairs *pairs = peal_pairs_new(build);
  peal_val patient =
      peal_build_json(build, peal_val_str(peal_val_get(row, "row")));
  peal_slice risk = peal_val_str(peal_val_get(row, "risk"));
  for (size_t i = 0; i < patient.len; i++)
    peal_pairs_add_n(pairs, peal_val_key(patient, i),
                     patient.as.pairs[i].value);
  peal_pairs_add(pairs, "risk",
                 risk.len > 0 ? peal_build_json(build, risk) : peal_null());
  peal_pairs_add(
      pairs, "alerts",
      peal_build_json(build, peal_val_str(peal_val_get(row, "alerts"))));
  peal_kit_ask_data(s.ask, peal_pairs_val(pairs));
}

static void on_patient(peal_kit_ask *ask, peal_val said, void *user) {
  hospital *app = user;
  (void)said;
  peal_val id = peal_str_slice(path_id(ask));
  showing *s = malloc(sizeof *s);
  if (s == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  ask = peal_kit_ask_keep(ask);
  if (ask == NULL) {
    free(s);
    return;
  }
  *s = (showing){app, ask};
  peal_err err = peal_store_read(
      app->house.store,
      "SELECT body AS row, (SELECT body FROM risks WHERE patient_id = ?1"
      " ORDER BY id DESC LIMIT 1) AS risk, (SELECT json_group_array(json(x))"
      " FROM (SELECT " SCHEMA_ALERT " AS x FROM alerts WHERE patient_id = ?1"
      " AND " SCHEMA_IS_ACTIVE " ORDER BY id DESC LIMIT 200)) AS alerts"
      " FROM records WHERE kind = 'patient' AND key = ?1",
      PEAL_ARGS(id), on_patient_found, s);
  if (err == PEAL_OK)
    return;
  free(s);
  peal_kit_ask_fail(ask, err);
}

/* ---- triage ---------------------------------------------------------------------- */

#define PRIORITY(is_optional)                                                  \
  {                                                                            \
    .name = "priority", .type = PEAL_INT, .optional = is_optional,             \
    .range = PEAL_KIT_BETWEEN(1, 5)                                            \
  }
static const peal_kit_field new_triage[] = {
    FIELDS_ID("patient_id"),
    PRIORITY(false),
    {.name = "complaint", .type = PEAL_STRING, .min_len = 1, .max_chars = 2000},
    {0}};
static const peal_kit_field old_triage[] = {
    FIELDS_WORD("status", "waiting in_progress done left", true),
    PRIORITY(true),
    {.name = "complaint",
     .type = PEAL_STRING,
     .optional = true,
     .min_len = 1,
     .max_chars = 2000},
    {0}};

static void on_add_triage(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  char now[25];
  hospital_now(now);
  peal_val id = peal_val_get(said, "patient_id");
  peal_val body = peal_build_keep(
      build,
      PEAL_OBJECT({"patient_id", id},
                  {"priority", peal_val_get(said, "priority")},
                  {"complaint", peal_val_get(said, "complaint")},
                  {"status", peal_str("waiting")},
                  {"created_at", peal_build_copy(build, peal_str(now))},
                  {"simulated", peal_bool(is_simulated(peal_val_str(id)))}));
  change_ask(user, ask,
             &(change_wish){.kind = JOURNAL_TRIAGE,
                            .verb = JOURNAL_CREATE,
                            .body = change_stamp(ask, body, build),
                            .name = "triage",
                            .status = 201});
}

static void on_patch_triage(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  change_ask(user, ask,
             &(change_wish){.kind = JOURNAL_TRIAGE,
                            .verb = JOURNAL_PATCH,
                            .key = path_id(ask),
                            .body = change_stamp(ask, said, build),
                            .name = "triage"});
}

static void on_triage(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  lists_answer(user, ask,
               "SELECT body AS row FROM records WHERE kind = 'triage'"
               " AND (json_extract(body, '$.status') = ?1 OR ?1 IS NULL)"
               " ORDER BY json_extract(body, '$.status') IN ('done', 'left'),"
               " json_extract(body, '$.priority'), CAST(key AS INTEGER)"
               " LIMIT 2000",
               PEAL_ARGS(lists_param(ask, "status")));
}

/* ---- beds ------------------------------------------------------------------------- */

#define BED_STATES "free occupied cleaning blocked"
static const peal_kit_field new_bed[] = {
    FIELDS_ID("bed_id"),
    FIELDS_LINE("ward", 60, false),
    FIELDS_WORD("status", BED_STATES, true),
    FIELDS_LINE("patient_id", 63, true),
    {0}};
static const peal_kit_field old_bed[] = {
    FIELDS_WORD("status", BED_STATES, true),
    FIELDS_LINE("patient_id", 63, true),
    FIELDS_LINE("ward", 60, true),
    {0}};

/* What patient and state say of each other. False: it has been refused. */
static bool is_bed_possible(peal_kit_ask *ask, peal_val said) {
  peal_slice status = peal_val_str(peal_val_get(said, "status"));
  bool has_patient = peal_val_is(peal_val_get(said, "patient_id"), PEAL_STRING);
  if (peal_slice_is(status, "occupied") && !has_patient) {
    change_refuse(ask, 422, "patient_id", "an occupied bed has a patient_id");
    return false;
  }
  if (status.len > 0 && !peal_slice_is(status, "occupied") && has_patient) {
    change_refuse(ask, 422, "patient_id",
                  "only an occupied bed has a patient_id");
    return false;
  }
  return true;
}

static void on_add_bed(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  peal_val id = peal_val_get(said, "bed_id");
  peal_val status = peal_val_get(said, "status");
  peal_val patient = peal_val_get(said, "patient_id");
  if (!is_bed_possible(ask, said))
    return;
  bool has_patient = peal_val_is(patient, PEAL_STRING);
  peal_val body = peal_build_keep(
      build,
      PEAL_OBJECT({"bed_id", id}, {"id", id},
                  {"ward", peal_val_get(said, "ward")},
                  {"status", peal_val_is(status, PEAL_STRING) ? status
                             : has_patient ? peal_str("occupied")
                                           : peal_str("free")},
                  {"patient_id", has_patient ? patient : peal_null()},
                  {"simulated", peal_bool(is_simulated(peal_val_str(id)))}));
  change_ask(user, ask,
             &(change_wish){.kind = JOURNAL_BED,
                            .verb = JOURNAL_CREATE,
                            .key = peal_val_str(id),
                            .body = change_stamp(ask, body, build),
                            .name = "bed",
                            .status = 201});
}

static void on_patch_bed(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  if (!is_bed_possible(ask, said))
    return;
  peal_slice status = peal_val_str(peal_val_get(said, "status"));
  bool has_patient = peal_val_is(peal_val_get(said, "patient_id"), PEAL_STRING);
  peal_pairs *pairs = peal_pairs_new(build);
  for (size_t i = 0; i < said.len; i++)
    if (!peal_slice_is(peal_val_key(said, i), "patient_id") || has_patient)
      peal_pairs_add_n(pairs, peal_val_key(said, i), said.as.pairs[i].value);
  if (status.len > 0 && !has_patient)
    peal_pairs_add(pairs, "patient_id", peal_null());
  if (status.len == 0 && has_patient)
    peal_pairs_add(pairs, "status", peal_str("occupied"));
  change_ask(
      user, ask,
      &(change_wish){.kind = JOURNAL_BED,
                     .verb = JOURNAL_PATCH,
                     .key = path_id(ask),
                     .body = change_stamp(ask, peal_pairs_val(pairs), build),
                     .name = "bed"});
}

static void on_beds(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  lists_answer(user, ask,
               "SELECT body AS row FROM records WHERE kind = 'bed'"
               " AND (?1 IS NULL OR json_extract(body, '$.ward') = ?1)"
               " AND (?2 IS NULL OR json_extract(body, '$.status') = ?2)"
               " ORDER BY key",
               PEAL_ARGS(lists_param(ask, "ward"), lists_param(ask, "status")));
}

/* ---- preferences ------------------------------------------------------------------- */

static const peal_kit_field ward = {
    .type = PEAL_STRING, .min_len = 1, .max_chars = 60, .one_line = true};
static const peal_kit_field preferences[] = {
    FIELDS_WORD("severity", "info warning critical", false),
    {.name = "sound", .type = PEAL_BOOL, .optional = true},
    {.name = "wards",
     .type = PEAL_ARRAY,
     .optional = true,
     .max_len = 50,
     .item = &ward},
    {0}};

static void on_preferences(peal_kit_ask *ask, peal_val said, void *user) {
  char folded[PEAL_KIT_USERNAME_BYTES] = "";
  (void)said;
  hospital_key(folded, hospital_who(ask));
  lists_one(user, ask,
            "SELECT coalesce((SELECT body FROM records WHERE kind ="
            " 'preferences' AND key = ?1), json('{\"severity\":\"info\","
            "\"sound\":true,\"wards\":[]}')) AS row",
            PEAL_ARGS(peal_str(folded)));
}

static void on_prefer(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  char folded[PEAL_KIT_USERNAME_BYTES] = "";
  hospital_key(folded, hospital_who(ask));
  peal_val wards = peal_val_get(said, "wards");
  peal_val body = peal_build_keep(
      build,
      PEAL_OBJECT({"severity", peal_val_get(said, "severity")},
                  {"sound",
                   peal_bool(peal_val_bool(peal_val_get(said, "sound"), true))},
                  {"wards", peal_val_is(wards, PEAL_ARRAY)
                                ? wards
                                : peal_array(NULL, 0)}));
  change_ask(user, ask,
             &(change_wish){.kind = JOURNAL_PREFERENCES,
                            .verb = JOURNAL_PUT,
                            .key = peal_slice_of(folded),
                            .body = body,
                            .name = "preferences"});
}

/* ---- all of it ---------------------------------------------------------------------- */

peal_err wards_register(hospital *app) {
  static const peal_kit_action all[] = {
      {.route = {.path = "/api/patients"}, .fn = on_patients},
      {.route = {.path = "/api/patients/:id"}, .fn = on_patient},
      {.route = {.path = "/api/triage"}, .fn = on_triage},
      {.route = {.path = "/api/beds"}, .fn = on_beds},
      {.route = {.path = "/api/preferences"}, .fn = on_preferences},
      {.route = {.method = "PUT", .path = "/api/preferences"},
       .fields = preferences,
       .fn = on_prefer}};
  static const peal_kit_action staff[] = {
      {.route = {.method = "POST", .path = "/api/patients"},
       .fields = new_patient,
       .fn = on_add_patient},
      {.route = {.method = "PATCH", .path = "/api/patients/:id"},
       .fields = old_patient,
       .others = PEAL_KIT_REFUSE_OTHERS,
       .fn = on_patch_patient},
      {.route = {.method = "POST", .path = "/api/triage"},
       .fields = new_triage,
       .fn = on_add_triage},
      {.route = {.method = "PATCH", .path = "/api/triage/:id"},
       .fields = old_triage,
       .others = PEAL_KIT_REFUSE_OTHERS,
       .fn = on_patch_triage},
      {.route = {.method = "POST", .path = "/api/beds"},
       .fields = new_bed,
       .fn = on_add_bed},
      {.route = {.method = "PATCH", .path = "/api/beds/:id"},
       .fields = old_bed,
       .others = PEAL_KIT_REFUSE_OTHERS,
       .fn = on_patch_bed}};
  peal_err err = doors_add(app, DOORS_ALL, all, sizeof all / sizeof *all);
  return err == PEAL_OK
             ? doors_add(app, DOORS_STAFF, staff, sizeof staff / sizeof *staff)
             : err;
}
