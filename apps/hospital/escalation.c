/* SPDX-License-Identifier: MIT */
#include "escalation.h"

#include <stdio.h>
#include <stdlib.h>

#include "journal.h"
#include "pauses.h"

enum { AT_ONCE = 200, AGAIN_MS = 1000 };

struct escalation {
  hospital *app;
  peal_timer *timer;
  uint64_t set_for; /* of the worker's clock; 0: it is not set */
  bool is_looking, is_stale;
  size_t rising; /* on their way to the store */
};

/* The timer rings in so long, unless it rings before. */
static void ring(escalation *all, uint64_t wait_ms) {
  uint64_t at = peal_worker_now_ms(peal_worker_self()) + wait_ms;
  if (all->timer == NULL || (all->set_for != 0 && all->set_for <= at))
    return;
  all->set_for = at;
  peal_timer_start(all->timer, wait_ms, 0);
}

static void look(escalation *all);

static void on_risen(const journal_result *result, void *user) {
  escalation *all = user;
  all->rising--;
  if (result->err != PEAL_OK)
    ring(all, AGAIN_MS);
  else if (all->rising == 0)
    look(all);
}

static void raise_one(escalation *all, peal_val row) {
  char key[24], now[25];
  hospital_now(now);
  snprintf(key, sizeof key, "%lld",
           (long long)peal_val_int(peal_val_get(row, "id"), 0));
  int64_t level = peal_val_int(peal_val_get(row, "level"), 0) + 1;
  const journal_change change = {
      .kind = JOURNAL_ESCALATE,
      .key = peal_slice_of(key),
      .actor = PEAL_S("escalation"),
      .body = PEAL_OBJECT({"level", peal_int(level)}, {"at", peal_str(now)})};
  all->rising++;
  if (!journal_add(all->app, &change, on_risen, all)) {
    all->rising--;
    ring(all, AGAIN_MS);
  }
}

static void on_found(const peal_store_result *result, void *user) {
  escalation *all = user;
  int64_t now = peal_wall_ms();
  all->is_looking = false;
  if (result->err != PEAL_OK) {
    ring(all, AGAIN_MS);
    return;
  }
  for (size_t i = 0; i < result->rows.len; i++) {
    peal_val row = peal_val_at(result->rows, i);
    int64_t due = peal_val_int(peal_val_get(row, "due_ms"), 0);
    if (due > now) {
      ring(all, pauses_until(due, now));
      break;
    }
    raise_one(all, row);
  }
  if (all->is_stale)
    look(all);
}

/* Those that are due, and the first that is not. */
static void look(escalation *all) {
  all->is_stale = all->is_looking || all->rising > 0;
  if (all->is_stale || all->timer == NULL)
    return;
  all->is_looking = true;
  if (peal_store_read(all->app->house.store,
                      "SELECT id, level, due_ms FROM alerts"
                      " WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT ?1",
                      PEAL_ARGS(peal_int(AT_ONCE)), on_found, all) == PEAL_OK)
    return;
  all->is_looking = false;
  ring(all, AGAIN_MS);
}

static void on_time(peal_timer *timer, void *user) {
  escalation *all = user;
  (void)timer;
  all->set_for = 0;
  look(all);
}

void escalation_new_alert(escalation *all, peal_val alert) {
  const settings *conf = &all->app->conf;
  if (!peal_slice_is(peal_val_str(peal_val_get(alert, "severity")), "critical"))
    return;
  ring(all, pauses_until(conf->doctor_ms, 0));
}

void escalation_start(escalation *all) {
  all->timer = peal_timer_new(peal_worker_self(), on_time, all);
  look(all);
}

void escalation_stop(escalation *all) {
  peal_timer_free(all->timer);
  all->timer = NULL;
}

escalation *escalation_new(hospital *app) {
  escalation *all = calloc(1, sizeof *all);
  if (all != NULL)
    all->app = app;
  return all;
}

void escalation_free(escalation *all) {
  free(all);
}
