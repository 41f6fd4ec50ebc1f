/* SPDX-License-Identifier: MIT */
/* peal-carechat: an assistant to chat with, and vital signs from devices. main
 * makes the parts in order, runs, and takes them down in the opposite order. */
#include "care.h"
#include "figures.h"
#include "house_run.h"
#include "routes.h"
#include "schema.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 20000,
  MAX_MESSAGE_BYTES = 64 * 1024,
};

static const house_about about = {
    .program = "peal-carechat",
    .summary = "a chat with an assistant, and vital signs from devices",
    .env_prefix = "PEAL_CARECHAT",
    .port = "5001",
    .data_dir = "data/carechat",
    .cookie = "peal_carechat",
    .page = "carechat/web",
    .database = "carechat.db",
    .migrations = schema_migrations,
    .key_help = "The device sends it as X-Device-Key, or as auth "
                "{\"device_key\": …, \"device_id\": …}.",
    .readers = "devices",
    .has_people = true,
    .ping_interval_ms = PING_INTERVAL_MS,
    .ping_timeout_ms = PING_TIMEOUT_MS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
};

static bool make_parts(care *app) {
  return routes_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  care *app = user;
  figures_tick(app);
  app->seconds++;
}

static int serve(care *app) {
  house *h = &app->house;
  int code = 1;
  if (house_open(h) && house_faces(h) && make_parts(app)) {
    code = house_run(h, &(house_turns){.on_start = on_second,
                                       .on_second = on_second,
                                       .user = app});
    house_log(h, PEAL_LOG_INFO, "main", "stopped");
  }
  house_close(h);
  house_deinit(h);
  return code;
}

int main(int argc, char **argv) {
  static care self;
  house *h = &self.house;
  int code = 1;
  if (house_conf_read(h, &about, settings_keys, settings_key_count, argc, argv,
                      &code)) {
    settings_read(&self.conf, h->conf.config);
    code = serve(&self);
  }
  house_conf_deinit(&h->conf);
  return code;
}
