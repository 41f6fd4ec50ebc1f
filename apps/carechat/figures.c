/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "chat.h"
#include "devices.h"

void figures_on_health(peal_http_req *req, void *user) {
  care *app = user;
  bool well = peal_kit_store_is_well(&app->house);
  char now[25];
  peal_server_stats stats;
  size_t known, online;
  peal_server_stats_get(app->house.server, &stats);
  devices_totals(app->devices, &known, &online);
  peal_web_time_iso(now, peal_wall_ms());
  care_answer(
      req, well ? 200 : 503,
      PEAL_OBJECT(
          {"status", peal_str(well ? "ok" : "degraded")},
          {"timestamp", peal_str(now)}, {"database", peal_bool(well)},
          {"parts",
           PEAL_OBJECT(
               {"store",
                peal_str(well ? "ok" : "nothing can be stored at the moment")},
               {"model", peal_str(chat_model_health(app->chat))})},
          {"simulated", peal_bool(app->conf.simulate > 0)},
          {"clients", peal_int((int64_t)stats.clients)},
          {"devices", peal_int((int64_t)known)},
          {"devices_online", peal_int((int64_t)online)}));
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  care *app = user;
  peal_server_stats s;
  peal_store_stats store;
  peal_server_stats_get(app->house.server, &s);
  peal_store_stats_get(app->house.store, &store);
  peal_web_metrics_gauge(out, "carechat_clients", "open connections", NULL,
                         (double)s.clients);
  peal_web_metrics_counter(out, "carechat_readings_total",
                           "readings that are stored", NULL,
                           atomic_load(&app->readings));
  peal_web_metrics_counter(out, "carechat_readings_refused_total",
                           "readings that were not", NULL,
                           atomic_load(&app->refused));
  peal_web_metrics_counter(out, "carechat_alerts_total", "alerts raised", NULL,
                           atomic_load(&app->alerts));
  peal_web_metrics_gauge(out, "carechat_store_queued", "writes that wait", NULL,
                         (double)store.queued);
  peal_web_metrics_counter(out, "carechat_store_writes_total", "statements",
                           NULL, store.writes);
  peal_web_metrics_counter(out, "carechat_store_commits_total",
                           "transactions that hold them", NULL, store.commits);
  peal_web_metrics_counter(out, "carechat_store_errors_total", "that failed",
                           NULL, store.errors);
}
