/* SPDX-License-Identifier: MIT */
/* web_route: routes, from what the application says to the router's entries. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "web/web_impl.h"

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
    ok = peal_web_impl_copy(app, &owned[i], texts[i]) && ok;
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
  entry->figures = peal_web_impl_figures(app);
  if (!ok || !entry->figures)
    return PEAL_ERR_NOMEM;
  return route->cors ? peal_cors_new(&entry->cors, route->cors, app->mem)
                     : PEAL_OK;
}

static peal_err add_route(peal_web *app, const peal_web_route *route) {
  if (atomic_load(&app->running) || !route->path || !has_one_handler(route))
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(route) ||
      (route->cors && !PEAL_RESERVED_IS_KNOWN(route->cors)))
    return PEAL_ERR_OPTION;
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
    peal_web_impl_complain(app, "route", route->path, err);
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

void peal_web_route_free_all(peal_web *app) {
  while (app->routes) {
    peal_web_entry *entry = app->routes;
    app->routes = entry->next;
    free_entry(app, entry);
  }
}
