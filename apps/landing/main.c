/* SPDX-License-Identifier: MIT */
/* peal-landing: the page that leads to every application of this machine, and
 * tells how each of them is. */
#include <peal/kit.h>

#include "watch.h"

enum { MAX_MESSAGE_BYTES = 4096 };

static const peal_kit_about about = {
    .program = "peal-landing",
    .summary = "leads to the applications of this machine",
    .env_prefix = "PEAL_LANDING",
    .port = "8080",
    .data_dir = "data/landing",
    .page = "landing/web",
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .keys = watch_keys,
};

typedef struct landing {
  peal_kit house;
  watch *watch;
} landing;

static void on_apps(peal_http_req *req, void *user) {
  landing *app = user;
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"status", peal_str("success")},
                  {"data", watch_val(app->watch, peal_http_req_build(req))}));
}

static peal_err open_doors(landing *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_web_get(h->web, "/api/applications", on_apps, app);
  if (err == PEAL_OK)
    err = peal_kit_health_on(h, &(peal_kit_health_opts){.word = "healthy"});
  if (err == PEAL_OK)
    err = peal_kit_door_on(h);
  return err;
}

static bool on_make(void *user) {
  landing *app = user;
  return (app->watch = watch_new(&app->house)) != NULL &&
         open_doors(app) == PEAL_OK;
}

static void on_second(void *user) {
  watch_second(((landing *)user)->watch);
}

static void on_stop(void *user) {
  watch_stop(((landing *)user)->watch);
}

static void on_free(void *user) {
  watch_free(((landing *)user)->watch);
}

int main(int argc, char **argv) {
  static landing self;
  static const peal_kit_turns turns = {.on_make = on_make,
                                       .on_start = on_second,
                                       .on_second = on_second,
                                       .on_stop = on_stop,
                                       .on_free = on_free,
                                       .user = &self};
  return peal_kit_main(&self.house, &about, &turns, argc, argv);
}
