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

/* Of the program, whatever it is about. */
static const peal_web_route kit_routes[] = {
    {.path = "/status", .on_request = peal_kit_on_status},
};

#define COUNT(routes) (sizeof(routes) / sizeof *(routes))

peal_err routes_register(lab *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_kit_add_routes(h, reader_routes, COUNT(reader_routes),
                                     peal_kit_auth_hook, h, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, owner_routes, COUNT(owner_routes), owner_hook,
                              app, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, kit_routes, COUNT(kit_routes),
                              peal_kit_auth_hook, h, h);
  if (err == PEAL_OK)
    err = peal_kit_health_on(
        h, &(peal_kit_health_opts){.more = figures_add_health, .user = app});
  if (err == PEAL_OK)
    err = peal_web_metrics_add(h->web, figures_on_metrics, app);
  return err;
}
