/* SPDX-License-Identifier: MIT */
#include "owner.h"

#include <stdio.h>
#include <string.h>

#include <peal/kit.h>
#include <peal/kit_people.h>

#include "devices.h"
#include "schema.h"

/* A change on its way; in the request's memory. */
typedef struct change {
  care *app;
  peal_http_req *req;
  int64_t user_id, changed;
  char id[PEAL_KIT_DEVICE_ID_BYTES], key[DEVICES_KEY_BYTES];
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
} change;

/* `changed` grows with every change, whatever the clock says: the program that
 * runs looks for what is behind the last that it saw. */
#define LATER "(SELECT ifnull(max(changed), 0) + 1 FROM devices)"

/* A new key takes the place of the one before. Nobody takes another's device,
 * and nobody has more than ?5. */
#define ADD                                                                    \
  "INSERT INTO devices (device_id, user_id, hash, changed)"                    \
  " SELECT ?1, ?2, ?3, max(?4, " LATER ")"                                     \
  " WHERE EXISTS (SELECT 1 FROM devices WHERE device_id = ?1)"                 \
  " OR (SELECT count(*) FROM devices WHERE user_id = ?2) < ?5"                 \
  " ON CONFLICT (device_id) DO UPDATE SET hash = ?3,"                          \
  " changed = excluded.changed, is_revoked = 0 WHERE user_id = ?2"             \
  " RETURNING no, changed"
#define REVOKE                                                                 \
  "UPDATE devices SET is_revoked = 1, changed = max(?3, " LATER ")"            \
  " WHERE device_id = ?1 AND (user_id = ?2 OR ?2 = 0)"                         \
  " RETURNING no, user_id, hash, changed"

#define ADD_ARGS(id, user_id, hash, now_ms, max)                               \
  PEAL_ARGS(                                                                   \
      peal_str(id), peal_int(user_id),                                         \
      peal_binary((peal_slice){(const char *)(hash), PEAL_KIT_DIGEST_BYTES}),  \
      peal_int(now_ms), peal_int(max))

/* ---- requests -------------------------------------------------------------- */

void owner_on_list(peal_http_req *req, void *user) {
  care *app = user;
  peal_val list = devices_list(app->devices, peal_kit_people_of(req)->id,
                               peal_http_req_build(req));
  care_answer(req, 200,
              PEAL_OBJECT({"status", peal_str("success")}, {"data", list}));
}

/* NULL: it has been answered. */
static change *begin(care *app, peal_http_req *req, peal_slice id) {
  if (!peal_kit_device_id_is_good(id)) {
    peal_web_error(req, 422,
                   "device_id must be text of 1 to 64 bytes that can be seen",
                   "device_id");
    return NULL;
  }
  change *c = peal_http_req_alloc(req, sizeof *c);
  if (c == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  *c = (change){.app = app,
                .req = req,
                .user_id = peal_kit_people_of(req)->id,
                .changed = peal_wall_ms()};
  snprintf(c->id, sizeof c->id, "%.*s", PEAL_SFMT(id));
  return c;
}

static bool is_done(change *c, const peal_store_result *result) {
  if (result->err == PEAL_OK)
    return true;
  peal_kit_store_failed(&c->app->house, "a device", result);
  peal_web_error(c->req, 503, peal_kit_words(result->err), NULL);
  return false;
}

/* Whoever came with the key of before has to come again. */
static void part(const change *c) {
  char room[DEVICES_ROOM_BYTES];
  devices_room(room, c->id);
  (void)peal_nsp_disconnect(c->app->house.nsp,
                            &(peal_to){.rooms = PEAL_ROOMS(room)}, true);
}

static bool put(const change *c, peal_val row, const uint8_t *hash,
                bool is_revoked) {
  return devices_put(c->app->devices, peal_val_int(peal_val_get(row, "no"), 0),
                     c->id, c->user_id, hash,
                     peal_val_int(peal_val_get(row, "changed"), 0), is_revoked);
}

static void on_added(const peal_store_result *result, void *user) {
  change *c = user;
  if (!is_done(c, result))
    return;
  if (result->rows.len == 0) {
    int64_t owner = devices_owner(c->app->devices, peal_slice_of(c->id));
    bool is_mine = owner == 0 || owner == c->user_id;
    peal_web_error(c->req, is_mine ? 422 : 409,
                   is_mine ? "this account has as many devices as it may have"
                           : "this device belongs to another account",
                   "device_id");
    return;
  }
  if (!put(c, peal_val_at(result->rows, 0), c->hash, false)) {
    peal_web_error_of(c->req, PEAL_ERR_NOMEM);
    return;
  }
  part(c);
  peal_kit_log(&c->app->house, PEAL_LOG_INFO, "devices", "a new key for %s",
               c->id);
  care_answer(c->req, 200,
              PEAL_OBJECT({"status", peal_str("success")},
                          {"device_id", peal_str(c->id)},
                          {"device_key", peal_str(c->key)}));
}

void owner_on_add(peal_http_req *req, peal_val body, void *user) {
  care *app = user;
  change *c = begin(app, req, peal_val_str(peal_val_get(body, "device_id")));
  if (c == NULL)
    return;
  peal_err err = PEAL_ERR_SYSTEM;
  if (devices_make_key(c->key, c->hash))
    err = peal_store_write(app->house.store, ADD,
                           ADD_ARGS(c->id, c->user_id, c->hash, c->changed,
                                    app->conf.user_devices),
                           on_added, c);
  if (err == PEAL_OK)
    peal_http_defer(req);
  else
    peal_web_error(req, 503, peal_kit_words(err), NULL);
}

static void on_revoked(const peal_store_result *result, void *user) {
  change *c = user;
  if (!is_done(c, result))
    return;
  peal_val row = peal_val_at(result->rows, 0);
  peal_slice hash = peal_val_binary(peal_val_get(row, "hash"));
  if (result->rows.len == 0 || hash.len != PEAL_KIT_DIGEST_BYTES) {
    peal_web_error(c->req, 404, "there is no such device", NULL);
    return;
  }
  if (!put(c, row, (const uint8_t *)hash.ptr, true)) {
    peal_web_error_of(c->req, PEAL_ERR_NOMEM);
    return;
  }
  part(c);
  peal_kit_log(&c->app->house, PEAL_LOG_INFO, "devices",
               "the key of %s was revoked", c->id);
  care_answer(c->req, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

void owner_on_revoke(peal_http_req *req, void *user) {
  care *app = user;
  change *c = begin(app, req, peal_web_param(req, "id"));
  if (c == NULL)
    return;
  peal_err err = peal_store_write(
      app->house.store, REVOKE,
      PEAL_ARGS(peal_str(c->id), peal_int(c->user_id), peal_int(c->changed)),
      on_revoked, c);
  if (err == PEAL_OK)
    peal_http_defer(req);
  else
    peal_web_error(req, 503, peal_kit_words(err), NULL);
}

/* ---- the command line ------------------------------------------------------ */

static int complain(const char *what, const char *about) {
  fprintf(stderr, "peal-carechat: %s%s\n", what, about);
  return 1;
}

static int add(care *app, const char *id) {
  char key[DEVICES_KEY_BYTES];
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  int64_t user_id = 0;
  peal_doc *rows = NULL;
  if (!peal_kit_device_id_is_good(peal_slice_of(id)))
    return complain("a device id is text of 1 to 64 bytes that can be seen",
                    "");
  if (app->conf.for_user == NULL)
    return complain("--add-device-key needs --for-user USER: whose it is", "");
  if (peal_kit_people_id_sync(app->house.store,
                              peal_slice_of(app->conf.for_user),
                              &user_id) != PEAL_OK ||
      user_id == 0)
    return complain("there is no account ", app->conf.for_user);
  if (!devices_make_key(key, hash) ||
      peal_store_exec_sync(
          app->house.store, ADD,
          ADD_ARGS(id, user_id, hash, peal_wall_ms(), app->conf.user_devices),
          &rows) != PEAL_OK)
    return complain("the key could not be stored", "");
  bool is_made = peal_doc_val(rows).len > 0;
  peal_doc_free(rows);
  if (!is_made)
    return complain("it belongs to another account, or the account has as many "
                    "devices as it may have: ",
                    id);
  fprintf(stderr, "This is the key of %s; it is shown only now. %s\n", id,
          app->house.about->key_help);
  printf("%s\n", key);
  return 0;
}

static int revoke(care *app, const char *id) {
  peal_doc *rows = NULL;
  if (peal_store_exec_sync(
          app->house.store, REVOKE,
          PEAL_ARGS(peal_str(id), peal_int(0), peal_int(peal_wall_ms())),
          &rows) != PEAL_OK)
    return complain("the key could not be revoked", "");
  bool had = peal_doc_val(rows).len > 0;
  peal_doc_free(rows);
  if (!had)
    return complain("there is no device ", id);
  printf("revoked: %s is refused until it is given a new key\n", id);
  return 0;
}

static int list(care *app) {
  peal_doc *doc = NULL;
  if (peal_store_exec_sync(app->house.store,
                           "SELECT device_id, is_revoked, changed, name FROM"
                           " devices LEFT JOIN people ON people.id = user_id"
                           " ORDER BY device_id LIMIT 10000",
                           PEAL_NO_ARGS, &doc) != PEAL_OK)
    return complain("the devices could not be read", "");
  peal_val rows = peal_doc_val(doc);
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    char when[25];
    peal_web_time_iso(when, peal_val_int(peal_val_get(row, "changed"), 0));
    printf("%s  %-7s  %.*s  of %.*s\n", when,
           peal_val_int(peal_val_get(row, "is_revoked"), 0) != 0 ? "revoked"
                                                                 : "valid",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "device_id"))),
           PEAL_SFMT(peal_val_str(peal_val_get(row, "name"))));
  }
  peal_doc_free(doc);
  return 0;
}

static int manage(care *app) {
  const peal_kit_conf *conf = &app->house.conf;
  if (conf->add_key != NULL)
    return add(app, conf->add_key);
  return conf->revoke_key != NULL ? revoke(app, conf->revoke_key) : list(app);
}

bool owner_manage(care *app, int *exit_code) {
  peal_kit *h = &app->house;
  if (h->conf.add_key == NULL && h->conf.revoke_key == NULL &&
      !h->conf.list_keys)
    return false;
  *exit_code = peal_kit_open_store(h) ? manage(app) : 1;
  peal_kit_close(h);
  return true;
}

bool owner_simulated(care *app, int64_t user_id, unsigned count, char *key) {
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  return devices_make_key(key, hash) &&
         peal_store_exec_sync(
             app->house.store,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
             " WHERE i < ?1) INSERT INTO devices (device_id, user_id, hash,"
             " changed) SELECT printf('SIM-%03d', i), ?2, ?3,"
             " max(?4, " LATER ") FROM n"
             " WHERE true ON CONFLICT (device_id) DO UPDATE SET hash = ?3,"
             " changed = excluded.changed, is_revoked = 0"
             " WHERE user_id = ?2",
             PEAL_ARGS(peal_int(count), peal_int(user_id),
                       peal_binary((peal_slice){(const char *)hash,
                                                PEAL_KIT_DIGEST_BYTES}),
                       peal_int(peal_wall_ms())),
             NULL) == PEAL_OK;
}
