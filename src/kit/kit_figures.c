/* SPDX-License-Identifier: MIT */
#include "kit/kit_figures.h"

#include <stdio.h>

enum { MAX_THREADS = 64, MAX_URLS = 16, URL_BYTES = 96, NAME_BYTES = 80 };

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

static uint64_t websocket_of(const peal_server_stats *stats) {
  return stats->clients > stats->clients_polling
             ? stats->clients - stats->clients_polling
             : 0;
}

static peal_val transports_val(peal_build *build,
                               const peal_server_stats *stats) {
  return peal_build_keep(
      build,
      PEAL_OBJECT({"websocket", peal_int((int64_t)websocket_of(stats))},
                  {"polling", peal_int((int64_t)stats->clients_polling)}));
}

/* ---- /status --------------------------------------------------------------- */

static peal_val threads_val(peal_build *build) {
  char names[MAX_THREADS][16];
  peal_items *items = peal_items_new(build);
  size_t count = peal_web_process_threads(names, MAX_THREADS);
  for (size_t i = 0; i < count; i++)
    peal_items_add(items, peal_build_copy(build, peal_str(names[i])));
  return peal_items_val(items);
}

static void add_server(const peal_kit *kit, peal_pairs *out,
                       peal_build *build) {
  peal_server_stats stats;
  peal_server_stats_get(kit->server, &stats);
  urls reach = {.count = 0};
  peal_http_server_urls(kit->http, add_url, &reach);
  peal_pairs_add(out, "workers", peal_int(peal_workers_count(kit->workers)));
  peal_pairs_add(out, "clients", peal_int((int64_t)stats.clients));
  peal_pairs_add(out, "transports", transports_val(build, &stats));
  peal_pairs_add(out, "urls",
                 peal_build_copy(build, peal_array(reach.items, reach.count)));
}

void peal_kit_on_status(peal_http_req *req, void *user) {
  const peal_kit *kit = user;
  peal_build *build = peal_http_req_build(req);
  peal_pairs *out = peal_pairs_new(build);
  peal_web_process process;
  peal_web_process_get(&process);
  peal_pairs_add(out, "active_threads", peal_int((int64_t)process.threads));
  peal_pairs_add(out, "thread_names", threads_val(build));
  peal_pairs_add(out, "async_mode", peal_str("libuv"));
  add_server(kit, out, build);
  peal_pairs_add(out, "uptime_s", peal_int((int64_t)process.uptime_s));
  peal_pairs_add(out, "password_needed", peal_bool(kit->conf.password != NULL));
  peal_pairs_add(out, "keys_required", peal_bool(kit->conf.require_keys));
  peal_pairs_add(out, "version", peal_str(peal_version()));
  if (kit->about->on_status != NULL)
    kit->about->on_status(kit, out, build);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200, peal_pairs_val(out));
}

/* In megabytes with two places. */
static peal_val megabytes(uint64_t bytes) {
  return peal_double((double)(bytes * 100 / 1048576) / 100);
}

void peal_kit_on_memory(peal_http_req *req, void *user) {
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

/* ---- /metrics -------------------------------------------------------------- */

/* A page being written, and what its names begin with. */
typedef struct metrics {
  peal_web_metrics_out *out;
  const char *prefix;
} metrics;

static void add_gauge(const metrics *m, const char *name, const char *help,
                      const char *labels, uint64_t value) {
  char full[NAME_BYTES];
  snprintf(full, sizeof full, "%s_%s", m->prefix, name);
  peal_web_metrics_gauge(m->out, full, help, labels, (double)value);
}

static void add_counter(const metrics *m, const char *name, const char *help,
                        const char *labels, uint64_t value) {
  char full[NAME_BYTES];
  snprintf(full, sizeof full, "%s_%s", m->prefix, name);
  peal_web_metrics_counter(m->out, full, help, labels, value);
}

static void write_policies(const metrics *m, const peal_server_stats *s) {
  static const char help[] = "what was done about full queues";
  static const char name[] = "queue_policy_total";
  add_counter(m, name, help, "action=\"closed\"", s->closed_full);
  add_counter(m, name, help, "action=\"dropped_newest\"", s->dropped_newest);
  add_counter(m, name, help, "action=\"dropped_oldest\"", s->dropped_oldest);
  add_counter(m, name, help, "action=\"conflated\"", s->conflated);
  add_counter(m, name, help, "action=\"dropped_volatile\"",
              s->dropped_volatile);
}

static void write_sockets(const metrics *m, const peal_kit *kit) {
  peal_server_stats s;
  peal_server_stats_get(kit->server, &s);
  add_gauge(m, "clients", "open connections by transport",
            "transport=\"polling\"", s.clients_polling);
  add_gauge(m, "clients", "open connections by transport",
            "transport=\"websocket\"", websocket_of(&s));
  add_counter(m, "sessions_total", "connections so far", NULL,
              s.sessions_total);
  add_counter(m, "events_total", "events by direction", "direction=\"in\"",
              s.events_in);
  add_counter(m, "events_total", "events by direction", "direction=\"out\"",
              s.events_out);
  add_counter(m, "queue_full_total", "events refused by slow clients", NULL,
              s.queue_full);
  write_policies(m, &s);
  add_counter(m, "rate_limited_total", "events above the rate of their client",
              NULL, s.rate_limited);
  add_counter(m, "slow_handlers_total", "events whose handlers took too long",
              NULL, s.slow_handlers);
}

static void write_store(const metrics *m, const peal_kit *kit) {
  peal_store_stats s;
  peal_store_stats_get(kit->store, &s);
  add_counter(m, "store_writes_total", "statements", NULL, s.writes);
  add_counter(m, "store_commits_total", "transactions they shared", NULL,
              s.commits);
  add_counter(m, "store_errors_total", "that failed", NULL, s.errors);
  add_gauge(m, "store_queued", "writes that wait", NULL, s.queued);
}

void peal_kit_figures_write(peal_web_metrics_out *out, void *user) {
  const peal_kit *kit = user;
  metrics m = {.out = out, .prefix = kit->about->metrics};
  if (m.prefix == NULL)
    return;
  write_sockets(&m, kit);
  if (kit->store != NULL)
    write_store(&m, kit);
}
