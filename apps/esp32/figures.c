/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include "analysis.h"
#include "devices.h"
#include "media.h"

static void write_devices(peal_web_metrics_out *out, dash *app) {
  size_t count, online;
  peal_kit_presence_totals(devices_presence(app->devices), &count, &online);
  peal_web_metrics_gauge(out, "esp32_devices", "devices known", NULL,
                         (double)count);
  peal_web_metrics_gauge(out, "esp32_devices_online", "devices heard lately",
                         NULL, (double)online);
}

static void write_media(peal_web_metrics_out *out, dash *app) {
  static const char *const labels[] = {"kind=\"image\"", "kind=\"audio\""};
  int64_t count[MEDIA_KIND_COUNT], bytes[MEDIA_KIND_COUNT];
  for (int k = 0; k < MEDIA_KIND_COUNT; k++)
    peal_kit_files_totals(app->media, (size_t)k, &count[k], &bytes[k]);
  for (int k = 0; k < MEDIA_KIND_COUNT; k++)
    peal_web_metrics_gauge(out, "esp32_media_files", "files kept", labels[k],
                           (double)count[k]);
  for (int k = 0; k < MEDIA_KIND_COUNT; k++)
    peal_web_metrics_gauge(out, "esp32_media_bytes", "bytes of files kept",
                           labels[k], (double)bytes[k]);
}

static void write_analysis(peal_web_metrics_out *out, dash *app) {
  analysis_stats a;
  analysis_stats_get(app->analysis, &a);
  peal_web_metrics_gauge(out, "esp32_analysis_waiting", "pictures that wait",
                         NULL, (double)a.waiting);
  peal_web_metrics_gauge(out, "esp32_analysis_running",
                         "pictures being analysed", NULL, (double)a.running);
  peal_web_metrics_counter(out, "esp32_analysis_done_total",
                           "pictures with a caption", NULL, a.done);
  peal_web_metrics_counter(out, "esp32_analysis_dropped_total",
                           "pictures left without caption", NULL, a.dropped);
  peal_web_metrics_counter(out, "esp32_analysis_model_failed_total",
                           "calls to the model without caption", NULL,
                           a.model_failed);
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  dash *app = user;
  write_devices(out, app);
  write_media(out, app);
  write_analysis(out, app);
}
