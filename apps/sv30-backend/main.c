/* SPDX-License-Identifier: MIT */
/* peal-sv30-backend: the results of sludge settling tests, kept and shown. main
 * makes the parts in order, runs, and takes them down in the opposite order. */
#include "auth.h"
#include "device_keys.h"
#include "events.h"
#include "figures.h"
#include "lab.h"
#include "routes.h"
#include "runs.h"
#include "schema.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 20000,
  MAX_MESSAGE_BYTES = 64 * 1024, /* a result has a few hundred */
  TICK_MS = 1000,
  KEY_TICKS = 2,
};

static const house_about about = {
    .program = "peal-sv30-backend",
    .summary = "keeps and shows the results of sludge settling tests (SV30)",
    .env_prefix = "PEAL_SV30_BACKEND",
    .port = "4000",
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

/* What only main knows of. */
typedef struct program {
  lab lab;
  peal_timer *timer;
  unsigned ticks;
} program;

static bool make_parts(lab *app) {
  app->limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.device_rate, .burst = app->conf.device_burst});
  return app->limit != NULL && (app->runs = runs_new(app)) != NULL &&
         routes_register(app) == PEAL_OK && events_register(app) == PEAL_OK;
}

static void on_tick(peal_timer *timer, void *user) {
  program *p = user;
  (void)timer;
  auth_tick(p->lab.house.auth);
  figures_tick(&p->lab);
  if (p->ticks++ % KEY_TICKS == 0)
    device_keys_refresh(p->lab.house.keys);
}

static void on_start(peal_worker *worker, void *user) {
  program *p = user;
  house *h = &p->lab.house;
  if (peal_worker_index(worker) != 0)
    return;
  p->timer = peal_timer_new(worker, on_tick, p);
  if (p->timer == NULL) {
    house_log(h, PEAL_LOG_ERROR, "main", "out of memory");
    peal_workers_stop(h->workers, 0);
    return;
  }
  peal_timer_start(p->timer, 1, TICK_MS);
  house_say_ready(h);
}

static void on_stop(peal_worker *worker, void *user) {
  program *p = user;
  if (peal_worker_index(worker) != 0)
    return;
  house_log(&p->lab.house, PEAL_LOG_INFO, "main", "stopping");
  peal_timer_free(p->timer);
  p->timer = NULL;
}

static int run(program *p) {
  house *h = &p->lab.house;
  if (peal_workers_on_start(h->workers, on_start, p) != PEAL_OK ||
      peal_workers_on_stop(h->workers, on_stop, p) != PEAL_OK)
    return 1;
  int code = peal_http_server_run(h->http);
  house_log(h, PEAL_LOG_INFO, "main", "stopped");
  return code;
}

static int serve(program *p) {
  lab *app = &p->lab;
  house *h = &app->house;
  int code = 1;
  if (house_open(h) && house_faces(h) && make_parts(app))
    code = run(p);
  house_close(h);
  runs_free(app->runs);
  peal_web_limit_free(app->limit);
  house_deinit(h);
  return code;
}

int main(int argc, char **argv) {
  static program self;
  house *h = &self.lab.house;
  int code = 1;
  if (house_conf_read(h, &about, settings_keys, settings_key_count, argc, argv,
                      &code) &&
      !house_manage(h, &code))
    code = settings_read(&self.lab.conf, h->conf.config) ? serve(&self) : 1;
  house_conf_deinit(&h->conf);
  return code;
}
