/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "hub.h"
#include "ledger.h"
#include "monitor.h"

enum { WELL_MS = 5000 }; /* a probe that is older tells nothing */

static void on_probe(const peal_store_result *result, void *user) {
  desk *app = user;
  atomic_store(&app->well_ms,
               result->err == PEAL_OK
                   ? (int64_t)peal_worker_now_ms(peal_worker_self())
                   : 0);
}

void figures_tick(desk *app) {
  // a queue that is full says by itself that it is not well
  if (peal_store_probe(app->house.store, on_probe, app) != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "figures",
                 "the store was not asked");
}

static bool is_store_well(const desk *app) {
  int64_t at = atomic_load(&app->well_ms);
  int64_t now = (int64_t)peal_worker_now_ms(peal_worker_self());
  return at > 0 && now - at < WELL_MS;
}

/* A camera that is gone is said, and is no reason to start the program anew:
 * it is looked for all the time. */
void figures_on_health(peal_http_req *req, void *user) {
  desk *app = user;
  char now[25];
  monitor_figures seen;
  bool well = is_store_well(app);
  monitor_figures_get(app->monitor, &seen);
  peal_web_time_iso(now, peal_wall_ms());
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, well ? 200 : 503,
      PEAL_OBJECT({"status", peal_str(well ? "ok" : "degraded")},
                  {"timestamp", peal_str(now)}, {"database", peal_bool(well)},
                  {"camera", peal_str(seen.camera)},
                  {"paused", peal_bool(seen.is_paused)},
                  {"simulated", peal_bool(seen.is_simulated)},
                  {"clients", peal_int((int64_t)hub_viewers(app->hub))},
                  {"version", peal_str(peal_version())}));
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  desk *app = user;
  monitor_figures seen;
  peal_store_stats store;
  monitor_figures_get(app->monitor, &seen);
  peal_store_stats_get(app->house.store, &store);
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
  peal_web_metrics_counter(out, "deskpulse_store_errors_total",
                           "statements that failed", NULL, store.errors);
}
