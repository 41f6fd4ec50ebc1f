/* SPDX-License-Identifier: MIT */
/* peal-sv30-backend: the results of sludge settling tests, kept and shown. main
 * makes the parts in order, runs, and takes them down in the opposite order. */
#include <peal/kit.h>

#include "events.h"
#include "figures.h"
#include "lab.h"
#include "routes.h"
#include "runs.h"
#include "schema.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 20000,
  MAX_FILES = 8,                 /* of all tests, on their way at once */
  MAX_MESSAGE_BYTES = 64 * 1024, /* a result has a few hundred */
};

static const peal_kit_about about = {
    .program = "peal-sv30-backend",
    .summary = "keeps and shows the results of sludge settling tests (SV30)",
    .env_prefix = "PEAL_SV30_BACKEND",
    .port = "4000",
    .data_dir = "data/sv30-backend",
    .cookie = "peal_sv30",
    .page = "sv30-backend/web",
    .database = "sv30.db",
    .migrations = schema_migrations,
    .key_help = "The device sends it as auth {\"api_key\": …}.",
    .readers = "devices",
    .ping_interval_ms = PING_INTERVAL_MS,
    .ping_timeout_ms = PING_TIMEOUT_MS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
};

static bool make_parts(lab *app) {
  app->limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.device_rate, .burst = app->conf.device_burst});
  return app->limit != NULL && (app->runs = runs_new(app)) != NULL &&
         routes_register(app) == PEAL_OK && events_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  lab *app = user;
  figures_tick(app);
}

static int serve(lab *app) {
  peal_kit *h = &app->house;
  int code = 1;
  if (peal_kit_open(h) && peal_kit_faces(h) && make_parts(app)) {
    code = peal_kit_run(h, &(peal_kit_turns){.on_start = on_second,
                                             .on_second = on_second,
                                             .user = app});
    peal_kit_log(h, PEAL_LOG_INFO, "main", "stopped");
  }
  peal_kit_close(h);
  runs_free(app->runs);
  peal_web_limit_free(app->limit);
  peal_kit_deinit(h);
  return code;
}

int main(int argc, char **argv) {
  static lab self = {.files.max = MAX_FILES};
  peal_kit *h = &self.house;
  int code = 1;
  if (peal_kit_conf_read(h, &about, settings_keys, settings_key_count, argc,
                         argv, &code) &&
      !peal_kit_manage(h, &code))
    code = settings_read(&self.conf, h->conf.config) ? serve(&self) : 1;
  peal_kit_conf_deinit(&h->conf);
  return code;
}
