/* SPDX-License-Identifier: MIT */
/* peal-carechat: an assistant to chat with, and vital signs from devices. main
 * says what it is made of, in which order. */
#include <peal/kit_people.h>

#include "care.h"
#include "chat.h"
#include "demo.h"
#include "devices.h"
#include "owner.h"
#include "patients.h"
#include "routes.h"
#include "schema.h"
#include "seats.h"
#include "sockets.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 20000,
  MAX_MESSAGE_BYTES = 64 * 1024,
  CHANGES_PER_SECOND = 10,
  CHANGES_AT_ONCE = 60,
};

static const peal_kit_about about = {
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
    .keys = settings_keys,
    .metrics = "carechat",
};

/* What is known before there is a store. */
static peal_kit_people_opts people_of(const care *app) {
  const peal_kit *h = &app->house;
  peal_kit_people_opts opts = {.issuer = about.program,
                               .data_dir = h->conf.data_dir,
                               .secure_cookie = h->conf.secure_cookie,
                               .log = h->log};
  peal_kit_people_conf(&opts, h->conf.config);
  return opts;
}

static bool on_read(const peal_config *config, void *user) {
  care *app = user;
  return settings_read(&app->conf, config);
}

static bool on_command(int *code, void *user) {
  care *app = user;
  peal_kit_people_opts opts = people_of(app);
  return peal_kit_people_manage(&opts, app->house.conf.config, code) ||
         owner_manage(app, code);
}

static bool make_people(care *app) {
  peal_kit_people_opts opts = people_of(app);
  opts.store = app->house.store;
  opts.workers = app->house.workers;
  opts.web = app->house.web;
  return (app->people = peal_kit_people_new(&opts)) != NULL;
}

static bool on_make(void *user) {
  care *app = user;
  app->device_limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.device_rate, .burst = app->conf.device_burst});
  app->person_limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = CHANGES_PER_SECOND, .burst = CHANGES_AT_ONCE});
  return app->device_limit != NULL && app->person_limit != NULL &&
         (app->seats = seats_new()) != NULL && make_people(app) &&
         demo_prepare(app) && (app->devices = devices_new(app)) != NULL &&
         (app->patients = patients_new(app)) != NULL &&
         (app->chat = chat_new(app, &app->conf.chat)) != NULL &&
         chat_register(app->chat) == PEAL_OK &&
         routes_register(app) == PEAL_OK && sockets_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  care *app = user;
  peal_kit_people_tick(app->people);
  devices_tick(app->devices);
  patients_tick(app->patients);
  demo_check(app);
}

static void on_start(void *user) {
  care *app = user;
  patients_on_start(app->patients);
  on_second(app);
  demo_start(app);
}

static void on_stop(void *user) {
  care *app = user;
  chat_on_stop(app->chat);
  demo_stop(app);
}

static void on_ended(void *user) {
  demo_wait(user);
}

static void on_free(void *user) {
  care *app = user;
  chat_free(app->chat);
  peal_kit_people_free(app->people);
  patients_free(app->patients);
  devices_free(app->devices);
  seats_free(app->seats);
  peal_web_limit_free(app->person_limit);
  peal_web_limit_free(app->device_limit);
}

int main(int argc, char **argv) {
  static care self;
  static const peal_kit_turns turns = {.on_read = on_read,
                                       .on_command = on_command,
                                       .on_make = on_make,
                                       .on_start = on_start,
                                       .on_second = on_second,
                                       .on_stop = on_stop,
                                       .on_ended = on_ended,
                                       .on_free = on_free,
                                       .user = &self};
  return peal_kit_main(&self.house, &about, &turns, argc, argv);
}
