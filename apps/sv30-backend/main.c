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

static void on_status(const peal_kit *kit, peal_pairs *out, peal_build *build) {
  (void)build;
  peal_pairs_add(out, "timezone", peal_str(((const lab *)kit)->conf.timezone));
}

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
    .keys = settings_keys,
    .metrics = "sv30",
    .on_status = on_status,
};

static lab self = {.files.max = MAX_FILES};

static bool on_read(const peal_config *config, void *user) {
  lab *app = user;
  return settings_read(&app->conf, config);
}

static bool on_make(void *user) {
  lab *app = user;
  app->limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.device_rate, .burst = app->conf.device_burst});
  return app->limit != NULL && (app->runs = runs_new(app)) != NULL &&
         routes_register(app) == PEAL_OK && events_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  figures_tick(user);
}

static void on_free(void *user) {
  lab *app = user;
  runs_free(app->runs);
  peal_web_limit_free(app->limit);
}

int main(int argc, char **argv) {
  static const peal_kit_turns turns = {.on_read = on_read,
                                       .on_make = on_make,
                                       .on_start = on_second,
                                       .on_second = on_second,
                                       .on_free = on_free,
                                       .user = &self};
  return peal_kit_main(&self.house, &about, &turns, argc, argv);
}
