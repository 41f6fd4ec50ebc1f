/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <peal/kit.h>

#include "export.h"
#include "figures.h"
#include "gate.h"
#include "history.h"
#include "media.h"
#include "oled.h"
#include "readings.h"
#include "series.h"
#include "thumbs.h"
#include "uploads.h"

enum {
  READING_BYTES = 16384, /* a reading has a few hundred */
  SMALL_BYTES = 4096,
};

/* The words of the first version, which its devices may look for. */
#define WANTS_JSON                                                             \
  .type_status = 400, .type_message = "Content-Type must be application/json"

/* What devices send. curl and some sketches leave the type of a form behind;
 * what it really is, its content says. */
static const peal_web_route device_routes[] = {
    {.method = "POST",
     .path = "/api/sensor-data",
     .on_json = readings_on_sensor,
     .max_body_bytes = READING_BYTES,
     WANTS_JSON},
    {.method = "POST",
     .path = "/api/orientation-data",
     .on_json = readings_on_orientation,
     .max_body_bytes = READING_BYTES,
     WANTS_JSON},
    {.method = "POST",
     .path = "/upload",
     .on_file = uploads_on_image,
     .file_field = "image",
     .max_body_bytes = UPLOADS_MAX_BYTES,
     .types = "image/* application/octet-stream "
              "application/x-www-form-urlencoded",
     .type_optional = true,
     .before = uploads_before},
    {.method = "POST",
     .path = "/upload-audio",
     .on_file = uploads_on_audio,
     .file_field = "audio",
     .max_body_bytes = UPLOADS_MAX_BYTES,
     .types = "audio/* application/octet-stream "
              "application/x-www-form-urlencoded",
     .type_optional = true,
     .before = uploads_before},
    {.path = "/api/oled-display/get", .on_request = oled_on_get},
    {.method = "POST",
     .path = "/api/oled-display/set",
     .on_json = oled_on_set,
     .max_body_bytes = SMALL_BYTES,
     .before = gate_hook_reader,
     WANTS_JSON},
};

/* What readers ask for. */
static const peal_web_route reader_routes[] = {
    {.path = "/api/sensor-data", .on_request = history_on_sensor},
    {.path = "/api/orientation-data", .on_request = history_on_orientation},
    {.path = "/api/images", .on_request = history_on_images},
    {.path = "/api/audio", .on_request = history_on_audio},
    {.path = "/api/devices", .on_request = history_on_devices},
    {.path = "/api/sensor-data/series", .on_request = series_on_sensor},
    {.path = "/api/orientation-data/series",
     .on_request = series_on_orientation},
    {.path = "/api/sensor-data/export", .on_request = export_on_sensor},
    {.path = "/api/orientation-data/export",
     .on_request = export_on_orientation},
    {.path = "/api/images/export", .on_request = export_on_images},
    {.path = "/api/audio/export", .on_request = export_on_audio},
    {.path = THUMBS_URL ":name", .on_request = thumbs_on_get},
    {.path = MEDIA_URL ":name", .on_request = media_on_get},
    {.path = "/status", .on_request = figures_on_status},
    {.path = "/memory-stats", .on_request = figures_on_memory},
};

#define COUNT(routes) (sizeof(routes) / sizeof *(routes))

static peal_err add(dash *app, const peal_web_route *routes, size_t count,
                    peal_web_hook_fn before, void *before_user) {
  for (size_t i = 0; i < count; i++) {
    peal_web_route route = routes[i];
    route.user = app;
    route.before_user = app;
    if (before != NULL) {
      route.before = before;
      route.before_user = before_user;
    }
    peal_err err = peal_web_route_add(app->house.web, &route);
    if (err != PEAL_OK)
      return err;
  }
  return PEAL_OK;
}

peal_err routes_register(dash *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_http_server_on_done(h->http, uploads_on_done, app);
  if (err == PEAL_OK)
    err = add(app, device_routes, COUNT(device_routes), NULL, NULL);
  if (err == PEAL_OK)
    err = add(app, reader_routes, COUNT(reader_routes), peal_kit_auth_hook, h);
  if (err == PEAL_OK)
    err = peal_web_metrics_add(h->web, figures_on_metrics, app);
  if (err == PEAL_OK)
    err = peal_web_health(h->web, "/api/health", h->store);
  if (err == PEAL_OK)
    err = peal_web_health_add(h->web, "media", media_is_well, app->media);
  return err == PEAL_OK ? peal_kit_routes(h) : err;
}
