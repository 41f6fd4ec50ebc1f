/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "chat.h"
#include "devices.h"

/* The parts by what they say of themselves; without a model or with one that
 * fails, people are answered all the same. */
static peal_val parts_val(const care *app, peal_build *build) {
  const char *store = peal_kit_store_is_well(&app->house)
                          ? "ok"
                          : "nothing can be stored at the moment";
  return peal_build_keep(
      build, PEAL_OBJECT({"store", peal_str(store)},
                         {"model", peal_str(chat_model_health(app->chat))}));
}

void figures_add_health(peal_pairs *out, peal_build *build, void *user) {
  care *app = user;
  peal_server_stats stats;
  size_t known, online;
  peal_server_stats_get(app->house.server, &stats);
  devices_totals(app->devices, &known, &online);
  peal_pairs_add(out, "parts", parts_val(app, build));
  peal_pairs_add(out, "simulated", peal_bool(app->conf.simulate > 0));
  peal_pairs_add(out, "clients", peal_int((int64_t)stats.clients));
  peal_pairs_add(out, "devices", peal_int((int64_t)known));
  peal_pairs_add(out, "devices_online", peal_int((int64_t)online));
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  care *app = user;
  peal_web_metrics_counter(out, "carechat_readings_total",
                           "readings that are stored", NULL,
                           atomic_load(&app->readings));
  peal_web_metrics_counter(out, "carechat_readings_refused_total",
                           "readings that were not", NULL,
                           atomic_load(&app->refused));
  peal_web_metrics_counter(out, "carechat_alerts_total", "alerts raised", NULL,
                           atomic_load(&app->alerts));
}
