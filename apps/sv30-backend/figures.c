/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <peal/kit.h>

#include "intake.h"
#include "runs.h"

/* ---- looking --------------------------------------------------------------- */

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
  if (peal_store_read(h->store,
                      "SELECT (SELECT count(*) FROM tests) AS tests,"
                      " heard_ms AS last_ms, test_id AS last_id FROM tests"
                      " ORDER BY heard_ms DESC LIMIT 1",
                      PEAL_NO_ARGS, on_counts, app) != PEAL_OK)
    peal_kit_log(h, PEAL_LOG_WARN, "figures", "the store was not asked");
}

/* ---- telling --------------------------------------------------------------- */

void figures_add_health(peal_pairs *out, peal_build *build, void *user) {
  lab *app = user;
  char last[25];
  int64_t last_ms = atomic_load(&app->last_ms);
  peal_server_stats stats;
  peal_server_stats_get(app->house.server, &stats);
  peal_web_time_iso(last, last_ms);
  peal_val cache =
      PEAL_OBJECT({"tests", peal_int(atomic_load(&app->tests))},
                  {"running", peal_int(atomic_load(&app->running))},
                  {"last_data", last_ms > 0 ? peal_str(last) : peal_null()},
                  {"clients", peal_int((int64_t)stats.clients)});
  peal_pairs_add(out, "cache", peal_build_copy(build, cache));
  peal_pairs_add(out, "simulated", peal_bool(atomic_load(&app->is_simulated)));
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  lab *app = user;
  peal_web_metrics_gauge(out, "sv30_tests", "tests kept", NULL,
                         (double)atomic_load(&app->tests));
  peal_web_metrics_gauge(out, "sv30_tests_running", "tests under way", NULL,
                         (double)atomic_load(&app->running));
}
