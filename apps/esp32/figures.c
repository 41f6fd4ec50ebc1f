/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <stdio.h>

#include "analysis.h"
#include "devices.h"
#include "media.h"

enum { MAX_THREADS = 64, MAX_URLS = 16, URL_BYTES = 96 };

/* By which URLs this server is reached, the best one first. */
typedef struct urls {
  char text[MAX_URLS][URL_BYTES];
  peal_val items[MAX_URLS];
  size_t count;
} urls;

static void add_url(const char *url, void *user) {
  urls *all = user;
  if (all->count == MAX_URLS)
    return;
  char *text = all->text[all->count];
  snprintf(text, URL_BYTES, "%s", url);
  all->items[all->count++] = peal_str(text);
}

void figures_on_status(peal_http_req *req, void *user) {
  dash *app = user;
  peal_server_stats stats;
  peal_server_stats_get(app->house.server, &stats);
  char names[MAX_THREADS][16];
  peal_val items[MAX_THREADS];
  size_t count = peal_web_process_threads(names, MAX_THREADS);
  for (size_t i = 0; i < count; i++)
    items[i] = peal_str(names[i]);
  urls reach = {.count = 0};
  peal_http_server_urls(app->house.http, add_url, &reach);
  peal_web_process process;
  peal_web_process_get(&process);
  uint64_t polling = stats.clients_polling;
  uint64_t websocket = stats.clients > polling ? stats.clients - polling : 0;
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT(
          {"active_threads", peal_int((int64_t)process.threads)},
          {"thread_names", peal_array(items, count)},
          {"async_mode", peal_str("libuv")},
          {"workers", peal_int(peal_workers_count(app->house.workers))},
          {"clients", peal_int((int64_t)stats.clients)},
          {"transports",
           PEAL_OBJECT({"websocket", peal_int((int64_t)websocket)},
                       {"polling", peal_int((int64_t)polling)})},
          {"uptime_s", peal_int((int64_t)process.uptime_s)},
          {"password_needed", peal_bool(app->house.conf.password != NULL)},
          {"urls", peal_array(reach.items, reach.count)},
          {"version", peal_str(peal_version())}));
}

/* In megabytes with two places. */
static peal_val megabytes(uint64_t bytes) {
  return peal_double((double)(bytes * 100 / 1048576) / 100);
}

void figures_on_memory(peal_http_req *req, void *user) {
  (void)user;
  peal_web_process process;
  peal_web_process_get(&process);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"rss_mb", megabytes(process.rss_bytes)},
                  {"vms_mb", megabytes(process.virtual_bytes)},
                  {"num_threads", peal_int((int64_t)process.threads)}));
}

/* ---- /metrics --------------------------------------------------------------- */

static void write_sockets(peal_web_metrics_out *out, dash *app) {
  peal_server_stats s;
  peal_server_stats_get(app->house.server, &s);
  uint64_t websocket = s.clients - s.clients_polling;
  peal_web_metrics_gauge(out, "esp32_clients", "open dashboards by transport",
                         "transport=\"polling\"", (double)s.clients_polling);
  peal_web_metrics_gauge(out, "esp32_clients", "open dashboards by transport",
                         "transport=\"websocket\"", (double)websocket);
  peal_web_metrics_counter(out, "esp32_sessions_total", "dashboards so far",
                           NULL, s.sessions_total);
  peal_web_metrics_counter(out, "esp32_events_total", "events by direction",
                           "direction=\"in\"", s.events_in);
  peal_web_metrics_counter(out, "esp32_events_total", "events by direction",
                           "direction=\"out\"", s.events_out);
  peal_web_metrics_counter(out, "esp32_queue_full_total",
                           "events refused by slow dashboards", NULL,
                           s.queue_full);
}

static void write_devices(peal_web_metrics_out *out, dash *app) {
  size_t count, online;
  devices_totals(app->devices, &count, &online);
  peal_web_metrics_gauge(out, "esp32_devices", "devices known", NULL,
                         (double)count);
  peal_web_metrics_gauge(out, "esp32_devices_online", "devices heard lately",
                         NULL, (double)online);
}

static void write_media(peal_web_metrics_out *out, dash *app) {
  static const char *const labels[] = {"kind=\"image\"", "kind=\"audio\""};
  int64_t count[MEDIA_KIND_COUNT], bytes[MEDIA_KIND_COUNT];
  for (int k = 0; k < MEDIA_KIND_COUNT; k++)
    media_totals(app->media, (media_kind)k, &count[k], &bytes[k]);
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

static void write_store(peal_web_metrics_out *out, dash *app) {
  peal_store_stats s;
  peal_store_stats_get(app->house.store, &s);
  peal_web_metrics_counter(out, "esp32_store_writes_total", "statements", NULL,
                           s.writes);
  peal_web_metrics_counter(out, "esp32_store_commits_total",
                           "transactions they shared", NULL, s.commits);
  peal_web_metrics_counter(out, "esp32_store_errors_total", "that failed", NULL,
                           s.errors);
  peal_web_metrics_gauge(out, "esp32_store_queued", "writes that wait", NULL,
                         (double)s.queued);
}

void figures_on_metrics(peal_web_metrics_out *out, void *user) {
  dash *app = user;
  write_sockets(out, app);
  write_devices(out, app);
  write_media(out, app);
  write_analysis(out, app);
  write_store(out, app);
}
