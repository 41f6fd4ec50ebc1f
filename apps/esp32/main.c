/* SPDX-License-Identifier: MIT */
/* peal-esp32: the dashboard of ESP32 devices. main makes the parts in order,
 * runs, and takes them down in the opposite order. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <unistd.h>

#include "analysis.h"
#include "auth.h"
#include "dash.h"
#include "device_keys.h"
#include "devices.h"
#include "events.h"
#include "guard.h"
#include "media.h"
#include "oled.h"
#include "places.h"
#include "readings.h"
#include "routes.h"
#include "schema.h"
#include "simulate.h"
#include "sites.h"
#include "slots.h"
#include "thumbs.h"

enum {
  PING_INTERVAL_MS = 25000,
  PING_TIMEOUT_MS = 60000,
  MAX_MESSAGE_BYTES = 10 * 1024 * 1024,
  TICK_MS = 1000,
  PRUNE_TICKS = 30,
  MEDIA_TICKS = 60,
  KEY_TICKS = 2,
  POOL_THREADS = 6, /* beside those of the analysis */
  MAX_SERIES = 16,  /* each holds up to half a megabyte */
  MAX_EXPORTS = 8,
  BODY_PACE_BYTES = 2048, /* a second: a modem is faster */
};

/* What only main knows of. */
typedef struct program {
  dash dash;
  simulate sim;
  peal_timer *timer;
  unsigned ticks;
  int lock_fd;
  char web_dir[4096], client_dir[4096];
  bool has_client;
} program;

/* ---- log ------------------------------------------------------------------- */

static peal_log_level level_of(const char *name) {
  return strcmp(name, "error") == 0   ? PEAL_LOG_ERROR
         : strcmp(name, "warn") == 0  ? PEAL_LOG_WARN
         : strcmp(name, "debug") == 0 ? PEAL_LOG_DEBUG
                                      : PEAL_LOG_INFO;
}

static peal_log_format format_of(const char *name) {
  return strcmp(name, "json") == 0   ? PEAL_LOG_JSON
         : strcmp(name, "keys") == 0 ? PEAL_LOG_KEYS
                                     : PEAL_LOG_TEXT;
}

/* A console that takes nothing must not hold up a worker: the line is then in
 * the file only. */
static void write_console(const dash *app, const peal_log_record *record) {
  struct pollfd console = {.fd = STDERR_FILENO, .events = POLLOUT};
  char line[2048];
  if (poll(&console, 1, 0) <= 0 || (console.revents & POLLOUT) == 0)
    return;
  size_t len = peal_log_line(line, sizeof line, record, app->log.format);
  ssize_t written = write(STDERR_FILENO, line, len);
  (void)written;
}

/* Lines go to the console until there is a file. Devices send several requests
 * a second: their lines have a file of their own, so that they do not rotate
 * away what else is said, and are on the console only if all is to be seen. */
static void on_log(const peal_log_record *record, void *user) {
  const dash *app = user;
  bool is_access = strcmp(record->area, "access") == 0;
  if (app->access_log == NULL) {
    fprintf(stderr, "peal-esp32: %.*s\n", PEAL_SFMT(record->text));
    return;
  }
  peal_logfile_log(record, is_access ? app->access_log : app->logfile);
  if (!is_access || app->log.level == PEAL_LOG_DEBUG)
    write_console(app, record);
}

static peal_logfile *open_file(const settings *conf, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", conf->data_dir, name);
  peal_logfile *file = NULL;
  peal_err err = peal_logfile_new(
      &file, &(peal_logfile_opts){.path = path,
                                  .max_bytes = (size_t)conf->log_bytes,
                                  .format = format_of(conf->log_format),
                                  .count = conf->log_count});
  if (err != PEAL_OK)
    fprintf(stderr, "peal-esp32: %s cannot be written: %s\n", path,
            peal_err_message(err));
  return file;
}

static bool open_log(dash *app) {
  app->logfile = open_file(&app->conf, "peal-esp32.log");
  if (app->logfile != NULL)
    app->access_log = open_file(&app->conf, "access.log");
  return app->access_log != NULL;
}

static void close_log(dash *app) {
  peal_logfile *files[] = {app->access_log, app->logfile};
  app->access_log = app->logfile = NULL;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    peal_logfile_free(files[i]);
}

/* ---- parts ------------------------------------------------------------------ */

static bool hold_data_dir(program *p) {
  const char *dir = p->dash.conf.data_dir;
  if (!places_make_dir(dir)) {
    fprintf(stderr, "peal-esp32: data folder %s: %s\n", dir, strerror(errno));
    return false;
  }
  p->lock_fd = places_lock(dir);
  if (p->lock_fd >= 0)
    return true;
  if (errno == EWOULDBLOCK)
    fprintf(stderr,
            "peal-esp32: data folder %s is in use by another "
            "peal-esp32\n",
            dir);
  else
    fprintf(stderr, "peal-esp32: data folder %s: %s\n", dir, strerror(errno));
  return false;
}

static bool find_places(program *p) {
  const char *wanted = p->dash.conf.web_dir;
  p->has_client = places_share(p->client_dir, sizeof p->client_dir, "client");
  if (wanted != NULL) {
    snprintf(p->web_dir, sizeof p->web_dir, "%s", wanted);
    return true;
  }
  if (places_share(p->web_dir, sizeof p->web_dir, "esp32/web"))
    return true;
  fputs("peal-esp32: the page is missing: expected ../share/peal/esp32/web "
        "beside the program's folder, or --web-dir\n",
        stderr);
  return false;
}

static peal_err open_store(dash *app, peal_workers *workers) {
  char path[4096];
  snprintf(path, sizeof path, "%s/esp32.db", app->conf.data_dir);
  return peal_store_open(&app->store,
                         &(peal_store_opts){.path = path,
                                            .migrations = schema_migrations,
                                            .workers = workers,
                                            .log = app->log});
}

static bool open_http(dash *app) {
  peal_http_server_opts opts = {.host = app->conf.host,
                                .port = app->conf.port,
                                .workers = app->conf.workers,
                                .proxies = app->conf.proxies,
                                .max_connections = app->conf.max_connections,
                                .body_pace_bytes = BODY_PACE_BYTES,
                                .log = app->log};
  // the library's line says which address and why
  if (peal_http_server_new(&app->http, &opts) != PEAL_OK)
    return false;
  app->workers = peal_http_server_workers(app->http);
  return true;
}

/* Pages of this machine, unless origins are configured. Borrowed from
 * `out`. */
static const char *origins_of(const dash *app, char *out, size_t cap) {
  if (app->conf.cors_origins != NULL)
    return app->conf.cors_origins;
  unsigned port = peal_http_server_port(app->http);
  snprintf(out, cap,
           "http://localhost:%u http://127.0.0.1:%u http://localhost:3000 "
           "http://127.0.0.1:3000 http://localhost:8080 http://127.0.0.1:8080",
           port, port);
  return out;
}

/* The installed page needs nothing from elsewhere. A page of the user's own may
 * load and run what it wants, as it could before there was a policy. */
static const char *policy_of(const dash *app) {
  const char *said = app->conf.content_policy;
  if (said != NULL)
    return strcmp(said, "none") == 0 ? PEAL_WEB_NONE : said;
  if (app->conf.web_dir != NULL)
    return "object-src 'none'; base-uri 'self'; frame-ancestors 'self'";
  return "default-src 'self'; img-src 'self' data: blob:; media-src 'self' "
         "blob:; connect-src 'self' ws: wss:; style-src 'self' "
         "'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action "
         "'self'; frame-ancestors 'self'";
}

/* Who wants no policy wants the page to be framed by others, too. */
static peal_web_security security_of(const dash *app) {
  const char *policy = policy_of(app);
  return (peal_web_security){
      .csp = policy, .frame_options = policy[0] == '\0' ? PEAL_WEB_NONE : NULL};
}

static bool open_faces(program *p) {
  dash *app = &p->dash;
  char origins[256];
  peal_cors_opts cors = {
      .origins = origins_of(app, origins, sizeof origins),
      .methods = "GET,POST,PUT,DELETE,OPTIONS",
      .option_name = "--cors-origins",
  };
  cors.credentials = strchr(cors.origins, '*') == NULL;
  app->sites = sites_new(app, cors.origins);
  app->web = peal_web_new(
      app->http, &(peal_web_opts){.cors = cors, .security = security_of(app)});
  app->server = peal_server_new(
      &(peal_server_opts){.http = app->http,
                          .log = app->log,
                          .cors = cors,
                          .ping_interval_ms = PING_INTERVAL_MS,
                          .ping_timeout_ms = PING_TIMEOUT_MS,
                          .max_payload_bytes = MAX_MESSAGE_BYTES,
                          .client_dir = p->has_client ? p->client_dir : NULL,
                          .allow_request = sites_on_allow,
                          .allow_user = app});
  if (app->sites == NULL || app->web == NULL || app->server == NULL)
    return false;
  app->nsp = peal_server_of(app->server, "/");
  return app->nsp != NULL;
}

static bool make_parts(program *p) {
  dash *app = &p->dash;
  app->device_limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.device_rate, .burst = app->conf.device_burst});
  app->address_limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = app->conf.address_rate, .burst = app->conf.address_burst});
  return app->device_limit != NULL && app->address_limit != NULL &&
         (app->guard = guard_new()) != NULL &&
         (app->uploads = slots_new(app->conf.max_address_uploads)) != NULL &&
         (app->keys = device_keys_new(app)) != NULL &&
         (app->devices = devices_new(app)) != NULL &&
         (app->thumbs = thumbs_new(app)) != NULL &&
         (app->media = media_new(app)) != NULL &&
         (app->oled = oled_new(app)) != NULL &&
         (app->auth = auth_new(app)) != NULL &&
         (app->analysis = analysis_new(app)) != NULL && open_faces(p) &&
         routes_register(app, p->web_dir) == PEAL_OK &&
         events_register(app) == PEAL_OK;
}

/* ---- the run ------------------------------------------------------------------ */

static void on_tick(peal_timer *timer, void *user) {
  (void)timer;
  program *p = user;
  devices_tick(p->dash.devices);
  auth_tick(p->dash.auth);
  simulate_check(&p->sim, &p->dash);
  if (p->ticks % MEDIA_TICKS == 0)
    media_tick(p->dash.media);
  if (p->ticks % KEY_TICKS == 0)
    device_keys_refresh(p->dash.keys);
  if (p->ticks++ % PRUNE_TICKS == 0)
    readings_prune(&p->dash);
}

/* Borrowed `url`; *user: how many have been said. */
static void say_url(const char *url, void *user) {
  size_t *said = user;
  bool is_local =
      strstr(url, "://127.") != NULL || strstr(url, "://[::1]") != NULL;
  if (!is_local)
    printf("%s %s/", (*said)++ == 0 ? "peal-esp32: devices use" : " or", url);
}

/* A device on the network cannot use "localhost": its address is one of this
 * machine's. */
static void say_ready(const dash *app) {
  const char *host = app->conf.host;
  bool is_all =
      host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
  bool is_v6 = !is_all && strchr(host, ':') != NULL;
  size_t said = 0;
  printf("peal-esp32: http://%s%s%s:%u/\n", is_v6 ? "[" : "",
         is_all ? "localhost" : host, is_v6 ? "]" : "",
         peal_http_server_port(app->http));
  peal_http_server_urls(app->http, say_url, &said);
  puts(said > 0 ? ""
                : "peal-esp32: devices on the network cannot reach it: "
                  "no other address than this machine's own");
  fflush(stdout);
}

static void on_start(peal_worker *worker, void *user) {
  program *p = user;
  if (peal_worker_index(worker) != 0)
    return;
  p->timer = peal_timer_new(worker, on_tick, p);
  if (p->timer == NULL) {
    dash_log(&p->dash, PEAL_LOG_ERROR, "main", "out of memory");
    peal_workers_stop(p->dash.workers, 0);
    return;
  }
  peal_timer_start(p->timer, TICK_MS, TICK_MS);
  analysis_start(p->dash.analysis);
  say_ready(&p->dash);
  simulate_start(&p->sim, &p->dash);
}

static void on_stop(peal_worker *worker, void *user) {
  program *p = user;
  thumbs_stop(p->dash.thumbs);
  if (peal_worker_index(worker) != 0)
    return;
  dash_log(&p->dash, PEAL_LOG_INFO, "main", "stopping");
  simulate_stop(&p->sim);
  analysis_stop(p->dash.analysis);
  peal_timer_free(p->timer);
  p->timer = NULL;
}

static int run(program *p) {
  dash *app = &p->dash;
  if (peal_workers_on_start(app->workers, on_start, p) != PEAL_OK ||
      peal_workers_on_stop(app->workers, on_stop, p) != PEAL_OK)
    return 1;
  int code = peal_http_server_run(app->http);
  simulate_wait(&p->sim);
  devices_flush(app->devices);
  dash_log(app, PEAL_LOG_INFO, "main", "stopped");
  return code;
}

/* All of it takes NULL: what was not made is not taken down. */
static void take_down(program *p) {
  dash *app = &p->dash;
  peal_store_close(app->store);
  peal_server_free(app->server);
  peal_web_free(app->web);
  sites_free(app->sites);
  analysis_free(app->analysis);
  auth_free(app->auth);
  oled_free(app->oled);
  media_free(app->media);
  thumbs_free(app->thumbs);
  devices_free(app->devices);
  device_keys_free(app->keys);
  guard_free(app->guard);
  slots_free(app->uploads);
  peal_web_limit_free(app->address_limit);
  peal_web_limit_free(app->device_limit);
  peal_http_server_free(app->http);
  close_log(app);
  if (p->lock_fd >= 0)
    close(p->lock_fd);
}

static int manage_keys(dash *app) {
  if (!places_make_dir(app->conf.data_dir)) {
    fprintf(stderr, "peal-esp32: data folder %s: %s\n", app->conf.data_dir,
            strerror(errno));
    return 1;
  }
  if (open_store(app, NULL) != PEAL_OK)
    return 1;
  int code = device_keys_manage(app->store, &app->conf);
  peal_store_close(app->store);
  return code;
}

/* The pool is one for the whole program: the analysis may fill its share of
 * it, and uploads still have theirs. */
static void size_pool(const settings *conf) {
  char count[16];
  snprintf(count, sizeof count, "%u",
           conf->analysis_concurrency + POOL_THREADS);
  setenv("UV_THREADPOOL_SIZE", count, 0);
}

static int serve(program *p) {
  dash *app = &p->dash;
  size_pool(&app->conf);
  signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error like others
  int code = 1;
  // the port first: who finds it taken leaves the data alone
  if (find_places(p) && open_http(app) && hold_data_dir(p) && open_log(app) &&
      open_store(app, app->workers) == PEAL_OK && make_parts(p))
    code = run(p);
  take_down(p);
  return code;
}

int main(int argc, char **argv) {
  static program self = {
      .lock_fd = -1,
      .dash = {.series.max = MAX_SERIES, .exports.max = MAX_EXPORTS}};
  dash *app = &self.dash;
  int code = 1;
  if (!settings_init(&app->conf, argc, argv, &code)) {
    settings_deinit(&app->conf);
    return code;
  }
  app->log = (peal_log_opts){.fn = on_log,
                             .user = app,
                             .level = level_of(app->conf.log_level),
                             .format = format_of(app->conf.log_format)};
  const settings *conf = &app->conf;
  if (conf->add_key != NULL || conf->revoke_key != NULL || conf->list_keys)
    code = manage_keys(app);
  else
    code = serve(&self);
  settings_deinit(&app->conf);
  return code;
}
