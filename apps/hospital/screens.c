/* SPDX-License-Identifier: MIT */
#include "screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "doors.h"
#include "duty.h"
#include "fields.h"
#include "lists.h"
#include "missed.h"
#include "schema.h"
#include "unread.h"

enum { PAGE = 500, SOCKET_ID_BYTES = 32 };

/* ---- connecting ----------------------------------------------------------------- */

static peal_err greet(hospital *app, peal_socket *socket,
                      const peal_kit_person *who) {
  char now[25];
  hospital_now(now);
  return peal_emit(
      socket, "connection_response",
      PEAL_ARGS(PEAL_OBJECT({"status", peal_str("Connected")},
                            {"server_time", peal_str(now)},
                            {"sid", peal_str(peal_socket_id(socket))},
                            {"username", peal_str(who->username)},
                            {"role", peal_str(who->role_name)},
                            {"unread", peal_int(unread_count(app->unread))})));
}

static peal_err join_own(hospital *app, peal_socket *socket,
                         const peal_kit_person *who) {
  char role[HOSPITAL_ROOM_BYTES], person[HOSPITAL_ROOM_BYTES],
      folded[PEAL_KIT_USERNAME_BYTES] = "";
  hospital_key(folded, who);
  hospital_room(role, "role", peal_slice_of(who->role_name));
  hospital_room(person, "person", peal_slice_of(folded));
  peal_err err = peal_join(socket, role);
  if (err == PEAL_OK)
    err = peal_join(socket, person);
  if (err == PEAL_OK)
    err = peal_join(socket, who->room);
  if (err == PEAL_OK && (who->role & HOSPITAL_STAFF) != 0)
    err = duty_seat(app, socket);
  return err;
}

/* A page of missed alerts for a new socket; free(). */
typedef struct sending {
  hospital *app;
  char socket[SOCKET_ID_BYTES];
} sending;

static void on_missed(peal_err err, peal_val alerts, bool has_more,
                      void *user) {
  sending s = *(sending *)user;
  free(user);
  peal_socket *socket = peal_nsp_find(s.app->house.nsp, s.socket);
  if (socket == NULL)
    return;
  // who is told nothing would believe that there was nothing
  if (err != PEAL_OK ||
      peal_emit(socket, "missed_alerts",
                PEAL_ARGS(PEAL_OBJECT({"alerts", alerts},
                                      {"more", peal_bool(has_more)}))) !=
          PEAL_OK)
    peal_disconnect(socket, true);
}

static peal_slice viewer_of(const peal_kit_person *who) {
  return (who->role & HOSPITAL_STAFF) != 0 ? PEAL_S("")
                                           : peal_slice_of(who->username);
}

static bool is_cursor(peal_val last) {
  return peal_val_is(last, PEAL_INT) ||
         (last.type == PEAL_ARRAY && last.len <= 64);
}

/* Its rooms are joined: what is stored from now on comes by itself. */
static void send_missed(hospital *app, peal_socket *socket,
                        const peal_kit_person *who) {
  peal_val last = peal_val_get(peal_socket_auth(socket), "last_alert_id");
  if (!is_cursor(last))
    return;
  sending *s = malloc(sizeof *s);
  if (s == NULL) {
    peal_disconnect(socket, true);
    return;
  }
  s->app = app;
  snprintf(s->socket, sizeof s->socket, "%s", peal_socket_id(socket));
  if (missed_find(app,
                  &(missed_wish){.last = last,
                                 .patient_id = PEAL_S(""),
                                 .viewer = viewer_of(who),
                                 .limit = PAGE},
                  on_missed, s) == PEAL_OK)
    return;
  free(s);
  peal_disconnect(socket, true);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  hospital *app = user;
  const peal_kit_person *who = peal_kit_people_on(socket);
  peal_err err = join_own(app, socket, who);
  if (err == PEAL_OK)
    err = greet(app, socket, who);
  if (err == PEAL_OK && (who->role & HOSPITAL_STAFF) != 0)
    err = peal_emit(
        socket, "unread_count",
        PEAL_ARGS(unread_val(app->unread, peal_socket_build(socket))));
  if (err == PEAL_OK)
    send_missed(app, socket, who);
  return err;
}

/* ---- a patient ------------------------------------------------------------------- */

static const peal_kit_field join_fields[] = {
    FIELDS_ID("patient_id"), {.name = "last_alert_id", .optional = true}, {0}};

/* Somebody who wants to watch a patient; free(). */
typedef struct joining {
  hospital *app;
  peal_kit_ask *ask;
  char socket[SOCKET_ID_BYTES], patient_id[HOSPITAL_PATIENT_ID_BYTES];
  char username[PEAL_KIT_USERNAME_BYTES];
  uint32_t role;
  peal_doc *last;  /* NULL: nothing was missed */
  peal_doc *found; /* the patient, its risk, its alerts */
} joining;

static void end_joining(joining *j) {
  peal_doc_free(j->last);
  peal_doc_free(j->found);
  free(j);
}

static void refuse_joining(joining *j, unsigned status, const char *words) {
  change_refuse(j->ask, status, "patient_id", "%s", words);
  end_joining(j);
}

static void answer_joined(joining *j, peal_val missed, bool has_more) {
  peal_build *build = peal_kit_ask_build(j->ask);
  peal_val found = peal_doc_val(j->found);
  peal_val patient = peal_val_get(found, "patient"),
           risk = peal_val_get(found, "risk"),
           alerts = peal_val_get(found, "alerts");
  peal_kit_ask_done_with(
      j->ask,
      peal_build_keep(
          build,
          PEAL_OBJECT(
              {"patient", patient}, {"risk", risk}, {"alerts", alerts},
              {"missed", missed}, {"more", peal_bool(has_more)},
              {"snapshot", PEAL_OBJECT({"patient", patient}, {"risk", risk},
                                       {"alerts", alerts})})));
  end_joining(j);
}

static void on_joined_missed(peal_err err, peal_val alerts, bool has_more,
                             void *user) {
  joining *j = user;
  if (err == PEAL_OK) {
    answer_joined(j, alerts, has_more);
    return;
  }
  peal_kit_ask_fail(j->ask, err);
  end_joining(j);
}

/* What is missed is asked for behind the join. */
static void find_missed(joining *j) {
  if (j->last == NULL) {
    answer_joined(j, peal_array(NULL, 0), false);
    return;
  }
  peal_err err =
      missed_find(j->app,
                  &(missed_wish){.last = peal_doc_val(j->last),
                                 .patient_id = peal_slice_of(j->patient_id),
                                 .viewer = PEAL_S(""),
                                 .limit = PAGE},
                  on_joined_missed, j);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(j->ask, err);
  end_joining(j);
}

/* The patient with risk and alerts as they are behind the join. */
static void on_shown(const peal_store_result *result, void *user) {
  joining *j = user;
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_val row = peal_val_at(result->rows, 0);
  j->found = result->err == PEAL_OK
                 ? peal_doc_new(peal_build_json(
                       build, peal_val_str(peal_val_get(row, "row"))))
                 : NULL;
  if (j->found != NULL) {
    find_missed(j);
    return;
  }
  peal_kit_ask_fail(j->ask,
                    result->err != PEAL_OK ? result->err : PEAL_ERR_NOMEM);
  end_joining(j);
}

#define SHOW                                                                   \
  "SELECT json_object('patient', json(body), 'risk', (SELECT json(body) FROM"  \
  " risks WHERE patient_id = ?1 ORDER BY id DESC LIMIT 1), 'alerts',"          \
  " (SELECT json_group_array(json(x)) FROM (SELECT " SCHEMA_ALERT " AS x"      \
  " FROM alerts WHERE patient_id = ?1 AND " SCHEMA_IS_ALERT                    \
  " AND resolved_at IS NULL ORDER BY id DESC LIMIT 500))) AS row"              \
  " FROM records WHERE kind = 'patient' AND key = ?1"

static void join(joining *j) {
  char room[HOSPITAL_ROOM_BYTES];
  peal_socket *socket = peal_nsp_find(j->app->house.nsp, j->socket);
  hospital_room(room, "patient", peal_slice_of(j->patient_id));
  if (socket == NULL) {
    refuse_joining(j, 400, "it has gone");
    return;
  }
  peal_err err = peal_join(socket, room);
  if (err == PEAL_OK)
    err = peal_store_read(j->app->house.store, SHOW,
                          PEAL_ARGS(peal_str(j->patient_id)), on_shown, j);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(j->ask, err);
  end_joining(j);
}

static void on_allowed(const peal_store_result *result, void *user) {
  joining *j = user;
  peal_val row = peal_val_at(result->rows, 0);
  bool is_assigned = peal_val_int(peal_val_get(row, "assigned"), 0) != 0;
  if (result->err != PEAL_OK) {
    peal_kit_ask_fail(j->ask, result->err);
    end_joining(j);
  } else if (result->rows.len == 0) {
    refuse_joining(j, 404, "there is no such patient");
  } else if ((j->role & HOSPITAL_DOCTORS) == 0 && !is_assigned) {
    refuse_joining(j, 403, "you are not assigned to this patient");
  } else {
    join(j);
  }
}

static void on_join_patient(peal_kit_ask *ask, peal_val said, void *user) {
  hospital *app = user;
  const peal_kit_person *who = hospital_who(ask);
  peal_val last = peal_val_get(said, "last_alert_id");
  joining *j = who != NULL ? calloc(1, sizeof *j) : NULL;
  if (j == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  j->app = app;
  j->role = who->role;
  hospital_key(j->username, who);
  snprintf(j->socket, sizeof j->socket, "%s",
           peal_socket_id(peal_kit_ask_socket(ask)));
  snprintf(j->patient_id, sizeof j->patient_id, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(said, "patient_id"))));
  if (is_cursor(last))
    j->last = peal_doc_new(last);
  if ((j->ask = peal_kit_ask_keep(ask)) == NULL) {
    end_joining(j);
    return;
  }
  peal_err err = peal_store_read(
      app->house.store,
      "SELECT EXISTS (SELECT 1 FROM json_each(body, '$.assigned')"
      " WHERE value = ?2) AS assigned FROM records"
      " WHERE kind = 'patient' AND key = ?1",
      PEAL_ARGS(peal_str(j->patient_id), peal_str(j->username)), on_allowed, j);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(j->ask, err);
  end_joining(j);
}

static void on_leave_patient(peal_kit_ask *ask, peal_val said, void *user) {
  char room[HOSPITAL_ROOM_BYTES];
  (void)user;
  hospital_room(room, "patient",
                peal_val_str(peal_val_get(said, "patient_id")));
  peal_leave(peal_kit_ask_socket(ask), room);
}

/* ---- the hospital, the queue -------------------------------------------------------- */

/* A list that is asked for behind a join; free(). */
typedef struct listing {
  peal_kit_ask *ask;
  const char *name;
} listing;

static void on_listed(const peal_store_result *result, void *user) {
  listing l = *(listing *)user;
  free(user);
  if (result->err != PEAL_OK)
    peal_kit_ask_fail(l.ask, result->err);
  else
    peal_kit_ask_done_with(
        l.ask,
        PEAL_OBJECT({l.name, lists_rows(peal_kit_ask_build(l.ask), result)}));
}

static void join_and_list(hospital *app, peal_kit_ask *ask, const char *room,
                          const char *name, const char *sql) {
  peal_err err = peal_join(peal_kit_ask_socket(ask), room);
  listing *l = malloc(sizeof *l);
  if (err != PEAL_OK || l == NULL) {
    free(l);
    peal_kit_ask_fail(ask, err != PEAL_OK ? err : PEAL_ERR_NOMEM);
    return;
  }
  *l = (listing){peal_kit_ask_keep(ask), name};
  if (l->ask == NULL) {
    free(l);
    return;
  }
  err = peal_store_read(app->house.store, sql, PEAL_NO_ARGS, on_listed, l);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(l->ask, err);
  free(l);
}

static const peal_kit_field hospital_fields[] = {
    FIELDS_WORD("hospital_id", "main", false), {0}};

static void on_join_hospital(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  join_and_list(user, ask, "hospital_main", "alerts",
                "SELECT " SCHEMA_ALERT " AS row FROM alerts WHERE patient_id IS"
                " NULL AND " SCHEMA_IS_ALERT " AND resolved_at IS NULL"
                " ORDER BY id DESC LIMIT 200");
}

static void on_leave_hospital(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said, (void)user;
  peal_leave(peal_kit_ask_socket(ask), "hospital_main");
}

static void on_join_triage(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  join_and_list(user, ask, "triage", "triage",
                "SELECT body AS row FROM records WHERE kind = 'triage' AND"
                " json_extract(body, '$.status') NOT IN ('done', 'left')"
                " ORDER BY json_extract(body, '$.priority'),"
                " CAST(key AS INTEGER) LIMIT 1000");
}

static void on_leave_triage(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said, (void)user;
  peal_leave(peal_kit_ask_socket(ask), "triage");
}

static bool may_triage(peal_kit_ask *ask, peal_val said, peal_kit_refusal *why,
                       void *user) {
  const peal_kit_person *who = hospital_who(ask);
  (void)said, (void)user;
  if (who != NULL && (who->role & HOSPITAL_STAFF) != 0)
    return true;
  peal_kit_refusal_set(why, 403, NULL, "this is for the staff");
  return false;
}

/* ---- missed, page by page -------------------------------------------------------------- */

static const peal_kit_field missed_fields[] = {
    {.name = "last_alert_id"},
    {.name = "patient_id",
     .type = PEAL_STRING,
     .optional = true,
     .max_len = 63},
    {.name = "limit",
     .type = PEAL_INT,
     .optional = true,
     .range = PEAL_KIT_BETWEEN(1, PAGE)},
    {0}};

static void on_missed_page(peal_err err, peal_val alerts, bool has_more,
                           void *user) {
  if (err != PEAL_OK)
    peal_kit_ask_fail(user, err);
  else
    peal_kit_ask_done_with(
        user, PEAL_OBJECT({"alerts", alerts}, {"more", peal_bool(has_more)}));
}

static void on_get_missed(peal_kit_ask *ask, peal_val said, void *user) {
  peal_val last = peal_val_get(said, "last_alert_id");
  const peal_kit_person *who = hospital_who(ask);
  if (!is_cursor(last)) {
    change_refuse(ask, 422, "last_alert_id",
                  "last_alert_id must be a number, or up to 64 of them");
    return;
  }
  const missed_wish wish = {
      .last = last,
      .patient_id = peal_val_str(peal_val_get(said, "patient_id")),
      .viewer = viewer_of(who),
      .limit = peal_val_int(peal_val_get(said, "limit"), PAGE)};
  if ((ask = peal_kit_ask_keep(ask)) == NULL)
    return;
  peal_err err = missed_find(user, &wish, on_missed_page, ask);
  if (err != PEAL_OK)
    peal_kit_ask_fail(ask, err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

peal_err screens_register(hospital *app) {
  static const peal_kit_action events[] = {
      {.event = "join_patient_monitoring",
       .fields = join_fields,
       .fn = on_join_patient},
      {.event = "leave_patient_monitoring",
       .fields = join_fields,
       .fn = on_leave_patient},
      {.event = "join_hospital",
       .fields = hospital_fields,
       .fn = on_join_hospital},
      {.event = "leave_hospital", .fn = on_leave_hospital},
      {.event = "join_triage", .may = may_triage, .fn = on_join_triage},
      {.event = "leave_triage", .fn = on_leave_triage},
      {.event = "get_missed_alerts",
       .fields = missed_fields,
       .fn = on_get_missed}};
  peal_kit *h = &app->house;
  peal_err err = peal_kit_people_nsp_only(app->people, h->nsp);
  if (err == PEAL_OK)
    err = peal_on_connect(h->nsp, on_connect, app);
  if (err == PEAL_OK)
    err = peal_on(h->nsp, "request", peal_kit_on_request, h);
  return err == PEAL_OK
             ? doors_add(app, DOORS_ALL, events, sizeof events / sizeof *events)
             : err;
}
