/* SPDX-License-Identifier: MIT */
#include "staff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "doors.h"
#include "fields.h"
#include "lists.h"

enum { PASSWORD_RANDOM = 16 }; /* bytes */

/* ---- before the run ------------------------------------------------------------- */

static bool make_admin(hospital *app) {
  char path[4096], *made = NULL;
  const char *password = app->conf.admin_password;
  bool is_new = false;
  int64_t id = 0;
  snprintf(path, sizeof path, "%s/admin.password", app->house.conf.data_dir);
  if (password == NULL) {
    if (peal_config_secret(&made, path, PASSWORD_RANDOM, &is_new, NULL) !=
        PEAL_OK) {
      fprintf(stderr, "peal-hospital: %s cannot be used\n", path);
      return false;
    }
    password = made;
    peal_kit_log(&app->house, PEAL_LOG_INFO, "staff",
                 "the first administrator is admin, the password is in %s",
                 path);
  }
  peal_err err =
      peal_kit_people_add_sync(app->people, PEAL_S("admin"),
                               peal_slice_of(password), HOSPITAL_ADMIN, &id);
  peal_config_secret_free(made);
  if (err == PEAL_OK)
    return true;
  fprintf(stderr, "peal-hospital: the account admin cannot be made: %s\n",
          err == PEAL_ERR_USAGE ? "its password needs 8 characters"
                                : peal_err_message(err));
  return false;
}

/* Who was made just before the program was killed has no record yet. */
#define MEND                                                                   \
  "INSERT INTO records (kind, key, at, node, body) SELECT 'staff', folded, 0," \
  " 0, json_object('username', name, 'id', name, 'name', name, 'role', role,"  \
  " 'availability', 'off_duty', 'disabled', json('false')) FROM people"        \
  " WHERE true ON CONFLICT DO NOTHING"

bool staff_prepare(hospital *app) {
  int64_t id = 0;
  if (peal_kit_people_id_sync(app->house.store, PEAL_S("admin"), &id) !=
      PEAL_OK)
    return false;
  return (id != 0 || make_admin(app)) &&
         peal_store_exec_sync(app->house.store, MEND, PEAL_NO_ARGS, NULL) ==
             PEAL_OK;
}

/* ---- signing in and out ------------------------------------------------------------ */

static void set_availability(hospital *app, peal_slice username,
                             const char *availability) {
  char folded[PEAL_KIT_USERNAME_BYTES], now[25];
  hospital_now(now);
  if (!peal_kit_people_fold(folded, username))
    return;
  const journal_change change = {
      .kind = JOURNAL_STAFF,
      .verb = JOURNAL_PATCH,
      .key = peal_slice_of(folded),
      .actor = username,
      .body = PEAL_OBJECT({"availability", peal_str(availability)},
                          {"updated_at", peal_str(now)})};
  if (!journal_add(app, &change, NULL, NULL))
    peal_kit_log(&app->house, PEAL_LOG_WARN, "staff",
                 "somebody's availability was not stored");
}

static void on_signed_out(const peal_store_result *result, void *user) {
  hospital *app = user;
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err == PEAL_OK && result->rows.len > 0 &&
      peal_val_int(peal_val_get(row, "others"), 1) == 0)
    set_availability(app, peal_val_str(peal_val_get(row, "name")), "off_duty");
}

void staff_on_sign(const peal_kit_person *person, bool is_in, void *user) {
  hospital *app = user;
  if (is_in) {
    set_availability(app, peal_slice_of(person->username), "available");
    return;
  }
  if (peal_worker_self() == NULL) // the run is over
    return;
  if (peal_store_read(
          app->house.store,
          "SELECT name, (SELECT count(*) FROM sign_ins WHERE person = people.id"
          " AND id != ?2 AND ended_ms IS NULL AND end_ms > ?3) AS others"
          " FROM people WHERE id = ?1",
          PEAL_ARGS(peal_int(person->id), peal_str(person->sign_in),
                    peal_int(peal_wall_ms())),
          on_signed_out, app) != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "staff",
                 "nobody knows who is available");
}

/* ---- accounts ------------------------------------------------------------------------ */

#define ROLES "admin doctor nurse viewer"
static const peal_kit_field new_staff[] = {
    {.name = "username", .type = PEAL_STRING, .min_len = 1, .max_len = 64},
    {.name = "password", .type = PEAL_STRING, .min_len = 8, .max_len = 1024},
    FIELDS_LINE("name", 200, false),
    FIELDS_WORD("role", ROLES, false),
    FIELDS_LINE("ward", 60, true),
    FIELDS_LINE("phone", 40, true),
    FIELDS_LINE("email", 200, true),
    {0}};
static const peal_kit_field old_staff[] = {
    FIELDS_LINE("name", 200, true),
    FIELDS_WORD("role", ROLES, true),
    FIELDS_LINE("ward", 60, true),
    FIELDS_LINE("phone", 40, true),
    FIELDS_LINE("email", 200, true),
    FIELDS_WORD("availability", "available busy off_duty", true),
    {.name = "disabled", .type = PEAL_BOOL, .optional = true},
    {0}};
static const peal_kit_field new_password[] = {
    {.name = "password", .type = PEAL_STRING, .min_len = 8, .max_len = 1024},
    {0}};

static uint32_t role_of(peal_slice name) {
  return peal_slice_is(name, "admin")    ? HOSPITAL_ADMIN
         : peal_slice_is(name, "doctor") ? HOSPITAL_DOCTOR
         : peal_slice_is(name, "nurse")  ? HOSPITAL_NURSE
                                         : HOSPITAL_VIEWER;
}

/* The account as other nodes need it: behind each change of it. */
static void note_account(hospital *app, peal_slice username, peal_slice actor) {
  char folded[PEAL_KIT_USERNAME_BYTES];
  if (!peal_kit_people_fold(folded, username))
    return;
  const journal_change change = {.kind = JOURNAL_ACCOUNT,
                                 .verb = JOURNAL_PUT,
                                 .key = peal_slice_of(folded),
                                 .actor = actor,
                                 .body = peal_str("account")};
  if (!journal_add(app, &change, NULL, NULL))
    peal_kit_log(&app->house, PEAL_LOG_WARN, "staff",
                 "an account is not known to the other nodes");
}

/* Somebody new, or something of somebody, on its way; free(). */
typedef struct hiring {
  hospital *app;
  peal_kit_ask *ask;
  peal_doc *body;
  char actor[PEAL_KIT_USERNAME_BYTES], key[PEAL_KIT_USERNAME_BYTES];
  bool is_new;
} hiring;

static void end_hiring(hiring *h) {
  peal_doc_free(h->body);
  free(h);
}

static hiring *begin(hospital *app, peal_kit_ask *ask, peal_val body,
                     peal_slice username) {
  hiring *h = calloc(1, sizeof *h);
  peal_doc *doc = peal_doc_new(body);
  const peal_kit_person *who = hospital_who(ask);
  if (h == NULL || doc == NULL) {
    peal_doc_free(doc);
    free(h);
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return NULL;
  }
  h->app = app;
  h->body = doc;
  snprintf(h->actor, sizeof h->actor, "%s", who->username);
  if (!peal_kit_people_fold(h->key, username)) {
    end_hiring(h);
    change_refuse(ask, 422, "username",
                  "a username is 1 to 64 letters, digits and . _ - @ +, "
                  "beginning with a letter or digit");
    return NULL;
  }
  if ((h->ask = peal_kit_ask_keep(ask)) == NULL) {
    end_hiring(h);
    return NULL;
  }
  return h;
}

static void on_recorded(const journal_result *result, void *user) {
  hiring *h = user;
  if (result->err != PEAL_OK)
    peal_kit_ask_fail(h->ask, result->err);
  else if (!result->is_done)
    change_refuse(h->ask, h->is_new ? 409 : 404, NULL,
                  h->is_new ? "the username is taken"
                            : "there is no such person");
  else
    change_answer(h->ask, h->is_new ? 201 : 200, "staff",
                  change_id_of(JOURNAL_STAFF, result->row), result->row);
  end_hiring(h);
}

/* The record behind the account. */
static void record(hiring *h) {
  const journal_change change = {.kind = JOURNAL_STAFF,
                                 .verb =
                                     h->is_new ? JOURNAL_PUT : JOURNAL_PATCH,
                                 .key = peal_slice_of(h->key),
                                 .actor = peal_slice_of(h->actor),
                                 .body = peal_doc_val(h->body)};
  if (journal_add(h->app, &change, on_recorded, h))
    return;
  peal_kit_ask_fail(h->ask, PEAL_ERR_NOMEM);
  end_hiring(h);
}

static void on_added(peal_err err, int64_t id, void *user) {
  hiring *h = user;
  (void)id;
  if (err == PEAL_OK) {
    note_account(h->app, peal_slice_of(h->key), peal_slice_of(h->actor));
    record(h);
    return;
  }
  if (err == PEAL_ERR_EXISTS)
    change_refuse(h->ask, 409, "username", "the username is taken");
  else
    peal_kit_ask_fail(h->ask, err);
  end_hiring(h);
}

static void on_add(peal_kit_ask *ask, peal_val said, void *user) {
  hospital *app = user;
  peal_build *build = peal_kit_ask_build(ask);
  peal_val name = peal_val_get(said, "username");
  peal_slice password = peal_val_str(peal_val_get(said, "password"));
  peal_slice role = peal_val_str(peal_val_get(said, "role"));
  peal_val body =
      peal_build_keep(build, PEAL_OBJECT({"username", name}, {"id", name},
                                         {"name", peal_val_get(said, "name")},
                                         {"role", peal_str_slice(role)},
                                         {"ward", peal_val_get(said, "ward")},
                                         {"phone", peal_val_get(said, "phone")},
                                         {"email", peal_val_get(said, "email")},
                                         {"availability", peal_str("off_duty")},
                                         {"disabled", peal_bool(false)}));
  hiring *h =
      begin(app, ask, change_stamp(ask, body, build), peal_val_str(name));
  if (h == NULL)
    return;
  h->is_new = true;
  peal_err err = peal_kit_people_add(app->people, peal_val_str(name), password,
                                     role_of(role), on_added, h);
  if (err == PEAL_OK)
    return;
  if (err == PEAL_ERR_USAGE)
    change_refuse(h->ask, 422, "password",
                  "a password has 8 to 1024 bytes and is not the username");
  else
    peal_kit_ask_fail(h->ask, err);
  end_hiring(h);
}

/* ---- changing ---------------------------------------------------------------------------- */

static void on_change_found(const peal_store_result *result, void *user) {
  hiring *h = user;
  peal_val body = peal_doc_val(h->body);
  peal_val role = peal_val_get(body, "role");
  peal_val disabled = peal_val_get(body, "disabled");
  int64_t id =
      peal_val_int(peal_val_get(peal_val_at(result->rows, 0), "id"), 0);
  peal_err err = result->err;
  if (err == PEAL_OK && id != 0 && peal_val_is(role, PEAL_STRING))
    err = peal_kit_people_role_set(h->app->people, id,
                                   role_of(peal_val_str(role)));
  if (err == PEAL_OK && id != 0 && peal_val_is(disabled, PEAL_BOOL))
    err = peal_kit_people_disable(h->app->people, id,
                                  peal_val_bool(disabled, false));
  if (err == PEAL_OK) {
    if (!peal_val_is(role, PEAL_UNDEFINED) ||
        !peal_val_is(disabled, PEAL_UNDEFINED))
      note_account(h->app, peal_slice_of(h->key), peal_slice_of(h->actor));
    record(h);
    return;
  }
  peal_kit_ask_fail(h->ask, err);
  end_hiring(h);
}

static void find(hiring *h, peal_store_fn fn) {
  peal_err err = peal_store_read(h->app->house.store,
                                 "SELECT id FROM people WHERE folded = ?1",
                                 PEAL_ARGS(peal_str(h->key)), fn, h);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(h->ask, err);
  end_hiring(h);
}

static peal_slice path_username(peal_kit_ask *ask) {
  return peal_web_param(peal_kit_ask_req(ask), "username");
}

/* Oneself: whether one is available, and no more. */
static bool may_change(peal_kit_ask *ask, peal_val said, peal_slice username) {
  const peal_kit_person *who = hospital_who(ask);
  char own[PEAL_KIT_USERNAME_BYTES], other[PEAL_KIT_USERNAME_BYTES];
  if (who->role == HOSPITAL_ADMIN)
    return true;
  bool is_self = peal_kit_people_fold(own, peal_slice_of(who->username)) &&
                 peal_kit_people_fold(other, username) &&
                 strcmp(own, other) == 0;
  return is_self && said.len == 1 &&
         peal_slice_is(peal_val_key(said, 0), "availability");
}

static void on_patch(peal_kit_ask *ask, peal_val said, void *user) {
  peal_build *build = peal_kit_ask_build(ask);
  peal_slice username = path_username(ask);
  if (!may_change(ask, said, username)) {
    change_refuse(ask, 403, NULL, "administrators change accounts");
    return;
  }
  hiring *h = begin(user, ask, change_stamp(ask, said, build), username);
  if (h != NULL)
    find(h, on_change_found);
}

static void on_reset(peal_err err, int64_t id, void *user) {
  hiring *h = user;
  (void)id;
  if (err != PEAL_OK) {
    if (err == PEAL_ERR_CLOSED)
      change_refuse(h->ask, 404, NULL, "there is no such person");
    else
      peal_kit_ask_fail(h->ask, err);
  } else {
    note_account(h->app, peal_slice_of(h->key), peal_slice_of(h->actor));
    peal_kit_ask_done(h->ask);
  }
  end_hiring(h);
}

static void on_reset_found(const peal_store_result *result, void *user) {
  hiring *h = user;
  peal_slice password =
      peal_val_str(peal_val_get(peal_doc_val(h->body), "password"));
  int64_t id =
      peal_val_int(peal_val_get(peal_val_at(result->rows, 0), "id"), 0);
  peal_err err = result->err;
  if (err == PEAL_OK)
    err = id == 0 ? PEAL_ERR_CLOSED
                  : peal_kit_people_password_set(h->app->people, id, password,
                                                 on_reset, h);
  if (err != PEAL_OK)
    on_reset(err, 0, h);
}

static void on_password(peal_kit_ask *ask, peal_val said, void *user) {
  hiring *h = begin(user, ask, said, path_username(ask));
  if (h != NULL)
    find(h, on_reset_found);
}

static void on_list(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said;
  lists_answer(user, ask,
               "SELECT body AS row FROM records WHERE kind = 'staff'"
               " AND (?1 IS NULL OR json_extract(body, '$.role') = ?1)"
               " ORDER BY key",
               PEAL_ARGS(lists_param(ask, "role")));
}

peal_err staff_register(hospital *app) {
  static const peal_kit_action all[] = {
      {.route = {.path = "/api/staff"}, .fn = on_list},
      {.route = {.method = "PATCH", .path = "/api/staff/:username"},
       .fields = old_staff,
       .others = PEAL_KIT_REFUSE_OTHERS,
       .fn = on_patch}};
  static const peal_kit_action admins[] = {
      {.route = {.method = "POST", .path = "/api/staff"},
       .fields = new_staff,
       .fn = on_add},
      {.route = {.method = "POST", .path = "/api/staff/:username/password"},
       .fields = new_password,
       .fn = on_password}};
  peal_err err = doors_add(app, DOORS_ALL, all, sizeof all / sizeof *all);
  return err == PEAL_OK ? doors_add(app, DOORS_ADMINS, admins,
                                    sizeof admins / sizeof *admins)
                        : err;
}
