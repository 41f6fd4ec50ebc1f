/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "commands.h"
#include "door.h"
#include "figures.h"
#include "ledger.h"
#include "source.h"
#include "uploads.h"

enum { SMALL_BYTES = 4096, DAYS = 7 };

/* ---- one line each ------------------------------------------------------------- */

static void on_today(peal_http_req *req, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_today(user, to);
}

static void on_history(peal_http_req *req, void *user) {
  int64_t days = 0;
  if (!peal_web_query_int(req, "days", DAYS, 1, LEDGER_MAX_DAYS, &days))
    return;
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_history(user, to, days);
}

static void on_status(peal_http_req *req, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_status(user, to);
}

static void on_pause(peal_http_req *req, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_pause(user, to, peal_undefined());
}

static void on_resume(peal_http_req *req, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_resume(user, to, peal_undefined());
}

static void on_acknowledge(peal_http_req *req, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_acknowledge(user, to, peal_undefined());
}

static void on_threshold(peal_http_req *req, peal_val body, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_set_threshold(user, to, body);
}

static void on_calibrate(peal_http_req *req, peal_val body, void *user) {
  answer *to = answer_of_request(req);
  if (to != NULL)
    commands_calibrate(user, to, body);
}

/* ---- all of them ------------------------------------------------------------------ */

static const peal_web_route all[] = {
    {.path = "/api/stats/today", .on_request = on_today},
    {.path = "/api/stats/history", .on_request = on_history},
    {.path = "/api/status", .on_request = on_status},
    {.method = "POST", .path = "/api/pause", .on_request = on_pause},
    {.method = "POST", .path = "/api/resume", .on_request = on_resume},
    {.method = "POST",
     .path = "/api/alert/acknowledge",
     .on_request = on_acknowledge},
    {.method = "POST",
     .path = "/api/threshold",
     .on_json = on_threshold,
     .max_body_bytes = SMALL_BYTES},
    {.method = "POST",
     .path = "/api/calibrate",
     .on_json = on_calibrate,
     .max_body_bytes = SMALL_BYTES},
};

/* With a hook of its own, which asks the door first. */
static const peal_web_route frames = {
    .method = "POST",
    .path = "/api/frames",
    .on_request = uploads_on_frame,
    .max_body_bytes = SOURCE_MAX_FRAME_BYTES + LANDMARKS_MAX_JSON + SMALL_BYTES,
    .before = uploads_before,
};

peal_err routes_register(desk *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_http_server_on_done(h->http, uploads_on_done, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, all, sizeof all / sizeof *all, door_hook, app,
                              app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, &frames, 1, NULL, NULL, app);
  if (err == PEAL_OK)
    err = peal_kit_health_on(
        h, &(peal_kit_health_opts){.more = figures_add_health, .user = app});
  return err == PEAL_OK ? peal_web_metrics_add(h->web, figures_on_metrics, app)
                        : err;
}
