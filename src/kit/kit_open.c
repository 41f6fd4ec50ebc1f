/* SPDX-License-Identifier: MIT */
/* kit_open: the parts of a program in the order in which they are made and taken
 * down. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include <peal/kit_auth.h>
#include <peal/kit_devices.h>

#include "kit/kit_action.h"
#include "kit/kit_auth_life.h"
#include "kit/kit_device_keys.h"
#include "kit/kit_figures.h"
#include "kit/kit_health.h"
#include "kit/kit_log.h"
#include "kit/kit_sites.h"

enum { SMALL_BYTES = 4096 };

/* ---- data, log, store ------------------------------------------------------ */

static bool complain(const peal_kit *h, const char *why) {
  fprintf(stderr, "%s: data folder %s%s%s\n", h->about->program,
          h->conf.data_dir, why == NULL ? " is in use by another " : ": ",
          why == NULL ? h->about->program : why);
  return false;
}

static bool hold_data_dir(peal_kit *h) {
  const char *dir = h->conf.data_dir;
  if (!peal_kit_places_make_dir(dir))
    return complain(h, strerror(errno));
  h->lock_fd = peal_kit_places_lock(dir);
  return h->lock_fd >= 0 ||
         complain(h, errno == EWOULDBLOCK ? NULL : strerror(errno));
}

static bool find_places(peal_kit *h) {
  const char *wanted = h->conf.web_dir, *page = h->about->page;
  h->has_client =
      peal_kit_places_share(h->client_dir, sizeof h->client_dir, "client");
  if (wanted != NULL) {
    snprintf(h->web_dir, sizeof h->web_dir, "%s", wanted);
    return true;
  }
  if (page == NULL ||
      peal_kit_places_share(h->web_dir, sizeof h->web_dir, page))
    return true;
  fprintf(stderr,
          "%s: the page is missing: expected ../share/peal/%s beside the "
          "program's folder, or --web-dir\n",
          h->about->program, page);
  return false;
}

static bool open_store(peal_kit *h, peal_workers *workers) {
  char path[4096];
  if (h->about->database == NULL)
    return true;
  snprintf(path, sizeof path, "%s/%s", h->conf.data_dir, h->about->database);
  return peal_store_open(&h->store,
                         &(peal_store_opts){.path = path,
                                            .migrations = h->about->migrations,
                                            .workers = workers,
                                            .log = h->log}) == PEAL_OK;
}

static bool open_tls(peal_kit *h) {
  const peal_kit_conf *conf = &h->conf;
  peal_tls_problem why = {{0}};
  if (conf->tls_cert == NULL && conf->tls_key == NULL)
    return true;
  if (conf->tls_cert == NULL)
    snprintf(why.text, sizeof why.text, "--tls-key goes with --tls-cert");
  else if (peal_tls_new(&h->tls,
                        &(peal_tls_opts){.cert_file = conf->tls_cert,
                                         .key_file = conf->tls_key},
                        &why) == PEAL_OK)
    return true;
  fprintf(stderr, "%s: %s\n", h->about->program, why.text);
  return false;
}

static const char *scheme_of(const peal_kit *h) {
  return h->tls != NULL ? "https" : "http";
}

/* No address takes all places alone. */
static size_t places_of_one(size_t all) {
  return all - all / 4;
}

static bool open_http(peal_kit *h) {
  const peal_kit_conf *conf = &h->conf;
  peal_http_server_opts opts = {.host = conf->host,
                                .port = conf->port,
                                .tls = h->tls,
                                .workers = conf->workers,
                                .proxies = conf->proxies,
                                .max_connections = conf->max_connections,
                                .max_connections_per_address =
                                    places_of_one(conf->max_connections),
                                .body_pace_bytes = h->about->body_pace_bytes,
                                .log = h->log};
  // the library's line says which address and why
  if (peal_http_server_new(&h->http, &opts) != PEAL_OK)
    return false;
  h->workers = peal_http_server_workers(h->http);
  return true;
}

bool peal_kit_open(peal_kit *h) {
  signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error like others
  return find_places(h) && open_tls(h) && open_http(h) && hold_data_dir(h) &&
         peal_kit_log_open(h) && open_store(h, h->workers);
}

/* ---- faces ----------------------------------------------------------------- */

/* Pages of this machine, unless origins are configured. Borrowed from
 * `out`. */
static const char *origins_of(const peal_kit *h, char *out, size_t cap) {
  if (h->conf.cors_origins != NULL)
    return h->conf.cors_origins;
  unsigned port = peal_http_server_port(h->http);
  const char *scheme = scheme_of(h);
  snprintf(out, cap,
           "%s://localhost:%u %s://127.0.0.1:%u http://localhost:3000 "
           "http://127.0.0.1:3000 http://localhost:8080 http://127.0.0.1:8080",
           scheme, port, scheme, port);
  return out;
}

/* The installed page needs nothing from elsewhere. A page of the user's own may
 * load and run what it wants, as it could before there was a policy. */
static const char *policy_of(const peal_kit *h) {
  const char *said = h->conf.content_policy;
  if (said != NULL)
    return strcmp(said, "none") == 0 ? PEAL_WEB_NONE : said;
  if (h->conf.web_dir != NULL)
    return "object-src 'none'; base-uri 'self'; frame-ancestors 'self'";
  return "default-src 'self'; img-src 'self' data: blob:; media-src 'self' "
         "blob:; connect-src 'self' ws: wss:; style-src 'self' "
         "'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action "
         "'self'; frame-ancestors 'self'";
}

/* Who wants no policy wants the page to be framed by others, too. */
static peal_web_security security_of(const peal_kit *h) {
  const char *policy = policy_of(h);
  return (peal_web_security){
      .csp = policy, .frame_options = policy[0] == '\0' ? PEAL_WEB_NONE : NULL};
}

static bool make_guards(peal_kit *h) {
  if (h->store == NULL)
    return true;
  return (h->guard = peal_kit_guard_new()) != NULL &&
         (h->about->has_people ||
          ((h->keys = peal_kit_device_keys_new(h)) != NULL &&
           (h->auth = peal_kit_auth_new(h)) != NULL));
}

static bool make_faces(peal_kit *h, const peal_cors_opts *cors) {
  const peal_kit_about *about = h->about;
  h->web = peal_web_new(
      h->http, &(peal_web_opts){.cors = *cors, .security = security_of(h)});
  h->server = peal_server_new(
      &(peal_server_opts){.http = h->http,
                          .log = h->log,
                          .cors = *cors,
                          .ping_interval_ms = about->ping_interval_ms,
                          .ping_timeout_ms = about->ping_timeout_ms,
                          .max_payload_bytes = about->max_message_bytes,
                          .client_dir = h->has_client ? h->client_dir : NULL,
                          .allow_request = peal_kit_sites_on_allow,
                          .allow_user = h});
  if (h->web == NULL || h->server == NULL)
    return false;
  h->nsp = peal_server_of(h->server, "/");
  // first of all: every other hook and handler is behind it
  return h->nsp != NULL &&
         peal_web_before(h->web, "/", peal_kit_sites_hook, h) == PEAL_OK;
}

bool peal_kit_faces(peal_kit *h) {
  char origins[256];
  peal_cors_opts cors = {
      .origins = origins_of(h, origins, sizeof origins),
      .methods =
          h->about->methods ? h->about->methods : "GET,POST,PUT,DELETE,OPTIONS",
      .option_name = "--cors-origins",
  };
  cors.credentials = strchr(cors.origins, '*') == NULL;
  h->sites = peal_kit_sites_new(h, cors.origins);
  return h->sites != NULL && peal_kit_health_init(h) && make_guards(h) &&
         make_faces(h, &cors);
}

static peal_err add_login(peal_kit *h) {
  const peal_web_route login = {.method = "POST",
                                .path = "/api/login",
                                .on_json = peal_kit_auth_on_login,
                                .max_body_bytes = SMALL_BYTES,
                                .user = h};
  peal_err err = peal_web_route_add(h->web, &login);
  if (err == PEAL_OK)
    err = peal_web_post(h->web, "/api/logout", peal_kit_auth_on_logout, h);
  if (err == PEAL_OK)
    err = peal_web_before(h->web, "/metrics",
                          h->about->reader_hook != NULL ? h->about->reader_hook
                                                        : peal_kit_auth_hook,
                          h);
  return err;
}

peal_err peal_kit_routes(peal_kit *h) {
  if (h->has_routes)
    return PEAL_OK;
  h->has_routes = true;
  peal_err err = h->auth != NULL ? add_login(h) : PEAL_OK;
  if (err == PEAL_OK)
    err = peal_web_metrics(h->web, "/metrics");
  if (err == PEAL_OK)
    err = peal_web_metrics_add(h->web, peal_kit_figures_write, h);
  if (err == PEAL_OK && h->web_dir[0] != '\0')
    err = peal_web_static(h->web, "/", h->web_dir, NULL);
  return err;
}

/* ---- the end ----------------------------------------------------------------- */

/* All of it takes NULL: what was not made is not taken down. */
void peal_kit_close(peal_kit *h) {
  peal_store_close(h->store);
  peal_server_free(h->server);
  peal_web_free(h->web);
  peal_kit_sites_free(h->sites);
  peal_kit_auth_free(h->auth);
  h->store = NULL;
  h->server = NULL;
  h->web = NULL;
  h->sites = NULL;
  h->auth = NULL;
}

void peal_kit_deinit(peal_kit *h) {
  peal_kit_health_deinit(h);
  peal_kit_action_free_all(h);
  peal_kit_device_keys_free(h->keys);
  peal_kit_guard_free(h->guard);
  peal_http_server_free(h->http);
  peal_tls_free(h->tls);
  peal_kit_log_close(h);
  if (h->lock_fd >= 0)
    close(h->lock_fd);
}

/* ---- the command line -------------------------------------------------------- */

bool peal_kit_manage(peal_kit *h, int *exit_code) {
  const peal_kit_conf *conf = &h->conf;
  if (conf->add_key == NULL && conf->revoke_key == NULL && !conf->list_keys)
    return false;
  *exit_code = peal_kit_open_store(h) ? peal_kit_device_keys_manage(h) : 1;
  peal_kit_close(h);
  return true;
}

bool peal_kit_open_store(peal_kit *h) {
  return (peal_kit_places_make_dir(h->conf.data_dir) ||
          complain(h, strerror(errno))) &&
         open_store(h, NULL);
}

/* What is said of the other addresses. */
typedef struct said {
  const peal_kit_about *about;
  size_t count;
} said;

static void say_url(const char *url, void *user) {
  said *s = user;
  bool is_local =
      strstr(url, "://127.") != NULL || strstr(url, "://[::1]") != NULL;
  if (is_local)
    return;
  if (s->count++ == 0)
    printf("%s: %s use %s/", s->about->program, s->about->readers, url);
  else
    printf(" or %s/", url);
}

/* Others on the network cannot use "localhost": their address is one of this
 * machine's. */
void peal_kit_say_ready(const peal_kit *h) {
  const char *host = h->conf.host;
  bool is_all =
      host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
  bool is_v6 = !is_all && strchr(host, ':') != NULL;
  printf("%s: %s://%s%s%s:%u/\n", h->about->program, scheme_of(h),
         is_v6 ? "[" : "", is_all ? "localhost" : host, is_v6 ? "]" : "",
         peal_http_server_port(h->http));
  said other = {.about = h->about};
  if (h->about->readers != NULL)
    peal_http_server_urls(h->http, say_url, &other);
  if (other.count > 0)
    puts("");
  else if (h->about->readers != NULL)
    printf("%s: %s on the network cannot reach it: no other address than this "
           "machine's own\n",
           h->about->program, h->about->readers);
  fflush(stdout);
}
