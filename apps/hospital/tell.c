/* SPDX-License-Identifier: MIT */
#include "tell.h"

#include <stdio.h>

#include "duty.h"
#include "escalation.h"
#include "notices.h"
#include "unread.h"

static peal_slice text_of(peal_val row, const char *name) {
  return peal_val_str(peal_val_get(row, name));
}

/* ---- alerts ------------------------------------------------------------------- */

/* Whoever watches the patient, and the staff on duty by their preferences. */
static bool emit_alert(hospital *app, const char *event, peal_val row) {
  char patient[HOSPITAL_ROOM_BYTES], ward[HOSPITAL_ROOM_BYTES],
      wards[HOSPITAL_ROOM_BYTES];
  peal_slice severity = text_of(row, "severity");
  peal_val about = peal_val_get(row, "patient_id");
  if (!peal_val_is(about, PEAL_STRING))
    return hospital_emit(app, &(peal_to){.is_local = true}, event, row);
  hospital_room(patient, "patient", peal_val_str(about));
  duty_room(ward, severity, text_of(row, "ward"));
  duty_room(wards, severity, PEAL_S("*"));
  return hospital_emit(
      app,
      &(peal_to){.is_local = true,
                 .rooms = PEAL_ROOMS(patient, ward, wards, DUTY_ALL)},
      event, row);
}

/* An alert that cannot be sent now is fetched by screens that come back. */
static void tell_alert(hospital *app, const char *event, peal_val row) {
  if (!emit_alert(app, event, row))
    hospital_resync(app);
}

static void tell_new_alert(hospital *app, const tell_news *news) {
  bool is_wide =
      !peal_val_is(peal_val_get(news->row, "patient_id"), PEAL_STRING);
  tell_alert(app, is_wide ? "hospital_alert" : "patient_alert", news->row);
  atomic_fetch_add(&app->alerts, 1);
  unread_changed(app->unread);
  escalation_new_alert(app->escalation, news->row);
  if (news->is_own)
    notices_look(app->notices);
}

static void tell_changed_alert(hospital *app, const tell_news *news) {
  tell_alert(app, "alert_updated", news->row);
  unread_changed(app->unread);
}

static void tell_escalated(hospital *app, const tell_news *news) {
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_val row = news->row, id = peal_val_get(row, "id");
  peal_val level = peal_val_get(row, "escalation");
  bool is_all = peal_slice_is(peal_val_str(level), "all");
  char now[25];
  hospital_now(now);
  peal_val told = peal_build_copy(
      build, PEAL_OBJECT({"id", id}, {"alert_id", id}, {"level", level},
                         {"from", peal_str(is_all ? "doctor" : "nurse")},
                         {"patient_id", peal_val_get(row, "patient_id")},
                         {"severity", peal_val_get(row, "severity")},
                         {"message", peal_val_get(row, "message")},
                         {"timestamp", peal_str(now)}, {"alert", row}));
  atomic_fetch_add(&app->escalated, 1);
  if (is_all)
    hospital_emit(app, &(peal_to){.is_local = true}, "alert_escalated", told);
  else
    hospital_emit(app,
                  &(peal_to){.is_local = true,
                             .rooms = PEAL_ROOMS("role_doctor", "role_admin")},
                  "alert_escalated", told);
}

/* ---- the rest ------------------------------------------------------------------ */

static void tell_patient_rooms(hospital *app, const char *event,
                               peal_slice patient_id, peal_val row) {
  char room[HOSPITAL_ROOM_BYTES];
  hospital_room(room, "patient", patient_id);
  hospital_emit(
      app,
      &(peal_to){.is_local = true, .rooms = PEAL_ROOMS(room, "hospital_main")},
      event, row);
}

enum { MOST_ASSIGNED = 100 };

/* Of whom only those who are assigned may watch: the others do no longer. */
static void part_unassigned(hospital *app, peal_slice patient_id,
                            peal_val assigned) {
  char room[HOSPITAL_ROOM_BYTES];
  char people[MOST_ASSIGNED][HOSPITAL_ROOM_BYTES];
  const char *stay[MOST_ASSIGNED + 1];
  size_t count = 0;
  if (!peal_val_is(assigned, PEAL_ARRAY))
    assigned = peal_array(NULL, 0);
  for (; count < assigned.len && count < MOST_ASSIGNED; count++) {
    hospital_room(people[count], "person",
                  peal_val_str(peal_val_at(assigned, count)));
    stay[count] = people[count];
  }
  stay[count] = NULL;
  hospital_room(room, "patient", patient_id);
  peal_err err = peal_nsp_leave(
      app->house.nsp,
      &(peal_to){.is_local = true,
                 .rooms = PEAL_ROOMS("role_nurse", "role_viewer"),
                 .except = stay},
      room);
  if (err != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "rooms", "%s was not left: %s",
                 room, peal_err_message(err));
}

/* To those who leave the room, too: what is said last is that they do. */
static void tell_patient(hospital *app, const tell_news *news) {
  tell_patient_rooms(app, "patient_update", news->key, news->row);
  if (!news->is_new)
    part_unassigned(app, news->key, peal_val_get(news->row, "assigned"));
}

static void tell_triage(hospital *app, const tell_news *news) {
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "action",
                 peal_str(news->is_new ? "created" : "updated"));
  peal_pairs_add(pairs, "triage", news->row);
  for (size_t i = 0; i < news->row.len; i++)
    peal_pairs_add_n(pairs, peal_val_key(news->row, i),
                     news->row.as.pairs[i].value);
  hospital_emit(app,
                &(peal_to){.is_local = true,
                           .rooms = PEAL_ROOMS("triage", "hospital_main")},
                "triage_update", peal_pairs_val(pairs));
}

static void tell_on_duty(hospital *app, const char *event, peal_val value) {
  hospital_emit(
      app,
      &(peal_to){.is_local = true,
                 .rooms = PEAL_ROOMS("hospital_main", "staff_on_duty")},
      event, value);
}

static void tell_bed(hospital *app, const tell_news *news) {
  peal_val row = news->row;
  peal_val told = PEAL_OBJECT({"bed_id", peal_val_get(row, "bed_id")},
                              {"ward", peal_val_get(row, "ward")},
                              {"status", peal_val_get(row, "status")},
                              {"patient_id", peal_val_get(row, "patient_id")},
                              {"timestamp", peal_val_get(row, "updated_at")});
  tell_on_duty(app, "bed_status", told);
}

static void tell_staff(hospital *app, const tell_news *news) {
  peal_val row = news->row;
  peal_slice availability = text_of(row, "availability");
  peal_val told = PEAL_OBJECT(
      {"username", peal_val_get(row, "username")},
      {"name", peal_val_get(row, "name")}, {"role", peal_val_get(row, "role")},
      {"availability", peal_str_slice(availability)},
      {"available", peal_bool(peal_slice_is(availability, "available"))},
      {"timestamp", peal_val_get(row, "updated_at")});
  duty_refresh(app, text_of(row, "username"));
  tell_on_duty(app, "staff_availability", told);
}

static void tell_preferences(hospital *app, const tell_news *news) {
  char room[HOSPITAL_ROOM_BYTES];
  hospital_room(room, "person", news->key);
  duty_refresh(app, news->key);
  hospital_emit(app, &(peal_to){.is_local = true, .rooms = PEAL_ROOMS(room)},
                "preferences", news->row);
}

void tell(hospital *app, const tell_news *news) {
  switch (news->kind) {
  case JOURNAL_PATIENT:
    tell_patient(app, news);
    break;
  case JOURNAL_RISK:
    tell_patient_rooms(app, "risk_update", news->key, news->row);
    break;
  case JOURNAL_TRIAGE:
    tell_triage(app, news);
    break;
  case JOURNAL_BED:
    tell_bed(app, news);
    break;
  case JOURNAL_STAFF:
    tell_staff(app, news);
    break;
  case JOURNAL_PREFERENCES:
    tell_preferences(app, news);
    break;
  case JOURNAL_ALERT:
    tell_new_alert(app, news);
    break;
  case JOURNAL_ACKNOWLEDGE:
  case JOURNAL_RESOLVE:
    tell_changed_alert(app, news);
    break;
  case JOURNAL_ESCALATE:
    tell_escalated(app, news);
    break;
  case JOURNAL_ACCOUNT:
  case JOURNAL_KINDS:
    break;
  }
}
