/* SPDX-License-Identifier: MIT */
#include "unread.h"

#include <stdlib.h>

#include "schema.h"

enum { PAUSE_MS = 150 };

struct unread {
  hospital *app;
  peal_timer *timer;
  bool is_counting, is_stale; /* on worker 0 */
  _Atomic int64_t count, critical;
};

static void on_counted(const peal_store_result *result, void *user) {
  unread *all = user;
  peal_val row = peal_val_at(result->rows, 0);
  all->is_counting = false;
  if (result->err == PEAL_OK) {
    atomic_store(&all->count, peal_val_int(peal_val_get(row, "count"), 0));
    atomic_store(&all->critical,
                 peal_val_int(peal_val_get(row, "critical"), 0));
    hospital_emit(all->app,
                  &(peal_to){.is_local = true,
                             .rooms = PEAL_ROOMS("staff_on_duty"),
                             .conflate = "unread_count"},
                  "unread_count", row);
  }
  if (all->is_stale || result->err != PEAL_OK) {
    all->is_stale = false;
    unread_changed(all);
  }
}

static void on_time(peal_timer *timer, void *user) {
  unread *all = user;
  (void)timer;
  all->is_stale = false;
  all->is_counting =
      peal_store_read(all->app->house.store,
                      "SELECT count(*) AS count, coalesce(sum(severity ="
                      " 'critical'), 0) AS critical FROM alerts"
                      " WHERE " SCHEMA_IS_ACTIVE,
                      PEAL_NO_ARGS, on_counted, all) == PEAL_OK;
}

void unread_changed(unread *all) {
  // one that is being counted may be before or behind this change
  if (all->is_counting || all->is_stale) {
    all->is_stale = true;
    return;
  }
  if (all->timer == NULL)
    return;
  all->is_stale = true;
  peal_timer_start(all->timer, PAUSE_MS, 0);
}

int64_t unread_count(const unread *all) {
  return atomic_load(&all->count);
}

peal_val unread_val(const unread *all, peal_build *build) {
  return peal_build_keep(
      build, PEAL_OBJECT({"count", peal_int(atomic_load(&all->count))},
                         {"critical", peal_int(atomic_load(&all->critical))}));
}

void unread_start(unread *all) {
  all->timer = peal_timer_new(peal_worker_self(), on_time, all);
  unread_changed(all);
}

void unread_stop(unread *all) {
  peal_timer_free(all->timer);
  all->timer = NULL;
}

unread *unread_new(hospital *app) {
  unread *all = calloc(1, sizeof *all);
  if (all != NULL)
    all->app = app;
  return all;
}

void unread_free(unread *all) {
  free(all);
}
