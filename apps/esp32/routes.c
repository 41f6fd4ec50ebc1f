/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <peal/kit.h>

#include "figures.h"
#include "gate.h"
#include "history.h"
#include "media.h"
#include "oled.h"
#include "readings.h"
#include "uploads.h"

/* What devices send. curl and some sketches leave the type of a form behind;
 * what it really is, its content says. */
static const peal_web_route device_routes[] = {
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
};

/* What readers ask for. */
static const peal_web_route reader_routes[] = {
    {.path = "/api/sensor-data", .on_request = history_on_sensor},
    {.path = "/api/orientation-data", .on_request = history_on_orientation},
    {.path = "/api/images", .on_request = history_on_images},
    {.path = "/api/audio", .on_request = history_on_audio},
    {.path = "/api/devices", .on_request = history_on_devices},
    {.path = "/api/sensor-data/series", .on_request = history_series_on_sensor},
    {.path = "/api/orientation-data/series",
     .on_request = history_series_on_orientation},
    {.path = "/api/sensor-data/export", .on_request = history_file_on_sensor},
    {.path = "/api/orientation-data/export",
     .on_request = history_file_on_orientation},
    {.path = "/api/images/export", .on_request = history_file_on_images},
    {.path = "/api/audio/export", .on_request = history_file_on_audio},
    {.path = MEDIA_THUMBS_URL ":name", .on_request = media_on_thumb},
    {.path = MEDIA_URL ":name", .on_request = media_on_get},
};

/* Of the program, whatever it is about. */
static const peal_web_route kit_routes[] = {
    {.path = "/status", .on_request = peal_kit_on_status},
    {.path = "/memory-stats", .on_request = peal_kit_on_memory},
};

#define COUNT(routes) (sizeof(routes) / sizeof *(routes))

static peal_err add_health(dash *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_kit_health_on(
      h, &(peal_kit_health_opts){.path = "/api/health", .word = "healthy"});
  if (err == PEAL_OK)
    err = peal_kit_health_add(h, "media", peal_kit_files_state, app->media);
  return err;
}

peal_err routes_register(dash *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_http_server_on_done(h->http, uploads_on_done, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, device_routes, COUNT(device_routes), NULL,
                              NULL, app);
  if (err == PEAL_OK)
    err = peal_kit_add_actions(h, readings_actions, readings_action_count, NULL,
                               NULL, app);
  if (err == PEAL_OK)
    err = peal_kit_add_actions(h, &oled_action, 1, NULL, NULL, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, reader_routes, COUNT(reader_routes),
                              peal_kit_auth_hook, h, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, kit_routes, COUNT(kit_routes),
                              peal_kit_auth_hook, h, h);
  if (err == PEAL_OK)
    err = peal_web_metrics_add(h->web, figures_on_metrics, app);
  return err == PEAL_OK ? add_health(app) : err;
}
