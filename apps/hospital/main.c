/* SPDX-License-Identifier: MIT */
/* peal-hospital: alerts, risks, triage, beds and staff of a hospital on its
 * screens. main says what it is made of, in which order. */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "bell.h"
#include "demo.h"
#include "escalation.h"
#include "figures.h"
#include "hospital.h"
#include "journal.h"
#include "notices.h"
#include "prune.h"
#include "replica.h"
#include "risk.h"
#include "schema.h"
#include "screens.h"
#include "staff.h"
#include "unread.h"
#include "wards.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 20000,
  MAX_MESSAGE_BYTES = 64 * 1024,
  SECRET_LENGTH = 16,
};

static const peal_kit_about about = {
    .program = "peal-hospital",
    .summary = "a hospital's alerts on its screens",
    .env_prefix = "PEAL_HOSPITAL",
    .port = "5002",
    .data_dir = "data/hospital",
    .cookie = "peal_hospital",
    .page = "hospital/web",
    .database = "hospital.db",
    .migrations = schema_migrations,
    .has_people = true,
    .ping_interval_ms = PING_INTERVAL_MS,
    .ping_timeout_ms = PING_TIMEOUT_MS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .keys = settings_keys,
    .methods = "GET,POST,PUT,PATCH,DELETE,OPTIONS",
    .metrics = "hospital",
};

static const char *const roles[] = {"viewer", "nurse", "doctor", "admin", NULL};

static peal_kit_people_opts people_of(hospital *app) {
  const peal_kit *h = &app->house;
  peal_kit_people_opts opts = {.issuer = about.program,
                               .data_dir = h->conf.data_dir,
                               .secure_cookie = h->conf.secure_cookie,
                               .prefix = "/api/auth",
                               .refresh_path = "/refresh",
                               .roles = roles,
                               .secret = app->conf.secret_key,
                               .on_sign = staff_on_sign,
                               .sign_user = app,
                               .log = h->log};
  peal_kit_people_conf(&opts, h->conf.config);
  opts.no_register = true; // administrators make accounts
  return opts;
}

static bool on_read(const peal_config *config, void *user) {
  hospital *app = user;
  if (!settings_read(&app->conf, config))
    return false;
  app->house.conf.cors_origins = app->conf.origins;
  return true;
}

static bool on_command(int *code, void *user) {
  hospital *app = user;
  const peal_kit_conf *conf = &app->house.conf;
  if (conf->add_key != NULL || conf->revoke_key != NULL || conf->list_keys) {
    fputs("peal-hospital: there are no device keys here: monitors sign in, as "
          "people do\n",
          stderr);
    *code = 1;
    return true;
  }
  peal_kit_people_opts opts = people_of(app);
  return peal_kit_people_manage(&opts, app->house.conf.config, code);
}

/* It can be found from any token by trying, and then everybody's be made. */
static void look_at_secret(hospital *app) {
  if (app->conf.secret_key != NULL &&
      strlen(app->conf.secret_key) < SECRET_LENGTH)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "people",
                 "SECRET_KEY is so short that it can be guessed: it wants %d "
                 "random characters or more",
                 SECRET_LENGTH);
}

static bool make_people(hospital *app) {
  look_at_secret(app);
  peal_kit_people_opts opts = people_of(app);
  opts.store = app->house.store;
  opts.workers = app->house.workers;
  opts.web = app->house.web;
  app->people = peal_kit_people_new(&opts);
  app->staff = (peal_kit_people_gate){app->people, HOSPITAL_STAFF};
  app->doctors = (peal_kit_people_gate){app->people, HOSPITAL_DOCTORS};
  app->admins = (peal_kit_people_gate){app->people, HOSPITAL_ADMIN};
  return app->people != NULL && peal_kit_people_routes(app->people) == PEAL_OK;
}

static bool make_parts(hospital *app) {
  app->person_limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.person_rate, .burst = app->conf.person_burst});
  return app->person_limit != NULL &&
         (app->journal = journal_new(app)) != NULL &&
         (app->unread = unread_new(app)) != NULL &&
         (app->escalation = escalation_new(app)) != NULL &&
         (app->notices = notices_new(app)) != NULL && replica_open(app);
}

static bool on_make(void *user) {
  hospital *app = user;
  return make_people(app) && demo_prepare(app) && staff_prepare(app) &&
         make_parts(app) && staff_register(app) == PEAL_OK &&
         wards_register(app) == PEAL_OK && risk_register(app) == PEAL_OK &&
         bell_register(app) == PEAL_OK && audit_register(app) == PEAL_OK &&
         screens_register(app) == PEAL_OK && figures_register(app) == PEAL_OK;
}

static void on_second(void *user) {
  hospital *app = user;
  peal_kit_people_tick(app->people);
  prune_tick(app);
  demo_check(app);
}

static void on_start(void *user) {
  hospital *app = user;
  unread_start(app->unread);
  escalation_start(app->escalation);
  notices_start(app->notices);
  replica_start(app->replica);
  on_second(app);
  demo_start(app);
}

static void on_stop(void *user) {
  hospital *app = user;
  demo_stop(app);
  unread_stop(app->unread);
  escalation_stop(app->escalation);
  notices_stop(app->notices);
  replica_stop(app->replica);
}

static void on_ended(void *user) {
  hospital *app = user;
  demo_wait(app);
  replica_leave(app->replica);
}

static void on_free(void *user) {
  hospital *app = user;
  replica_free(app->replica);
  peal_kit_people_free(app->people);
  notices_free(app->notices);
  escalation_free(app->escalation);
  unread_free(app->unread);
  journal_free(app->journal);
  peal_web_limit_free(app->person_limit);
}

int main(int argc, char **argv) {
  static hospital self;
  static const peal_kit_turns turns = {.user = &self,
                                       .on_read = on_read,
                                       .on_command = on_command,
                                       .on_make = on_make,
                                       .on_free = on_free,
                                       .on_start = on_start,
                                       .on_second = on_second,
                                       .on_stop = on_stop,
                                       .on_ended = on_ended};
  return peal_kit_main(&self.house, &about, &turns, argc, argv);
}
