/* SPDX-License-Identifier: MIT */
/* peal-esp32: the dashboard of ESP32 devices. main makes the parts in order,
 * runs, and takes them down in the opposite order. */
#include <stdio.h>
#include <stdlib.h>

#include <peal/kit.h>

#include "analysis.h"
#include "dash.h"
#include "devices.h"
#include "events.h"
#include "media.h"
#include "oled.h"
#include "readings.h"
#include "routes.h"
#include "schema.h"
#include "simulate.h"
#include "slots.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 60000,
  MAX_MESSAGE_BYTES = 10 * 1024 * 1024,
  PRUNE_TICKS = 30,
  MEDIA_TICKS = 60,
  POOL_THREADS = 6, /* beside those of the analysis */
  MAX_SERIES = 16,  /* each holds up to half a megabyte */
  MAX_EXPORTS = 8,
  BODY_PACE_BYTES = 2048, /* a second: a modem is faster */
};

static const peal_kit_about about = {
    .program = "peal-esp32",
    .summary = "the dashboard of ESP32 devices",
    .env_prefix = "PEAL_ESP32",
    .port = "5000",
    .data_dir = "data",
    .cookie = "peal_esp32",
    .page = "esp32/web",
    .database = "esp32.db",
    .migrations = schema_migrations,
    .key_help = "The device sends it as X-Device-Key.",
    .readers = "devices",
    .ping_interval_ms = PING_INTERVAL_MS,
    .ping_timeout_ms = PING_TIMEOUT_MS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .body_pace_bytes = BODY_PACE_BYTES,
    .keys = settings_keys,
    .metrics = "esp32",
};

/* What only main knows of. */
typedef struct program {
  dash dash;
  peal_kit_child sim;
  unsigned ticks;
} program;

static program self = {
    .dash = {.series.max = MAX_SERIES, .exports.max = MAX_EXPORTS}};

/* ---- parts ------------------------------------------------------------------ */

/* The pool is one for the whole program: the analysis may fill its share of
 * it, and uploads still have theirs. */
static void size_pool(const settings *conf) {
  char count[16];
  snprintf(count, sizeof count, "%u",
           conf->analysis_concurrency + POOL_THREADS);
  setenv("UV_THREADPOOL_SIZE", count, 0);
}

static bool on_read(const peal_config *config, void *user) {
  program *p = user;
  if (!settings_read(&p->dash.conf, config))
    return false;
  size_pool(&p->dash.conf);
  return true;
}

static peal_kit_gate *gate_new(dash *app) {
  const settings *conf = &app->conf;
  return peal_kit_gate_new(
      &app->house,
      &(peal_kit_gate_opts){.device_rate = conf->device_rate,
                            .device_burst = conf->device_burst,
                            .address_rate = conf->address_rate,
                            .address_burst = conf->address_burst,
                            .presence = devices_presence(app->devices)});
}

static bool on_make(void *user) {
  dash *app = &((program *)user)->dash;
  return (app->uploads = slots_new(app->conf.max_address_uploads)) != NULL &&
         (app->devices = devices_new(app)) != NULL &&
         (app->gate = gate_new(app)) != NULL &&
         (app->media = media_new(app)) != NULL &&
         (app->oled = oled_new(app)) != NULL &&
         (app->analysis = analysis_new(app)) != NULL &&
         routes_register(app) == PEAL_OK && events_register(app) == PEAL_OK;
}

/* ---- the run ------------------------------------------------------------------ */

static void on_second(void *user) {
  program *p = user;
  devices_tick(p->dash.devices);
  peal_kit_child_check(&p->sim, &p->dash.house);
  if (p->ticks % MEDIA_TICKS == 0)
    peal_kit_files_tick(p->dash.media);
  if (p->ticks++ % PRUNE_TICKS == 0)
    readings_prune(&p->dash);
}

static void on_start(void *user) {
  program *p = user;
  analysis_start(p->dash.analysis);
  simulate_start(&p->sim, &p->dash);
}

static void on_stop_each(peal_worker *worker, void *user) {
  (void)worker;
  peal_kit_files_stop(((program *)user)->dash.media);
}

static void on_stop(void *user) {
  program *p = user;
  peal_kit_child_stop(&p->sim);
  analysis_stop(p->dash.analysis);
}

static void on_ended(void *user) {
  program *p = user;
  peal_kit_child_wait(&p->sim);
  devices_flush(p->dash.devices);
}

/* All of it takes NULL: what was not made is not taken down. */
static void on_free(void *user) {
  dash *app = &((program *)user)->dash;
  analysis_free(app->analysis);
  oled_free(app->oled);
  peal_kit_files_free(app->media);
  peal_kit_gate_free(app->gate);
  devices_free(app->devices);
  slots_free(app->uploads);
}

int main(int argc, char **argv) {
  static const peal_kit_turns turns = {.on_read = on_read,
                                       .on_make = on_make,
                                       .on_start = on_start,
                                       .on_second = on_second,
                                       .on_stop = on_stop,
                                       .on_stop_each = on_stop_each,
                                       .on_ended = on_ended,
                                       .on_free = on_free,
                                       .user = &self};
  return peal_kit_main(&self.dash.house, &about, &turns, argc, argv);
}
