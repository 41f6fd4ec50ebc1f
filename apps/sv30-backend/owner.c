/* SPDX-License-Identifier: MIT */
#include "owner.h"

#include <stdio.h>

#include <peal/kit.h>

/* A change on its way; in the request's memory. */
typedef struct change {
  lab *app;
  peal_http_req *req;
  char id[PEAL_KIT_DEVICE_ID_BYTES], key[PEAL_KIT_DEVICE_KEY_BYTES];
} change;

peal_web_verdict owner_hook(peal_http_req *req, void *user) {
  lab *app = user;
  if (peal_kit_auth_hook(req, &app->house) != PEAL_WEB_PASS)
    return PEAL_WEB_STOP;
  if (!peal_kit_auth_is_open(app->house.auth))
    return PEAL_WEB_PASS;
  peal_web_error(req, 403,
                 "without a dashboard password keys are made by the command "
                 "line only: --add-device-key",
                 NULL);
  return PEAL_WEB_STOP;
}

/* NULL: it has been answered. */
static change *begin(lab *app, peal_http_req *req, peal_slice id) {
  peal_kit_refusal why;
  if (!peal_kit_gate_id(id, &why)) {
    peal_kit_refusal_answer(req, &why);
    return NULL;
  }
  change *c = peal_http_req_alloc(req, sizeof *c);
  if (c == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  *c = (change){.app = app, .req = req};
  snprintf(c->id, sizeof c->id, "%.*s", PEAL_SFMT(id));
  peal_http_defer(req);
  return c;
}

static bool is_done(change *c, const peal_store_result *result) {
  if (result->err == PEAL_OK)
    return true;
  peal_kit_store_failed(&c->app->house, "a device key", result);
  peal_web_error_of(c->req, result->err);
  return false;
}

static void answer(peal_http_req *req, peal_val body) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200, body);
}

/* Whoever came with the key of before has to come again. */
static void part(change *c) {
  char room[PEAL_KIT_DEVICE_ID_BYTES + 8];
  snprintf(room, sizeof room, "device %s", c->id);
  peal_kit_device_keys_refresh(c->app->house.keys);
  (void)peal_nsp_disconnect(c->app->house.nsp,
                            &(peal_to){.rooms = PEAL_ROOMS(room)}, true);
}

/* ---- list ------------------------------------------------------------------ */

static peal_val row_val(peal_build *build, peal_val row) {
  char when[25];
  peal_web_time_iso(when, peal_val_int(peal_val_get(row, "changed"), 0));
  bool is_revoked = peal_val_int(peal_val_get(row, "is_revoked"), 0) != 0;
  return peal_build_copy(
      build, PEAL_OBJECT({"device_id", peal_val_get(row, "device_id")},
                         {"changed", peal_str(when)},
                         {"revoked", peal_bool(is_revoked)}));
}

static void on_list(const peal_store_result *result, void *user) {
  change *c = user;
  if (!is_done(c, result))
    return;
  peal_build *build = peal_http_req_build(c->req);
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < result->rows.len; i++)
    peal_items_add(items, row_val(build, peal_val_at(result->rows, i)));
  answer(c->req, PEAL_OBJECT({"status", peal_str("success")},
                             {"data", peal_items_val(items)}));
}

void owner_on_list(peal_http_req *req, void *user) {
  lab *app = user;
  change *c = begin(app, req, PEAL_S("list"));
  if (c == NULL)
    return;
  peal_err err =
      peal_store_read(app->house.store,
                      "SELECT device_id, changed, is_revoked FROM device_keys"
                      " ORDER BY device_id LIMIT 1000",
                      PEAL_NO_ARGS, on_list, c);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}

/* ---- add and revoke --------------------------------------------------------- */

static void on_added(const peal_store_result *result, void *user) {
  change *c = user;
  if (!is_done(c, result))
    return;
  part(c);
  peal_kit_log(&c->app->house, PEAL_LOG_INFO, "keys", "a new key for %s",
               c->id);
  answer(c->req, PEAL_OBJECT({"status", peal_str("success")},
                             {"device_id", peal_str(c->id)},
                             {"device_key", peal_str(c->key)}));
}

void owner_on_add(peal_http_req *req, peal_val body, void *user) {
  lab *app = user;
  change *c = begin(app, req, peal_val_str(peal_val_get(body, "device_id")));
  if (c == NULL)
    return;
  peal_err err =
      peal_kit_device_keys_store(&app->house, c->id, c->key, on_added, c);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}

static void on_revoked(const peal_store_result *result, void *user) {
  change *c = user;
  if (!is_done(c, result))
    return;
  if (result->rows.len == 0) {
    peal_web_error(c->req, 404, "this device has no key", NULL);
    return;
  }
  part(c);
  peal_kit_log(&c->app->house, PEAL_LOG_INFO, "keys",
               "the key of %s was revoked", c->id);
  answer(c->req, PEAL_OBJECT({"status", peal_str("success")}));
}

void owner_on_revoke(peal_http_req *req, void *user) {
  lab *app = user;
  change *c = begin(app, req, peal_web_param(req, "id"));
  if (c == NULL)
    return;
  peal_err err = peal_store_write(
      app->house.store, PEAL_KIT_DEVICE_KEYS_REVOKE,
      PEAL_ARGS(peal_str(c->id), peal_int(peal_wall_ms())), on_revoked, c);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}
