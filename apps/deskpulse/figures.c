/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "hub.h"
#include "ledger.h"
#include "monitor.h"

void figures_add_health(peal_pairs *out, peal_build *build, void *user) {
  desk *app = user;
  monitor_figures seen;
  (void)build;
  monitor_figures_get(app->monitor, &seen);
  peal_pairs_add(out, "camera", peal_str(seen.camera));
  peal_pairs_add(out, "paused", peal_bool(seen.is_paused));
  peal_pairs_add(out, "simulated", peal_bool(seen.is_simulated));
  peal_pairs_add(out, "clients", peal_int((int64_t)hub_viewers(app->hub)));
  peal_pairs_add(out, "version", peal_str(peal_version()));
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  desk *app = user;
  monitor_figures seen;
  monitor_figures_get(app->monitor, &seen);
  peal_web_metrics_gauge(out, "deskpulse_viewers", "sockets that watch", NULL,
                         (double)hub_viewers(app->hub));
  peal_web_metrics_gauge(out, "deskpulse_camera_well", "frames arrive", NULL,
                         seen.is_camera_well ? 1 : 0);
  peal_web_metrics_gauge(out, "deskpulse_paused", "monitoring is paused", NULL,
                         seen.is_paused ? 1 : 0);
  peal_web_metrics_counter(out, "deskpulse_frames_captured_total",
                           "pictures of the source", NULL, seen.captured);
  peal_web_metrics_counter(out, "deskpulse_frames_replaced_total",
                           "of them never looked at: a newer one came", NULL,
                           seen.replaced);
  peal_web_metrics_counter(out, "deskpulse_frames_broken_total",
                           "of them no picture", NULL, seen.broken);
  peal_web_metrics_counter(out, "deskpulse_frames_shown_total",
                           "pictures given to all viewers", NULL,
                           hub_shown(app->hub));
  peal_web_metrics_counter(out, "deskpulse_frames_written_total",
                           "once for each form that somebody wants", NULL,
                           hub_written(app->hub));
  peal_web_metrics_counter(out, "deskpulse_tracker_us_total",
                           "processor time of the built-in tracker", NULL,
                           seen.tracker_us);
}
