/* SPDX-License-Identifier: MIT */
#include "admin/admin_clock.h"

#include "admin/admin_events.h"
#include "admin/admin_figures.h"
#include "admin/admin_picture.h"
#include "admin/admin_report.h"
#include "admin/admin_spaces.h"

/* -- server_stats ------------------------------------------------------------ */

static peal_val namespaces(peal_admin *admin, peal_build *build) {
  peal_items *all = peal_items_new(build);
  peal_admin_spaces spaces = peal_admin_spaces_take(admin);
  for (size_t i = 0; i < spaces.count; i++)
    peal_items_add(
        all, peal_build_copy(
                 build, PEAL_OBJECT({"name", peal_str(spaces.items[i]->name)},
                                    {"socketsCount",
                                     peal_int(peal_admin_figures_sockets(
                                         spaces.items[i]))})));
  peal_admin_spaces_give(admin, &spaces);
  return peal_items_val(all);
}

static void emit_stats(peal_admin *admin, peal_worker *worker) {
  peal_build *build = peal_worker_build(worker);
  peal_server_stats stats;
  peal_server_stats_get(admin->server, &stats);
  peal_pairs *it = peal_pairs_new(build);
  peal_pairs_add(it, "serverId", peal_str(admin->opts.server_id));
  peal_pairs_add(it, "hostname", peal_str(admin->hostname));
  peal_pairs_add(it, "pid", peal_int(admin->pid));
  peal_pairs_add(
      it, "uptime",
      peal_double((double)(worker->now_ms - admin->began_ms) / 1000));
  peal_pairs_add(it, "clientsCount", peal_int((int64_t)stats.clients));
  peal_pairs_add(it, "pollingClientsCount",
                 peal_int((int64_t)stats.clients_polling));
  peal_pairs_add(it, "aggregatedEvents", peal_items_val(admin->seconds));
  peal_pairs_add(it, "namespaces", namespaces(admin, build));
  /* One that was not read yet is replaced. */
  (void)peal_nsp_emit(admin->nsp, &(peal_to){.conflate = admin->stats_key},
                      "server_stats", PEAL_ARGS(peal_pairs_val(it)));
}

/* -- who looks --------------------------------------------------------------- */

static void run(peal_admin *admin);

/* Other nodes of Peal say so; of others it is found by counting. */
#define LOOK_EVENT "peal:look"

static bool is_looked(const peal_admin *admin) {
  return atomic_load_explicit(&admin->lookers, memory_order_relaxed) ||
         admin->far_look_ms >
             peal_worker_now_ms(peal_workers_get(admin->server->workers, 0)) ||
         admin->far_count;
}

static void note_look(peal_admin *admin) {
  bool is = is_looked(admin);
  atomic_store_explicit(&admin->is_looked, is, memory_order_relaxed);
  if (admin->opts.mode == PEAL_ADMIN_DEVELOPMENT)
    peal_admin_events_set(admin, is);
}

static void on_far_count(const peal_fetched *fetched, void *user) {
  peal_admin *admin = user;
  admin->is_counting = false;
  admin->far_count = fetched->count;
  note_look(admin);
}

/* For somewhat longer than until it is said again. */
static void on_far_look(peal_nsp *nsp, const peal_event *event, void *user) {
  peal_admin *admin = user;
  const peal_worker *worker = peal_workers_get(admin->server->workers, 0);
  int64_t interval_ms = peal_val_int(peal_event_arg(event, 0), 0);
  (void)nsp;
  if (interval_ms <= 0 || interval_ms > UINT32_MAX || admin->is_over)
    return;
  bool was = is_looked(admin);
  admin->far_look_ms = worker->now_ms + 2 * (uint64_t)interval_ms + 1000;
  note_look(admin);
  if (!was)
    run(admin);
}

static void ask_nodes(peal_admin *admin) {
  if (atomic_load_explicit(&admin->lookers, memory_order_relaxed))
    (void)peal_nsp_server_emit(
        admin->nsp, LOOK_EVENT,
        PEAL_ARGS(peal_int(admin->opts.stats_interval_ms)));
  if (!admin->is_counting)
    admin->is_counting =
        !peal_nsp_fetch_count(admin->nsp, NULL, on_far_count, admin);
}

/* -- seconds ----------------------------------------------------------------- */

static void forget_seconds(peal_admin *admin) {
  peal_build_free(admin->buffer);
  admin->buffer = peal_build_new();
  admin->seconds = peal_items_new(admin->buffer);
}

static void take_second(peal_admin *admin) {
  peal_admin_counts now;
  peal_admin_figures_read(admin, &now);
  peal_admin_figures_add(admin->seconds, admin->buffer, &admin->before, &now,
                         peal_wall_ms());
  admin->before = now;
}

static void on_interval(peal_admin *admin, peal_worker *worker) {
  admin->stats_due_ms = worker->now_ms + admin->opts.stats_interval_ms;
  if (is_looked(admin))
    emit_stats(admin, worker);
  forget_seconds(admin);
  if (admin->server->adapter)
    ask_nodes(admin);
  if (atomic_load_explicit(&admin->viewers, memory_order_relaxed))
    peal_admin_report_make(admin);
}

static void send_picture(peal_admin *admin, peal_worker *worker) {
  if (!atomic_load_explicit(&admin->is_stale, memory_order_relaxed) ||
      !peal_admin_is_looked(admin) || worker->now_ms < admin->picture_due_ms)
    return;
  atomic_store_explicit(&admin->is_stale, false, memory_order_relaxed);
  admin->picture_due_ms = worker->now_ms + PEAL_ADMIN_PICTURE_MS;
  peal_admin_picture_send(admin, worker, NULL);
}

/* -- the clock --------------------------------------------------------------- */

static uint32_t period_ms(const peal_admin *admin) {
  uint32_t interval_ms = admin->opts.stats_interval_ms;
  return interval_ms < 1000 ? interval_ms : 1000;
}

static bool is_wanted(const peal_admin *admin) {
  return is_looked(admin) || admin->server->adapter ||
         atomic_load_explicit(&admin->viewers, memory_order_relaxed);
}

static void on_tick(peal_timer *timer, void *user) {
  peal_admin *admin = user;
  peal_worker *worker = peal_workers_get(admin->server->workers, 0);
  note_look(admin);
  if (!is_wanted(admin)) {
    peal_timer_stop(timer);
    admin->is_running = false;
    return;
  }
  take_second(admin);
  send_picture(admin, worker);
  if (worker->now_ms >= admin->stats_due_ms)
    on_interval(admin, worker);
}

/* Those who come see the figures at once. */
static void run(peal_admin *admin) {
  if (!admin->is_running) {
    admin->is_running = true;
    forget_seconds(admin);
    peal_admin_figures_read(admin, &admin->before);
  }
  admin->stats_due_ms = 0;
  peal_timer_start(admin->clock, 0, period_ms(admin));
}

static void on_wake(peal_worker *worker, peal_mail *mail) {
  peal_admin *admin = PEAL_LIST_OF(mail, peal_admin, wake);
  (void)worker;
  atomic_store(&admin->is_waking, false);
  note_look(admin);
  if (is_wanted(admin) && !admin->is_over)
    run(admin);
}

void peal_admin_clock_wake(peal_admin *admin) {
  if (atomic_exchange(&admin->is_waking, true))
    return;
  admin->wake.fn = on_wake;
  (void)peal_mail_put(peal_workers_get(admin->server->workers, 0),
                      &admin->wake);
}

void peal_admin_clock_start(peal_admin *admin) {
  if (admin->server->adapter)
    run(admin);
}

void peal_admin_clock_stop(peal_admin *admin) {
  admin->is_over = true;
  peal_timer_stop(admin->clock);
}

peal_err peal_admin_clock_init(peal_admin *admin) {
  peal_worker *first = peal_workers_get(admin->server->workers, 0);
  admin->clock = peal_timer_new(first, on_tick, admin);
  return admin->clock
             ? peal_on_server_event(admin->nsp, LOOK_EVENT, on_far_look, admin)
             : PEAL_ERR_NOMEM;
}

void peal_admin_clock_deinit(peal_admin *admin) {
  peal_timer_free(admin->clock);
  peal_build_free(admin->buffer);
}
