/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <peal/web.h>

#include "base/mem.h"
#include "web/web_impl.h"

static const char default_csp[] =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'";

static void complain(const peal_web *app, const char *what, const char *which,
                     peal_err err) {
  peal_logger_write(app->log, PEAL_LOG_ERROR, "web", (peal_slice){0},
                    (peal_slice){0}, "%s %s: %s", what, which ? which : "",
                    peal_err_message(err));
}

/* -- life ------------------------------------------------------------------ */

/* A copy in *out; NULL stays NULL. */
static bool copy(const peal_web *app, char **out, const char *text) {
  *out = NULL;
  if (!text)
    return true;
  *out = peal_mem_str(app->mem, peal_slice_of(text));
  return *out != NULL;
}

/* A header's value: the default for NULL, none for "". */
static bool copy_header(const peal_web *app, char **out, const char *value,
                        const char *otherwise) {
  const char *chosen = value ? value : otherwise;
  return copy(app, out, *chosen ? chosen : NULL);
}

static bool copy_security(peal_web *app) {
  const peal_web_security *security = &app->opts.security;
  if (security->off)
    return true;
  if (!copy_header(app, &app->csp, security->csp, default_csp) ||
      !copy_header(app, &app->frame_options, security->frame_options,
                   "SAMEORIGIN") ||
      !copy_header(app, &app->referrer_policy, security->referrer_policy,
                   "same-origin"))
    return false;
  if (!security->hsts_max_age_s)
    return true;
  char text[48];
  snprintf(text, sizeof(text), "max-age=%u",
           (unsigned)security->hsts_max_age_s);
  return copy(app, &app->hsts, text);
}

static void on_start(peal_worker *worker, void *user) {
  (void)worker;
  atomic_store(&((peal_web *)user)->running, true);
}

static peal_web_figures *new_figures(const peal_web *app) {
  return peal_mem_zalloc(app->mem,
                         app->worker_count * sizeof(peal_web_figures));
}

static peal_err prepare(peal_web *app, const peal_web_opts *opts) {
  app->opts = *opts;
  if (!app->opts.max_body_bytes)
    app->opts.max_body_bytes = PEAL_LIMIT_HTTP_BODY_BYTES;
  if (!app->opts.timeout_ms)
    app->opts.timeout_ms = 30000;
  if (!copy(app, &app->prefix_copy, opts->prefix ? opts->prefix : "/") ||
      !copy(app, &app->proxies_copy, opts->proxies) || !copy_security(app))
    return PEAL_ERR_NOMEM;
  app->opts.prefix = app->prefix_copy;
  app->opts.proxies = app->proxies_copy;
  app->router = peal_web_router_new(app->mem);
  app->other.app = app;
  app->other.figures = new_figures(app);
  if (!app->router || !app->other.figures)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_cors_new(&app->cors, &opts->cors, app->mem);
  if (err)
    return err;
  err = peal_http_server_mount(app->http,
                               &(peal_http_mount){.path = app->prefix_copy,
                                                  .on_request = peal_web_serve,
                                                  .user = app});
  if (err)
    return err;
  err = peal_http_server_on_done(app->http, peal_web_log_done, app);
  if (!err)
    err = peal_workers_on_start(app->workers, on_start, app);
  return err;
}

peal_web *peal_web_new(peal_http_server *http, const peal_web_opts *opts) {
  static const peal_web_opts none;
  if (!http)
    return NULL;
  if (!opts)
    opts = &none;
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_web *app = peal_mem_zalloc(mem, sizeof(*app));
  if (!app)
    return NULL;
  app->mem = mem;
  app->http = http;
  app->workers = peal_http_server_workers(http);
  app->worker_count = peal_workers_count(app->workers);
  app->log = peal_workers_get(app->workers, 0)->log;
  peal_err err = prepare(app, opts);
  if (err) {
    complain(app, "web layer on", app->prefix_copy, err);
    peal_web_free(app);
    return NULL;
  }
  return app;
}

static void free_entry(peal_web *app, peal_web_entry *entry) {
  const void *strings[] = {entry->route.method, entry->route.path,
                           entry->route.file_field, entry->route.types,
                           entry->route.type_message};
  for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
    char *owned;
    memcpy(&owned, &strings[i], sizeof(owned));
    peal_mem_free(app->mem, owned);
  }
  peal_cors_free(entry->cors);
  peal_mem_free(app->mem, entry->figures);
  peal_mem_free(app->mem, entry);
}

static void free_lists(peal_web *app) {
  while (app->routes) {
    peal_web_entry *entry = app->routes;
    app->routes = entry->next;
    free_entry(app, entry);
  }
  while (app->hooks) {
    peal_web_hook *hook = app->hooks;
    app->hooks = hook->next;
    peal_mem_free(app->mem, hook->prefix);
    peal_mem_free(app->mem, hook);
  }
  while (app->sources) {
    peal_web_source *source = app->sources;
    app->sources = source->next;
    peal_mem_free(app->mem, source);
  }
}

void peal_web_free(peal_web *app) {
  if (!app)
    return;
  peal_worker_impl_forget(app->workers, app);
  free_lists(app);
  peal_web_folder_free_all(app);
  peal_web_health_free_all(app);
  peal_web_router_free(app->router);
  peal_cors_free(app->cors);
  peal_mem_free(app->mem, app->other.figures);
  peal_mem_free(app->mem, app->prefix_copy);
  peal_mem_free(app->mem, app->proxies_copy);
  peal_mem_free(app->mem, app->csp);
  peal_mem_free(app->mem, app->frame_options);
  peal_mem_free(app->mem, app->referrer_policy);
  peal_mem_free(app->mem, app->hsts);
  peal_mem_free(app->mem, app);
}

/* -- routes ---------------------------------------------------------------- */

static bool has_one_handler(const peal_web_route *route) {
  return (route->on_request != NULL) + (route->on_json != NULL) +
             (route->on_form != NULL) + (route->on_body != NULL) +
             (route->on_file != NULL) ==
         1;
}

static const char *default_types(const peal_web_route *route) {
  if (route->types)
    return route->types;
  if (route->on_json)
    return "application/json";
  if (route->on_form)
    return "application/x-www-form-urlencoded multipart/form-data";
  return NULL;
}

static peal_err fill_entry(peal_web *app, peal_web_entry *entry,
                           const peal_web_route *route) {
  char *owned[5];
  const char *texts[5] = {route->method ? route->method : "GET", route->path,
                          route->file_field, default_types(route),
                          route->type_message};
  entry->app = app;
  entry->route = *route;
  bool ok = true;
  for (size_t i = 0; i < 5; i++)
    ok = copy(app, &owned[i], texts[i]) && ok;
  entry->route.method = owned[0];
  entry->route.path = owned[1];
  entry->route.file_field = owned[2];
  entry->route.types = owned[3];
  entry->route.type_message = owned[4];
  if (!entry->route.max_body_bytes)
    entry->route.max_body_bytes = app->opts.max_body_bytes;
  if (!entry->route.timeout_ms)
    entry->route.timeout_ms = app->opts.timeout_ms;
  if (!entry->route.type_status)
    entry->route.type_status = 415;
  entry->figures = new_figures(app);
  if (!ok || !entry->figures)
    return PEAL_ERR_NOMEM;
  return route->cors ? peal_cors_new(&entry->cors, route->cors, app->mem)
                     : PEAL_OK;
}

static peal_err add_route(peal_web *app, const peal_web_route *route) {
  if (atomic_load(&app->running) || !route->path || !has_one_handler(route))
    return PEAL_ERR_USAGE;
  peal_web_entry *entry = peal_mem_zalloc(app->mem, sizeof(*entry));
  if (!entry)
    return PEAL_ERR_NOMEM;
  peal_err err = fill_entry(app, entry, route);
  if (!err)
    err = peal_web_router_add(app->router, peal_slice_of(entry->route.method),
                              route->path, entry);
  if (err) {
    free_entry(app, entry);
    return err;
  }
  entry->next = app->routes;
  app->routes = entry;
  return PEAL_OK;
}

peal_err peal_web_route_add(peal_web *app, const peal_web_route *route) {
  if (!app || !route)
    return PEAL_ERR_USAGE;
  peal_err err = add_route(app, route);
  if (err)
    complain(app, "route", route->path, err);
  return err;
}

static peal_err add_short(peal_web *app, const char *method, const char *path,
                          peal_web_fn fn, void *user) {
  return peal_web_route_add(
      app, &(peal_web_route){
               .method = method, .path = path, .on_request = fn, .user = user});
}

peal_err peal_web_get(peal_web *app, const char *path, peal_web_fn fn,
                      void *user) {
  return add_short(app, "GET", path, fn, user);
}

peal_err peal_web_post(peal_web *app, const char *path, peal_web_fn fn,
                       void *user) {
  return add_short(app, "POST", path, fn, user);
}

peal_err peal_web_put(peal_web *app, const char *path, peal_web_fn fn,
                      void *user) {
  return add_short(app, "PUT", path, fn, user);
}

peal_err peal_web_patch(peal_web *app, const char *path, peal_web_fn fn,
                        void *user) {
  return add_short(app, "PATCH", path, fn, user);
}

peal_err peal_web_delete(peal_web *app, const char *path, peal_web_fn fn,
                         void *user) {
  return add_short(app, "DELETE", path, fn, user);
}

peal_err peal_web_json(peal_web *app, const char *method, const char *path,
                       peal_web_val_fn fn, void *user) {
  return peal_web_route_add(
      app, &(peal_web_route){
               .method = method, .path = path, .on_json = fn, .user = user});
}

static peal_err add_hook(peal_web *app, const char *prefix, peal_web_hook_fn fn,
                         void *user) {
  peal_web_hook *hook = peal_mem_zalloc(app->mem, sizeof(*hook));
  if (!hook)
    return PEAL_ERR_NOMEM;
  hook->fn = fn;
  hook->user = user;
  peal_err err = PEAL_ERR_NOMEM;
  if (copy(app, &hook->prefix, prefix))
    err = memchr(prefix, '%', strlen(prefix))
              ? PEAL_ERR_USAGE
              : peal_web_router_split(&hook->path, peal_slice_of(hook->prefix),
                                      NULL);
  if (err) {
    peal_mem_free(app->mem, hook->prefix);
    peal_mem_free(app->mem, hook);
    return err;
  }
  peal_web_hook **last = &app->hooks;
  while (*last)
    last = &(*last)->next;
  *last = hook;
  return PEAL_OK;
}

peal_err peal_web_before(peal_web *app, const char *prefix, peal_web_hook_fn fn,
                         void *user) {
  if (!app || !prefix || !fn || atomic_load(&app->running))
    return PEAL_ERR_USAGE;
  peal_err err = add_hook(app, prefix, fn, user);
  if (err)
    complain(app, "hook for", prefix, err);
  return err;
}

void peal_web_pass(peal_http_req *req) {
  peal_web_serve_pass(req);
}
