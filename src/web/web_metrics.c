/* SPDX-License-Identifier: MIT */
#include "web/web_metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/net_limits.h"

const uint64_t peal_web_metrics_bounds[PEAL_WEB_BUCKETS] = {
    500,   1000,   2500,   5000,    10000,   25000,
    50000, 100000, 250000, 1000000, 2500000, 10000000};

/* -- samples --------------------------------------------------------------- */

static void add_head(peal_web_metrics_out *out, const char *name,
                     const char *help, const char *type) {
  if (strcmp(out->last, name) == 0)
    return;
  snprintf(out->last, sizeof(out->last), "%s", name);
  const char *pieces[] = {"# HELP ",   name, " ", help ? help : "",
                          "\n# TYPE ", name, " ", type,
                          "\n"};
  for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
    peal_buf_add_str(&out->text, pieces[i]);
}

static void add_sample(peal_web_metrics_out *out, const char *name,
                       const char *labels, const char *value) {
  peal_buf_add_str(&out->text, name);
  if (labels && *labels) {
    peal_buf_add_char(&out->text, '{');
    peal_buf_add_str(&out->text, labels);
    peal_buf_add_char(&out->text, '}');
  }
  peal_buf_add_char(&out->text, ' ');
  peal_buf_add_str(&out->text, value);
  peal_buf_add_char(&out->text, '\n');
}

static void print_double(char *out, size_t cap, double value) {
  if (isnan(value))
    snprintf(out, cap, "NaN");
  else if (isinf(value))
    snprintf(out, cap, value > 0 ? "+Inf" : "-Inf");
  else
    snprintf(out, cap, "%.15g", value);
}

void peal_web_metrics_gauge(peal_web_metrics_out *out, const char *name,
                            const char *help, const char *labels,
                            double value) {
  char text[40];
  print_double(text, sizeof(text), value);
  add_head(out, name, help, "gauge");
  add_sample(out, name, labels, text);
}

void peal_web_metrics_counter(peal_web_metrics_out *out, const char *name,
                              const char *help, const char *labels,
                              uint64_t value) {
  char text[24];
  snprintf(text, sizeof(text), "%" PRIu64, value);
  add_head(out, name, help, "counter");
  add_sample(out, name, labels, text);
}

void peal_web_metrics_label(char *out, size_t cap, peal_slice value) {
  size_t len = 0;
  for (size_t i = 0; i < value.len; i++) {
    char c = value.ptr[i];
    bool escaped = c == '"' || c == '\\' || c == '\n';
    if (len + (escaped ? 2 : 1) >= cap)
      break;
    if (escaped)
      out[len++] = '\\';
    out[len++] = c == '\n' ? 'n' : c;
  }
  if (cap)
    out[len] = 0;
}

/* -- what the house knows -------------------------------------------------- */

static void add_server(peal_web_metrics_out *out, const peal_web *app) {
  peal_http_stats stats;
  peal_http_server_stats(app->http, &stats);
  peal_web_metrics_gauge(out, "peal_http_connections", "Open connections", NULL,
                         (double)stats.connections_open);
  peal_web_metrics_counter(out, "peal_http_connections_total",
                           "Connections accepted", NULL,
                           stats.connections_total);
  peal_web_metrics_counter(out, "peal_http_requests_total", "Requests", NULL,
                           stats.requests_total);
  peal_web_metrics_counter(out, "peal_http_requests_bad_total",
                           "Requests refused as malformed", NULL,
                           stats.requests_bad);
  peal_web_metrics_counter(out, "peal_http_timeouts_total",
                           "Connections closed for slowness", NULL,
                           stats.timeouts);
  peal_web_metrics_counter(out, "peal_http_refused_total",
                           "Connections refused by a limit", NULL,
                           stats.refused);
}

typedef struct worker_figure {
  const char *name, *help;
  size_t offset; /* in peal_worker_stats */
  bool gauge;
} worker_figure;

static void add_workers(peal_web_metrics_out *out, const peal_web *app) {
  static const worker_figure figures[] = {
      {"peal_worker_turns_total", "Loop iterations",
       offsetof(peal_worker_stats, turns), false},
      {"peal_worker_posts_total", "Functions posted that ran",
       offsetof(peal_worker_stats, posts), false},
      {"peal_worker_tasks", "Background tasks begun and not done",
       offsetof(peal_worker_stats, tasks_running), true},
      {"peal_worker_connections", "Open TCP connections",
       offsetof(peal_worker_stats, connections), true},
      {"peal_worker_received_bytes_total", "Bytes received",
       offsetof(peal_worker_stats, bytes_in), false},
      {"peal_worker_sent_bytes_total", "Bytes sent",
       offsetof(peal_worker_stats, bytes_out), false},
      {"peal_worker_lag_max_ms", "Longest turn since the last look",
       offsetof(peal_worker_stats, lag_max_ms), true}};
  peal_worker_stats stats[PEAL_LIMIT_WORKERS];
  for (unsigned w = 0; w < app->worker_count; w++)
    peal_worker_stats_get(peal_workers_get(app->workers, w), &stats[w]);
  for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
    for (unsigned w = 0; w < app->worker_count; w++) {
      char label[32];
      uint64_t value;
      memcpy(&value, (const char *)&stats[w] + figures[i].offset,
             sizeof(value));
      snprintf(label, sizeof(label), "worker=\"%u\"", w);
      if (figures[i].gauge)
        peal_web_metrics_gauge(out, figures[i].name, figures[i].help, label,
                               (double)value);
      else
        peal_web_metrics_counter(out, figures[i].name, figures[i].help, label,
                                 value);
    }
  }
}

static void add_process(peal_web_metrics_out *out) {
  peal_web_process process;
  peal_web_process_get(&process);
  peal_web_metrics_gauge(out, "process_resident_memory_bytes",
                         "Resident memory", NULL, (double)process.rss_bytes);
  peal_web_metrics_gauge(out, "process_virtual_memory_bytes", "Virtual memory",
                         NULL, (double)process.virtual_bytes);
  peal_web_metrics_gauge(out, "process_threads", "Threads", NULL,
                         (double)process.threads);
  peal_web_metrics_gauge(out, "process_open_fds", "Open file descriptors", NULL,
                         (double)process.files_open);
  peal_web_metrics_gauge(out, "process_max_fds", "Most file descriptors", NULL,
                         (double)process.files_max);
  peal_web_metrics_gauge(out, "process_uptime_seconds", "Seconds since start",
                         NULL, process.uptime_s);
  char text[40];
  print_double(text, sizeof(text), process.cpu_s);
  add_head(out, "process_cpu_seconds_total", "User and system time", "counter");
  add_sample(out, "process_cpu_seconds_total", NULL, text);
}

/* -- routes ---------------------------------------------------------------- */

static void sum_figures(const peal_web *app, const peal_web_entry *entry,
                        peal_web_figures *out) {
  memset(out, 0, sizeof(*out));
  for (unsigned w = 0; w < app->worker_count; w++) {
    const peal_web_figures *from = &entry->figures[w];
    for (size_t i = 0; i < 6; i++)
      out->statuses[i] += peal_worker_impl_figure(&from->statuses[i]);
    for (size_t i = 0; i <= PEAL_WEB_BUCKETS; i++)
      out->buckets[i] += peal_worker_impl_figure(&from->buckets[i]);
    out->micros += peal_worker_impl_figure(&from->micros);
    out->bytes += peal_worker_impl_figure(&from->bytes);
  }
}

static void label_of(const peal_web_entry *entry, char *out, size_t cap) {
  char path[192];
  const char *method = entry->route.path ? entry->route.method : "other";
  peal_web_metrics_label(path, sizeof(path), peal_slice_of(entry->route.path));
  snprintf(out, cap, "method=\"%s\",route=\"%s\"", method, path);
}

static void add_statuses(peal_web_metrics_out *out, const peal_web *app,
                         const peal_web_entry *entry) {
  static const char *const classes[] = {"none", "1xx", "2xx",
                                        "3xx",  "4xx", "5xx"};
  char label[256], both[288];
  peal_web_figures sum;
  sum_figures(app, entry, &sum);
  label_of(entry, label, sizeof(label));
  for (size_t i = 0; i < 6; i++) {
    if (!sum.statuses[i])
      continue;
    snprintf(both, sizeof(both), "%s,status=\"%s\"", label, classes[i]);
    peal_web_metrics_counter(out, "peal_route_requests_total",
                             "Requests by route and class of status", both,
                             sum.statuses[i]);
  }
}

static void add_durations(peal_web_metrics_out *out, const peal_web *app,
                          const peal_web_entry *entry) {
  static const char *const name = "peal_route_duration_seconds";
  char label[256], both[320], text[40];
  peal_web_figures sum;
  uint64_t so_far = 0;
  sum_figures(app, entry, &sum);
  label_of(entry, label, sizeof(label));
  add_head(out, name, "From the head to the last byte written", "histogram");
  for (size_t i = 0; i <= PEAL_WEB_BUCKETS; i++) {
    so_far += sum.buckets[i];
    double bound = i < PEAL_WEB_BUCKETS
                       ? (double)peal_web_metrics_bounds[i] / 1e6
                       : (double)INFINITY;
    print_double(text, sizeof(text), bound);
    snprintf(both, sizeof(both), "%s,le=\"%s\"", label, text);
    snprintf(text, sizeof(text), "%" PRIu64, so_far);
    add_sample(out, "peal_route_duration_seconds_bucket", both, text);
  }
  print_double(text, sizeof(text), (double)sum.micros / 1e6);
  add_sample(out, "peal_route_duration_seconds_sum", label, text);
  snprintf(text, sizeof(text), "%" PRIu64, so_far);
  add_sample(out, "peal_route_duration_seconds_count", label, text);
}

static void add_sent(peal_web_metrics_out *out, const peal_web *app,
                     const peal_web_entry *entry) {
  char label[256];
  peal_web_figures sum;
  sum_figures(app, entry, &sum);
  label_of(entry, label, sizeof(label));
  peal_web_metrics_counter(out, "peal_route_sent_bytes_total",
                           "Bytes of answers' bodies", label, sum.bytes);
}

static void add_routes(peal_web_metrics_out *out, const peal_web *app) {
  static void (*const parts[])(peal_web_metrics_out *, const peal_web *,
                               const peal_web_entry *) = {
      add_statuses, add_durations, add_sent};
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    for (const peal_web_entry *entry = app->routes; entry; entry = entry->next)
      parts[i](out, app, entry);
    parts[i](out, app, &app->other);
  }
}

/* -- the route ------------------------------------------------------------- */

static void on_metrics(peal_http_req *req, void *user) {
  peal_web *app = user;
  peal_web_metrics_out out = {.last = ""};
  peal_buf_init(&out.text, NULL, (size_t)16 << 20);
  add_server(&out, app);
  add_workers(&out, app);
  add_process(&out);
  add_routes(&out, app);
  for (const peal_web_source *source = app->sources; source;
       source = source->next)
    source->fn(&out, source->user);
  if (out.text.err) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
  } else {
    (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
    peal_http_answer(req, 200, "text/plain; version=0.0.4; charset=utf-8",
                     peal_buf_slice(&out.text));
  }
  peal_buf_deinit(&out.text);
}

peal_err peal_web_metrics(peal_web *app, const char *path) {
  return peal_web_get(app, path, on_metrics, app);
}

peal_err peal_web_metrics_add(peal_web *app, peal_web_metrics_fn fn,
                              void *user) {
  if (!app || !fn || atomic_load(&app->running))
    return PEAL_ERR_USAGE;
  peal_web_source *source = peal_mem_zalloc(app->mem, sizeof(*source));
  if (!source)
    return PEAL_ERR_NOMEM;
  source->fn = fn;
  source->user = user;
  peal_web_source **last = &app->sources;
  while (*last)
    last = &(*last)->next;
  *last = source;
  return PEAL_OK;
}
