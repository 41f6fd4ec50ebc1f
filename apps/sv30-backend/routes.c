/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <peal/kit.h>

#include "figures.h"
#include "owner.h"
#include "reads.h"

enum { SMALL_BYTES = 4096 };

static const peal_web_route reader_routes[] = {
    {.path = "/api/current", .on_request = reads_on_current},
    {.path = "/api/sludge-height-history", .on_request = reads_on_heights},
    {.path = "/api/tests", .on_request = reads_on_tests},
    {.path = "/api/tests.csv", .on_request = reads_on_tests_csv},
    {.path = "/api/tests/:id", .on_request = reads_on_test},
    {.path = "/status", .on_request = figures_on_status},
};

static const peal_web_route owner_routes[] = {
    {.path = "/api/device-keys", .on_request = owner_on_list},
    {.method = "POST",
     .path = "/api/device-keys",
     .on_json = owner_on_add,
     .max_body_bytes = SMALL_BYTES},
    {.method = "DELETE",
     .path = "/api/device-keys/:id",
     .on_request = owner_on_revoke},
};

static peal_err add(lab *app, const peal_web_route *routes, size_t count,
                    peal_web_hook_fn before, void *before_user) {
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < count && err == PEAL_OK; i++) {
    peal_web_route route = routes[i];
    route.user = app;
    route.before = before;
    route.before_user = before_user;
    err = peal_web_route_add(app->house.web, &route);
  }
  return err;
}

#define COUNT(routes) (sizeof(routes) / sizeof *(routes))

peal_err routes_register(lab *app) {
  peal_kit *h = &app->house;
  peal_err err =
      add(app, reader_routes, COUNT(reader_routes), peal_kit_auth_hook, h);
  if (err == PEAL_OK)
    err = add(app, owner_routes, COUNT(owner_routes), owner_hook, app);
  if (err == PEAL_OK)
    err = peal_web_get(h->web, "/health", figures_on_health, app);
  if (err == PEAL_OK)
    err = peal_web_metrics_add(h->web, figures_on_metrics, app);
  return err == PEAL_OK ? peal_kit_routes(h) : err;
}
