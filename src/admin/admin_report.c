/* SPDX-License-Identifier: MIT */
#include "admin/admin_report.h"

#include "admin/admin_figures.h"
#include "admin/admin_rooms.h"
#include "admin/admin_spaces.h"
#include "admin/admin_viewers.h"
#include "base/account.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "net/resident.h"

#define NODES_EVENT "peal:admin"
#define NODES_TIMEOUT_MS 1500u

typedef struct part {
  peal_admin_report *report;
  peal_mail mail; /* there and back */
  peal_doc *doc;  /* what a worker says of itself */
} part;

struct peal_admin_report {
  peal_admin *admin;
  peal_list asks; /* those who get it */
  unsigned waiting;
  bool has_nodes;
  peal_doc *nodes;
  int64_t missing;
  part parts[]; /* one for each worker */
};

/* -- what a worker says ------------------------------------------------------ */

static peal_val number(uint64_t value) {
  return peal_int(value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static peal_val worker_val(peal_admin *admin, peal_worker *worker) {
  peal_build *build = peal_worker_build(worker);
  const peal_account_worker *account =
      peal_engine_account(admin->server->http, worker);
  const peal_worker_stats *stats = &worker->stats;
  peal_pairs *it = peal_pairs_new(build);
  peal_pairs_add(it, "index", peal_int(peal_worker_index(worker)));
  peal_pairs_add(it, "lag_max_ms",
                 number(peal_tally_take(&worker->shown_lag_ms)));
  peal_pairs_add(it, "turns", number(peal_tally_get(&stats->turns)));
  peal_pairs_add(it, "connections",
                 number(peal_tally_get(&stats->connections)));
  peal_pairs_add(it, "tasks", number(peal_tally_get(&stats->tasks_running)));
  peal_pairs_add(it, "held_bytes", number(account->used));
  peal_pairs_add(it, "rooms", peal_admin_rooms_here(admin, worker));
  return peal_pairs_val(it);
}

/* -- what all say ------------------------------------------------------------ */

static peal_val server_val(const peal_admin *admin, peal_build *build) {
  const peal_worker *worker = peal_workers_get(admin->server->workers, 0);
  peal_pairs *it = peal_pairs_new(build);
  peal_pairs_add(it, "id", peal_str(admin->opts.server_id));
  peal_pairs_add(it, "hostname", peal_str(admin->hostname));
  peal_pairs_add(it, "pid", peal_int(admin->pid));
  peal_pairs_add(it, "version", peal_str(peal_version()));
  peal_pairs_add(it, "uptime_s",
                 number((worker->now_ms - admin->began_ms) / 1000));
  peal_pairs_add(it, "now_ms", peal_int(peal_wall_ms()));
  peal_pairs_add(it, "interval_ms", peal_int(admin->opts.stats_interval_ms));
  return peal_pairs_val(it);
}

static peal_val clients_val(const peal_server_stats *stats, peal_build *build) {
  return peal_build_keep(
      build, PEAL_OBJECT(
                 {"total", number(stats->clients)},
                 {"polling", number(stats->clients_polling)},
                 {"websocket", number(stats->clients - stats->clients_polling)},
                 {"since_start", number(stats->sessions_total)}));
}

static peal_val ended_val(const peal_admin_counts *counts, peal_build *build) {
  peal_pairs *it = peal_pairs_new(build);
  for (unsigned r = 0; r < PEAL_ADMIN_REASONS; r++)
    if (counts->ended[r])
      peal_pairs_add(it, peal_reason_text((peal_reason)r),
                     number(counts->ended[r]));
  return peal_pairs_val(it);
}

static peal_val totals_val(const peal_admin *admin,
                           const peal_server_stats *stats, peal_build *build) {
  peal_admin_counts counts;
  peal_admin_figures_read(admin, &counts);
  peal_pairs *it = peal_pairs_new(build);
  peal_pairs_add(it, "events_in", number(stats->events_in));
  peal_pairs_add(it, "events_out", number(stats->events_out));
  peal_pairs_add(it, "packets_in", number(counts.packets_in));
  peal_pairs_add(it, "packets_out", number(counts.packets_out));
  peal_pairs_add(it, "bytes_in", number(counts.bytes_in));
  peal_pairs_add(it, "bytes_out", number(counts.bytes_out));
  peal_pairs_add(it, "errors_peer", number(stats->errors_peer));
  peal_pairs_add(it, "queue_full", number(stats->queue_full));
  peal_pairs_add(it, "ended", ended_val(&counts, build));
  return peal_pairs_val(it);
}

/* What each worker says of its rooms. */
static peal_args rooms_of(const peal_admin_report *report, peal_build *build) {
  peal_items *all = peal_items_new(build);
  for (unsigned i = 0; i < report->admin->server->worker_count; i++)
    peal_items_add(all,
                   peal_val_get(peal_doc_val(report->parts[i].doc), "rooms"));
  return peal_items_args(all);
}

static peal_val namespaces_val(const peal_admin_report *report,
                               peal_build *build) {
  peal_args rooms = rooms_of(report, build);
  peal_items *all = peal_items_new(build);
  peal_admin_spaces spaces = peal_admin_spaces_take(report->admin);
  for (size_t i = 0; i < spaces.count; i++) {
    const peal_nsp *nsp = spaces.items[i];
    int64_t count = peal_admin_rooms_count(rooms.items, rooms.count, nsp->name);
    peal_items_add(
        all, peal_build_copy(
                 build, PEAL_OBJECT({"name", peal_str(nsp->name)},
                                    {"sockets",
                                     peal_int(peal_admin_figures_sockets(nsp))},
                                    {"rooms", peal_int(count)})));
  }
  peal_admin_spaces_give(report->admin, &spaces);
  return peal_items_val(all);
}

static peal_val rooms_val(const peal_admin_report *report, peal_build *build) {
  peal_args rooms = rooms_of(report, build);
  peal_items *tops = peal_items_new(build);
  for (size_t i = 0; i < rooms.count; i++)
    peal_items_add(tops, peal_val_get(rooms.items[i], "top"));
  peal_args args = peal_items_args(tops);
  return peal_admin_rooms_merge(build, args.items, args.count);
}

/* Without their rooms, which are told once for all. */
static peal_val workers_val(const peal_admin_report *report,
                            peal_build *build) {
  peal_items *all = peal_items_new(build);
  for (unsigned i = 0; i < report->admin->server->worker_count; i++) {
    peal_val one = peal_doc_val(report->parts[i].doc);
    peal_pairs *it = peal_pairs_new(build);
    for (uint32_t k = 0; peal_val_is(one, PEAL_OBJECT) && k < one.len; k++)
      if (!peal_slice_is(peal_val_key(one, k), "rooms"))
        peal_pairs_add_n(it, peal_val_key(one, k), one.as.pairs[k].value);
    peal_items_add(all, peal_pairs_val(it));
  }
  return peal_items_val(all);
}

static peal_val memory_val(const peal_admin *admin, peal_build *build) {
  const peal_server *server = admin->server;
  peal_account_server *account =
      peal_engine_account(server->http, peal_workers_get(server->workers, 0))
          ->server;
  return peal_build_keep(
      build,
      PEAL_OBJECT({"resident_bytes", number(peal_resident_bytes())},
                  {"held_bytes", number(atomic_load_explicit(
                                     &account->granted, memory_order_relaxed))},
                  {"held_max_bytes", number(account->max)}));
}

/* What other nodes are told of this one, and this one's own row. */
static peal_val node_val(const peal_admin *admin, peal_build *build) {
  const peal_worker *worker = peal_workers_get(admin->server->workers, 0);
  peal_server_stats stats;
  peal_server_stats_get(admin->server, &stats);
  return peal_build_keep(
      build,
      PEAL_OBJECT(
          {"id", peal_str(admin->opts.server_id)},
          {"hostname", peal_str(admin->hostname)},
          {"pid", peal_int(admin->pid)}, {"version", peal_str(peal_version())},
          {"uptime_s", number((worker->now_ms - admin->began_ms) / 1000)},
          {"clients", number(stats.clients)},
          {"sockets", number(stats.sockets)}));
}

static peal_val cluster_val(const peal_admin_report *report,
                            peal_build *build) {
  if (!report->admin->server->adapter)
    return peal_undefined();
  peal_items *all = peal_items_new(build);
  peal_items_add(all, node_val(report->admin, build));
  peal_val others = peal_doc_val(report->nodes);
  for (uint32_t i = 0; peal_val_is(others, PEAL_ARRAY) && i < others.len &&
                       i < PEAL_LIMIT_ADMIN_NODES;
       i++)
    peal_items_add(all, others.as.items[i]);
  return peal_build_keep(build,
                         PEAL_OBJECT({"nodes", peal_items_val(all)},
                                     {"missing", peal_int(report->missing)}));
}

static peal_bytes *compose(const peal_admin_report *report) {
  const peal_admin *admin = report->admin;
  peal_build *build = peal_build_new();
  peal_server_stats stats;
  peal_server_stats_get(admin->server, &stats);
  peal_pairs *it = peal_pairs_new(build);
  peal_pairs_add(it, "server", server_val(admin, build));
  peal_pairs_add(it, "clients", clients_val(&stats, build));
  peal_pairs_add(it, "sockets", number(stats.sockets));
  peal_pairs_add(it, "namespaces", namespaces_val(report, build));
  peal_pairs_add(it, "rooms", rooms_val(report, build));
  peal_pairs_add(it, "totals", totals_val(admin, &stats, build));
  peal_pairs_add(it, "workers", workers_val(report, build));
  peal_pairs_add(it, "memory", memory_val(admin, build));
  peal_pairs_add(it, "cluster", cluster_val(report, build));
  peal_bytes *json = peal_json_bytes(peal_pairs_val(it));
  peal_build_free(build);
  return json;
}

/* -- the end ----------------------------------------------------------------- */

static void free_report(peal_admin_report *report) {
  for (unsigned i = 0; i < report->admin->server->worker_count; i++)
    peal_doc_free(report->parts[i].doc);
  peal_doc_free(report->nodes);
  peal_mem_free(report->admin->mem, report);
}

static void on_answer(peal_worker *worker, peal_mail *mail) {
  peal_admin_ask *ask = PEAL_LIST_OF(mail, peal_admin_ask, mail);
  peal_bytes *json = ask->json;
  (void)worker;
  ask->fn(json, ask->user);
  peal_bytes_unref(json);
}

static void answer(peal_admin *admin, peal_admin_ask *ask, peal_bytes *json) {
  admin->ask_count--;
  ask->json = json ? peal_bytes_ref(json) : NULL;
  ask->mail.fn = on_answer;
  if (!peal_mail_put(ask->worker, &ask->mail))
    peal_bytes_unref(json);
}

static void finish(peal_admin_report *report) {
  peal_admin *admin = report->admin;
  peal_bytes *json = compose(report);
  while (!peal_list_is_empty(&report->asks))
    answer(admin,
           PEAL_LIST_OF(peal_list_shift(&report->asks), peal_admin_ask, node),
           json);
  if (json)
    peal_admin_viewers_tell(admin, json);
  peal_bytes_unref(json);
  admin->report = NULL;
  free_report(report);
  if (!peal_list_is_empty(&admin->asks))
    peal_admin_report_make(admin);
}

/* -- the other nodes --------------------------------------------------------- */

static void on_nodes(const peal_acks *acks, void *user) {
  peal_admin_report *report = user;
  report->nodes =
      peal_doc_new(peal_array(acks->responses.items, acks->responses.count));
  report->missing =
      acks->missing == PEAL_MISSING_UNKNOWN ? -1 : (int64_t)acks->missing;
  finish(report);
}

static void ask_nodes(peal_admin_report *report) {
  peal_admin *admin = report->admin;
  if (!admin->server->adapter ||
      peal_nsp_server_emit_ack(admin->nsp, NODES_EVENT, PEAL_NO_ARGS,
                               NODES_TIMEOUT_MS, on_nodes, report))
    finish(report);
}

static void on_asked(peal_nsp *nsp, const peal_event *event, void *user) {
  peal_admin *admin = user;
  peal_worker *worker = peal_workers_get(admin->server->workers, 0);
  (void)nsp;
  (void)peal_ack(event, PEAL_ARGS(node_val(admin, peal_worker_build(worker))));
}

/* -- asking the workers ------------------------------------------------------ */

static void on_part(peal_worker *worker, peal_mail *mail) {
  const part *one = PEAL_LIST_OF(mail, part, mail);
  (void)worker;
  if (--one->report->waiting == 0)
    ask_nodes(one->report);
}

static void on_worker(peal_worker *worker, peal_mail *mail) {
  part *one = PEAL_LIST_OF(mail, part, mail);
  peal_admin *admin = one->report->admin;
  one->doc = peal_doc_new(worker_val(admin, worker));
  one->mail.fn = on_part;
  /* If the run is over nobody waits any more. */
  (void)peal_mail_put(peal_workers_get(admin->server->workers, 0), &one->mail);
}

void peal_admin_report_make(peal_admin *admin) {
  unsigned count = admin->server->worker_count;
  if (admin->report || admin->is_over)
    return;
  peal_admin_report *report = peal_mem_zalloc(
      admin->mem, sizeof *report + count * sizeof report->parts[0]);
  if (!report)
    return;
  report->admin = admin;
  report->waiting = count + 1;
  peal_list_init(&report->asks);
  peal_list_move(&report->asks, &admin->asks);
  admin->report = report;
  for (unsigned i = 0; i < count; i++) {
    report->parts[i].report = report;
    report->parts[i].mail.fn = on_worker;
    if (!peal_mail_put(peal_workers_get(admin->server->workers, i),
                       &report->parts[i].mail))
      report->waiting--;
  }
  if (--report->waiting == 0)
    ask_nodes(report);
}

/* -- asking for one ---------------------------------------------------------- */

static void on_ask(peal_worker *worker, peal_mail *mail) {
  peal_admin_ask *ask = PEAL_LIST_OF(mail, peal_admin_ask, mail);
  peal_admin *admin = ask->admin;
  (void)worker;
  admin->ask_count++;
  if (admin->is_over || admin->ask_count > PEAL_LIMIT_ADMIN_ASKS) {
    answer(admin, ask, NULL);
    return;
  }
  peal_list_push(&admin->asks, &ask->node);
  peal_admin_report_make(admin);
  if (admin->report || peal_list_is_empty(&admin->asks))
    return;
  peal_list_remove(&ask->node);
  answer(admin, ask, NULL);
}

void peal_admin_report_ask(peal_admin_ask *ask) {
  peal_list_init(&ask->node);
  ask->mail.fn = on_ask;
  (void)peal_mail_put(peal_workers_get(ask->admin->server->workers, 0),
                      &ask->mail);
}

peal_err peal_admin_report_init(peal_admin *admin) {
  peal_list_init(&admin->asks);
  return peal_on_server_event(admin->nsp, NODES_EVENT, on_asked, admin);
}

void peal_admin_report_deinit(peal_admin *admin) {
  if (admin->report)
    free_report(admin->report);
  admin->report = NULL;
}
