/* SPDX-License-Identifier: MIT */
/* peal-deskpulse: watches how somebody sits at a desk, and shows it live. main
 * says what it is made of, in which order. */
#include <peal/kit.h>

#include "commands.h"
#include "door.h"
#include "events.h"
#include "hub.h"
#include "ledger.h"
#include "monitor.h"
#include "recorder.h"
#include "routes.h"
#include "schema.h"
#include "uploads.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 10000,
  MAX_MESSAGE_BYTES = 16 * 1024, /* of viewers, who send little */
  FLUSH_S = 5,
  ASKED_PER_S = 1000, /* by one viewer, of what DeskPulse itself does */
};

static const peal_kit_about about = {
    .program = "peal-deskpulse",
    .summary = "watches how somebody sits at a desk, and shows it live",
    .env_prefix = "PEAL_DESKPULSE",
    .port = "5003",
    .data_dir = "data/deskpulse",
    .cookie = "peal_deskpulse",
    .page = "deskpulse/web",
    .database = "deskpulse.db",
    .migrations = schema_migrations,
    .key_help = "Pictures are sent with the access token, not with a key.",
    .readers = "other machines",
    .ping_interval_ms = PING_INTERVAL_MS,
    .ping_timeout_ms = PING_TIMEOUT_MS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .keys = settings_keys,
    .metrics = "deskpulse",
    .reader_hook = door_hook, // the house is the first of the desk
};

static desk self;

static bool on_read(const peal_config *config, void *user) {
  desk *app = user;
  return settings_read(&app->conf, config);
}

static bool on_open(void *user) {
  desk *app = user;
  return (app->door = door_new(app)) != NULL;
}

static bool on_make(void *user) {
  desk *app = user;
  ledger_choices choices;
  app->limit = peal_web_limit_new(
      &(peal_web_limit_opts){.count = ASKED_PER_S, .burst = 2 * ASKED_PER_S});
  return app->limit != NULL &&
         (app->ledger = ledger_new(app, &choices)) != NULL &&
         (app->hub = hub_new(app)) != NULL &&
         (app->uploads = uploads_new(app)) != NULL &&
         (!app->conf.record || (app->recorder = recorder_new(app)) != NULL) &&
         (app->monitor = monitor_new(app, &choices)) != NULL &&
         commands_register(app) == PEAL_OK && routes_register(app) == PEAL_OK &&
         events_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  desk *app = user;
  monitor_tick(app->monitor);
  if (++app->seconds % FLUSH_S == 0)
    ledger_flush(app->ledger);
}

static void on_stop(void *user) {
  desk *app = user;
  monitor_stop(app->monitor);
  ledger_flush(app->ledger);
}

static void on_free(void *user) {
  desk *app = user;
  monitor_free(app->monitor);
  uploads_free(app->uploads);
  hub_free(app->hub);
  ledger_free(app->ledger);
  recorder_free(app->recorder);
  peal_web_limit_free(app->limit);
  door_free(app->door);
}

int main(int argc, char **argv) {
  static const peal_kit_turns turns = {.on_read = on_read,
                                       .on_open = on_open,
                                       .on_make = on_make,
                                       .on_second = on_second,
                                       .on_stop = on_stop,
                                       .on_free = on_free,
                                       .user = &self};
  settings_adopt_env();
  return peal_kit_main(&self.house, &about, &turns, argc, argv);
}
