/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "figures.h"
#include "source.h"
#include "uploads.h"

enum { SMALL_BYTES = 4096 };

/* With a hook of its own, which asks the door first. */
static const peal_web_route frames = {
    .method = "POST",
    .path = "/api/frames",
    .on_request = uploads_on_frame,
    .max_body_bytes = SOURCE_MAX_FRAME_BYTES + LANDMARKS_MAX_JSON + SMALL_BYTES,
    .before = uploads_before,
};

peal_err routes_register(desk *app) {
  peal_kit *h = &app->house;
  peal_err err = peal_http_server_on_done(h->http, uploads_on_done, app);
  if (err == PEAL_OK)
    err = peal_kit_add_routes(h, &frames, 1, NULL, NULL, app);
  if (err == PEAL_OK)
    err = peal_kit_health_on(
        h, &(peal_kit_health_opts){.more = figures_add_health, .user = app});
  return err == PEAL_OK ? peal_web_metrics_add(h->web, figures_on_metrics, app)
                        : err;
}
