/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "chat.h"
#include "devices.h"

enum { WELL_MS = 5000 }; /* a probe that is older tells nothing */

static void on_probe(const peal_store_result *result, void *user) {
  care *app = user;
  atomic_store(&app->well_ms,
               result->err == PEAL_OK
                   ? (int64_t)peal_worker_now_ms(peal_worker_self())
                   : 0);
}

void figures_tick(care *app) {
  // a queue that is full says by itself that it is not well
  if (peal_store_probe(app->house.store, on_probe, app) != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "figures",
                 "the store was not asked");
}

static bool is_well(const care *app) {
  int64_t at = atomic_load(&app->well_ms);
  int64_t now = (int64_t)peal_worker_now_ms(peal_worker_self());
  return at > 0 && now - at < WELL_MS;
}

void figures_on_health(peal_http_req *req, void *user) {
  care *app = user;
  bool well = is_well(app);
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
