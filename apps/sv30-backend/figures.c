/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <peal/kit.h>

#include "intake.h"
#include "runs.h"

enum { WELL_MS = 5000 }; /* a probe that is older tells nothing */

/* ---- looking --------------------------------------------------------------- */

static void on_probe(const peal_store_result *result, void *user) {
  lab *app = user;
  atomic_store(&app->well_ms,
               result->err == PEAL_OK
                   ? (int64_t)peal_worker_now_ms(peal_worker_self())
                   : 0);
}

static void on_counts(const peal_store_result *result, void *user) {
  lab *app = user;
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK)
    return;
  int64_t tests = peal_val_int(peal_val_get(row, "tests"), 0);
  atomic_store(&app->tests, tests);
  atomic_store(&app->last_ms, peal_val_int(peal_val_get(row, "last_ms"), 0));
  atomic_store(&app->is_simulated, peal_kit_device_id_is_simulated(peal_val_str(
                                       peal_val_get(row, "last_id"))));
  if (tests > app->conf.max_tests)
    intake_prune(app);
}

void figures_tick(lab *app) {
  peal_kit *h = &app->house;
  atomic_store(&app->running, (int64_t)runs_count(app->runs));
  // a queue that is full says by itself that it is not well
  if (peal_store_probe(h->store, on_probe, app) != PEAL_OK ||
      peal_store_read(h->store,
                      "SELECT (SELECT count(*) FROM tests) AS tests,"
                      " heard_ms AS last_ms, test_id AS last_id FROM tests"
                      " ORDER BY heard_ms DESC LIMIT 1",
                      PEAL_NO_ARGS, on_counts, app) != PEAL_OK)
    peal_kit_log(h, PEAL_LOG_WARN, "figures", "the store was not asked");
}

static bool is_well(const lab *app) {
  int64_t at = atomic_load(&app->well_ms);
  int64_t now = (int64_t)peal_worker_now_ms(peal_worker_self());
  return at > 0 && now - at < WELL_MS;
}

/* ---- telling --------------------------------------------------------------- */

static void answer(peal_http_req *req, unsigned status, peal_val body) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, status, body);
}

void figures_on_health(peal_http_req *req, void *user) {
  lab *app = user;
  bool well = is_well(app);
  char now[25], last[25];
  int64_t last_ms = atomic_load(&app->last_ms);
  peal_server_stats stats;
  peal_server_stats_get(app->house.server, &stats);
  peal_web_time_iso(now, peal_wall_ms());
  peal_web_time_iso(last, last_ms);
  answer(req, well ? 200 : 503,
         PEAL_OBJECT(
             {"status", peal_str(well ? "ok" : "degraded")},
             {"timestamp", peal_str(now)}, {"database", peal_bool(well)},
             {"cache",
              PEAL_OBJECT(
                  {"tests", peal_int(atomic_load(&app->tests))},
                  {"running", peal_int(atomic_load(&app->running))},
                  {"last_data", last_ms > 0 ? peal_str(last) : peal_null()},
                  {"clients", peal_int((int64_t)stats.clients)})},
             {"simulated", peal_bool(atomic_load(&app->is_simulated))}));
}

void figures_on_status(peal_http_req *req, void *user) {
  lab *app = user;
  const peal_kit_conf *conf = &app->house.conf;
  peal_server_stats stats;
  peal_server_stats_get(app->house.server, &stats);
  answer(
      req, 200,
      PEAL_OBJECT({"workers", peal_int(peal_workers_count(app->house.workers))},
                  {"clients", peal_int((int64_t)stats.clients)},
                  {"password_needed", peal_bool(conf->password != NULL)},
                  {"keys_required", peal_bool(conf->require_keys)},
                  {"timezone", peal_str(app->conf.timezone)},
                  {"version", peal_str(peal_version())}));
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  lab *app = user;
  peal_server_stats s;
  peal_store_stats store;
  peal_server_stats_get(app->house.server, &s);
  peal_store_stats_get(app->house.store, &store);
  peal_web_metrics_gauge(out, "sv30_clients", "open connections", NULL,
                         (double)s.clients);
  peal_web_metrics_gauge(out, "sv30_tests", "tests kept", NULL,
                         (double)atomic_load(&app->tests));
  peal_web_metrics_gauge(out, "sv30_tests_running", "tests under way", NULL,
                         (double)atomic_load(&app->running));
  peal_web_metrics_counter(out, "sv30_events_in_total", "events that came",
                           NULL, s.events_in);
  peal_web_metrics_counter(out, "sv30_store_writes_total", "statements", NULL,
                           store.writes);
  peal_web_metrics_counter(out, "sv30_store_errors_total", "that failed", NULL,
                           store.errors);
}
