/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <string.h>

#include <peal/kit_people.h>

#include "alerts.h"
#include "figures.h"
#include "owner.h"
#include "readings.h"
#include "vitals.h"

enum { SMALL_BYTES = 4096, READINGS_BYTES = 64 * 1024 };

/* Of whoever is signed in. */
static const peal_web_route person_routes[] = {
    {.path = "/api/vitals", .on_request = readings_on_list},
    {.path = "/api/vitals/latest", .on_request = readings_on_latest},
    {.path = "/api/vitals/series", .on_request = readings_on_series},
    {.path = "/api/alerts", .on_request = alerts_on_list},
    {.method = "POST",
     .path = "/api/alerts/:id/acknowledge",
     .on_request = alerts_on_acknowledge},
    {.path = "/api/devices", .on_request = owner_on_list},
    {.method = "POST",
     .path = "/api/devices",
     .on_json = owner_on_add,
     .max_body_bytes = SMALL_BYTES},
    {.method = "DELETE",
     .path = "/api/devices/:id",
     .on_request = owner_on_revoke},
};

/* Of devices with their key. */
static const peal_web_route device_routes[] = {
    {.method = "POST",
     .path = "/api/vitals",
     .on_json = vitals_on_post,
     .max_body_bytes = READINGS_BYTES},
    {.method = "POST",
     .path = "/api/heartbeat",
     .on_json = vitals_on_heartbeat,
     .max_body_bytes = SMALL_BYTES},
};

static peal_slice person_of(peal_http_req *req, void *user) {
  (void)user;
  return peal_slice_of(peal_kit_people_of(req)->room);
}

#define COUNT(routes) (sizeof(routes) / sizeof *(routes))

/* What changes something costs a write of everybody's store. */
static peal_err add_of_person(care *app) {
  peal_web_route limited[COUNT(person_routes)];
  memcpy(limited, person_routes, sizeof limited);
  for (size_t i = 0; i < COUNT(limited); i++) {
    if (limited[i].method == NULL)
      continue;
    limited[i].limit = app->person_limit;
    limited[i].limit_key = person_of;
  }
  return peal_kit_add_routes(&app->house, limited, COUNT(limited),
                             peal_kit_people_hook, app->people, app);
}

peal_err routes_register(care *app) {
  peal_kit *h = &app->house;
  peal_err err = add_of_person(app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, device_routes, COUNT(device_routes),
                              vitals_hook, app, app);
  if (err == PEAL_OK)
    err = peal_kit_people_routes(app->people);
  if (err == PEAL_OK)
    err = peal_kit_health_on(
        h, &(peal_kit_health_opts){.more = figures_add_health, .user = app});
  return err == PEAL_OK ? peal_web_metrics_add(h->web, figures_on_metrics, app)
                        : err;
}
