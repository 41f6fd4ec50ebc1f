/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "replica.h"
#include "unread.h"

static void add_health(peal_pairs *out, peal_build *build, void *user) {
  hospital *app = user;
  peal_server_stats stats;
  (void)build;
  peal_server_stats_get(app->house.server, &stats);
  const char *redis = replica_redis(app->replica);
  peal_pairs_add(out, "redis", redis != NULL ? peal_str(redis) : peal_null());
  peal_pairs_add(out, "simulated", peal_bool(app->conf.simulate > 0));
  peal_pairs_add(out, "clients", peal_int((int64_t)stats.clients));
  peal_pairs_add(out, "active_alerts", peal_int(unread_count(app->unread)));
}

static void on_metrics(peal_web_metrics_out *out, void *user) {
  hospital *app = user;

  const struct {
    const char *name, *help;
    uint64_t value;
  } counters[] = {{"hospital_alerts_total",
                   "alerts that this node has told its screens",
                   atomic_load(&app->alerts)},
                  {"hospital_alerts_escalated_total", "alerts that went up",
                   atomic_load(&app->escalated)},
                  {"hospital_alerts_resent_total",
                   "alerts sent again to who had missed "
                   "them",
                   atomic_load(&app->catch_ups)},
                  {"hospital_notices_sent_total", "webhooks, mails and texts",
                   atomic_load(&app->notified)},
                  {"hospital_notices_failed_total", "tries of them that failed",
                   atomic_load(&app->notify_failed)}};

  for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
    peal_web_metrics_counter(out, counters[i].name, counters[i].help, NULL,
                             counters[i].value);
  peal_web_metrics_gauge(out, "hospital_alerts_active",
                         "alerts that nobody has acknowledged", NULL,
                         (double)unread_count(app->unread));
}

peal_err figures_register(hospital *app) {
  peal_err err = peal_kit_health_on(
      &app->house, &(peal_kit_health_opts){.more = add_health, .user = app});
  return err == PEAL_OK ? peal_web_metrics_add(app->house.web, on_metrics, app)
                        : err;
}
