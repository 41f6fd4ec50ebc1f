/* SPDX-License-Identifier: MIT */
/* peal-deskpulse: watches how somebody sits at a desk, and shows it live. main
 * makes the parts in order, runs, and takes them down in the opposite order. */
#include <peal/kit.h>

#include "commands.h"
#include "door.h"
#include "events.h"
#include "figures.h"
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
    .reader_hook = door_hook, // the house is the first of the desk
};

static bool make_parts(desk *app) {
  ledger_choices choices;
  return (app->ledger = ledger_new(app, &choices)) != NULL &&
         (app->hub = hub_new(app)) != NULL &&
         (app->uploads = uploads_new(app)) != NULL &&
         (!app->conf.record || (app->recorder = recorder_new(app)) != NULL) &&
         (app->monitor = monitor_new(app, &choices)) != NULL &&
         routes_register(app) == PEAL_OK && events_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  desk *app = user;
  figures_tick(app);
  monitor_tick(app->monitor);
  if (++app->seconds % FLUSH_S == 0)
    ledger_flush(app->ledger);
}

static void on_stop(void *user) {
  desk *app = user;
  monitor_stop(app->monitor);
  ledger_flush(app->ledger);
}

static int serve(desk *app) {
  peal_kit *h = &app->house;
  int code = 1;
  if (peal_kit_open(h) && (app->door = door_new(app)) != NULL &&
      peal_kit_faces(h) && make_parts(app)) {
    code = peal_kit_run(h, &(peal_kit_turns){.on_start = on_second,
                                             .on_second = on_second,
                                             .on_stop = on_stop,
                                             .user = app});
    peal_kit_log(h, PEAL_LOG_INFO, "main", "stopped");
  }
  monitor_free(app->monitor);
  peal_kit_close(h);
  uploads_free(app->uploads);
  hub_free(app->hub);
  ledger_free(app->ledger);
  recorder_free(app->recorder);
  peal_kit_deinit(h);
  door_free(app->door);
  return code;
}

int main(int argc, char **argv) {
  static desk self;
  peal_kit *h = &self.house;
  int code = 1;
  settings_adopt_env();
  if (peal_kit_conf_read(h, &about, settings_keys, settings_key_count, argc,
                         argv, &code) &&
      !peal_kit_manage(h, &code))
    code = settings_read(&self.conf, h->conf.config) ? serve(&self) : 1;
  peal_kit_conf_deinit(&h->conf);
  return code;
}
