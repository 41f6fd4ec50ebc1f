/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "figures.h"

peal_err routes_register(care *app) {
  house *h = &app->house;
  peal_err err = peal_web_get(h->web, "/health", figures_on_health, app);
  if (err == PEAL_OK)
    err = peal_web_metrics_add(h->web, figures_on_metrics, app);
  return err == PEAL_OK ? house_routes(h) : err;
}
