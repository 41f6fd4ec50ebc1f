/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ledger {
  desk *app;
  tally tally;
  tally_day writing[TALLY_DAYS]; /* on their way to the store */
  size_t writing_count;
  bool is_loading; /* of a day that began: nothing is written meanwhile */
  atomic_bool is_well;
};

/* ---- days ----------------------------------------------------------------------- */

#define DAY "SELECT date, good_ms, bad_ms FROM days WHERE date = ?1"

static void read_day(tally_day *out, peal_val row) {
  out->good_ms = peal_val_int(peal_val_get(row, "good_ms"), 0);
  out->bad_ms = peal_val_int(peal_val_get(row, "bad_ms"), 0);
}

/* The one of that date, if it is there. */
static void find_day(tally_day *out, peal_val rows) {
  for (size_t i = 0; peal_val_is(peal_val_at(rows, i), PEAL_OBJECT); i++) {
    peal_val row = peal_val_at(rows, i);
    if (peal_slice_is(peal_val_str(peal_val_get(row, "date")), out->date))
      read_day(out, row);
  }
}

static void on_day(const peal_store_result *result, void *user) {
  ledger *l = user;
  l->is_loading = false;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&l->app->house, "a day was not read", result);
    return;
  }
  tally_day stored = l->tally.today;
  find_day(&stored, result->rows); // it may be another day by now
  tally_base(&l->tally, &stored);
}

/* The clock may have been set back to a day that is known. */
static void load_day(ledger *l) {
  l->is_loading = peal_store_read(l->app->house.store, DAY,
                                  PEAL_ARGS(peal_str(l->tally.today.date)),
                                  on_day, l) == PEAL_OK;
}

bool ledger_tick(ledger *l) {
  bool is_new = tally_turn(&l->tally, peal_wall_ms());
  if (is_new)
    load_day(l);
  return is_new;
}

void ledger_see(ledger *l, alerts_seen seen, uint64_t now_ms) {
  if (tally_see(&l->tally, seen, now_ms, peal_wall_ms()))
    load_day(l);
}

void ledger_rest(ledger *l) {
  tally_stop(&l->tally);
}

const tally_day *ledger_today(const ledger *l) {
  return &l->tally.today;
}

peal_val ledger_day_val(peal_build *build, const tally_day *day) {
  return peal_build_copy(
      build,
      PEAL_OBJECT({"date", peal_str(day->date)},
                  {"good_minutes", peal_double(tally_minutes(day->good_ms))},
                  {"bad_minutes", peal_double(tally_minutes(day->bad_ms))},
                  {"measured_minutes",
                   peal_double(tally_minutes(day->good_ms + day->bad_ms))},
                  {"score", peal_double(tally_score(day))}));
}

/* ---- writing them ----------------------------------------------------------------- */

#define ADD                                                                    \
  "INSERT INTO days (date, good_ms, bad_ms) VALUES (?1, ?2, ?3)"               \
  " ON CONFLICT (date) DO UPDATE SET good_ms = good_ms + excluded.good_ms,"    \
  " bad_ms = bad_ms + excluded.bad_ms"

static void give_back(ledger *l) {
  tally_give(&l->tally, l->writing, l->writing_count);
  l->writing_count = 0;
}

static void on_written(const peal_store_result *result, void *user) {
  ledger *l = user;
  atomic_store(&l->is_well, result->err == PEAL_OK);
  if (result->err == PEAL_OK) {
    l->writing_count = 0;
    return;
  }
  peal_kit_store_failed(&l->app->house, "minutes are not stored yet", result);
  give_back(l);
}

void ledger_flush(ledger *l) {
  peal_store_stmt stmts[TALLY_DAYS];
  peal_val values[TALLY_DAYS][3];
  if (l->writing_count > 0 || l->is_loading)
    return;
  size_t count = tally_take(&l->tally, l->writing);
  l->writing_count = count;
  for (size_t i = 0; i < count; i++) {
    const tally_day *day = &l->writing[i];
    values[i][0] = peal_str(day->date);
    values[i][1] = peal_int(day->good_ms);
    values[i][2] = peal_int(day->bad_ms);
    stmts[i] = (peal_store_stmt){ADD, {values[i], 3}};
  }
  if (count > 0 && peal_store_write_all(l->app->house.store, stmts, count,
                                        on_written, l) != PEAL_OK) {
    atomic_store(&l->is_well, false);
    give_back(l);
  }
}

bool ledger_is_well(const ledger *l) {
  return atomic_load(&l->is_well);
}

/* ---- reading them -------------------------------------------------------------------- */

typedef struct reading {
  ledger *l;
  int days;
  ledger_days_fn fn;
  void *user;
} reading;

/* Today is not what the store has of it. */
static peal_val rows_of(const reading *r, peal_val stored) {
  int64_t now_ms = peal_wall_ms();
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_items *rows = peal_items_new(build);
  for (int i = r->days - 1; i >= 0; i--) {
    tally_day day = {.date = ""};
    tally_date(day.date, now_ms, i);
    if (strcmp(day.date, r->l->tally.today.date) == 0)
      day = r->l->tally.today;
    else
      find_day(&day, stored);
    peal_items_add(rows, ledger_day_val(build, &day));
  }
  return peal_items_val(rows);
}

static void on_days(const peal_store_result *result, void *user) {
  reading *r = user;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&r->l->app->house, "days were not read", result);
  r->fn(result->err == PEAL_OK ? rows_of(r, result->rows) : peal_undefined(),
        r->user);
  free(r);
}

void ledger_days(ledger *l, int days, ledger_days_fn fn, void *user) {
  char since[TALLY_DATE_BYTES];
  reading *r = malloc(sizeof *r);
  if (r == NULL) {
    fn(peal_undefined(), user);
    return;
  }
  *r = (reading){.l = l, .days = days, .fn = fn, .user = user};
  tally_date(since, peal_wall_ms(), days - 1);
  if (peal_store_read(l->app->house.store,
                      "SELECT date, good_ms, bad_ms FROM days WHERE date >= ?1",
                      PEAL_ARGS(peal_str(since)), on_days, r) == PEAL_OK)
    return;
  fn(peal_undefined(), user);
  free(r);
}

/* ---- choices --------------------------------------------------------------------------- */

typedef struct writing {
  ledger *l;
  ledger_done_fn fn;
  void *user;
} writing;

static void on_chosen(const peal_store_result *result, void *user) {
  writing *w = user;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&w->l->app->house, "a choice was not stored", result);
  if (w->fn != NULL)
    w->fn(result->err == PEAL_OK, w->user);
  free(w);
}

static void keep(ledger *l, const char *sql, peal_args args, ledger_done_fn fn,
                 void *user) {
  writing *w = malloc(sizeof *w);
  if (w != NULL) {
    *w = (writing){.l = l, .fn = fn, .user = user};
    if (peal_store_write(l->app->house.store, sql, args, on_chosen, w) ==
        PEAL_OK)
      return;
    free(w);
  }
  if (fn != NULL)
    fn(false, user);
}

void ledger_choose(ledger *l, const char *name, const char *value,
                   ledger_done_fn fn, void *user) {
  keep(l,
       "INSERT INTO choices (name, value) VALUES (?1, ?2)"
       " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
       PEAL_ARGS(peal_str(name), peal_str(value)), fn, user);
}

/* ---- people ------------------------------------------------------------------------------ */

void ledger_calibrate(ledger *l, const char *person,
                      const posture_calibration *usual, ledger_done_fn fn,
                      void *user) {
  peal_val numbers = PEAL_OBJECT({"neck", peal_double(usual->neck)},
                                 {"neck_deg", peal_double(usual->neck_deg)},
                                 {"tilt_deg", peal_double(usual->tilt_deg)},
                                 {"forward", peal_double(usual->forward)},
                                 {"samples", peal_int(usual->samples)});
  keep(l,
       "INSERT INTO calibrations (person, numbers, set_ms) VALUES (?1, ?2, ?3)"
       " ON CONFLICT (person) DO UPDATE SET numbers = excluded.numbers,"
       " set_ms = excluded.set_ms",
       PEAL_ARGS(peal_str(person), numbers, peal_int(peal_wall_ms())), fn,
       user);
}

/* What is absent or null was not measured. */
static void read_usual(posture_calibration *out, peal_val rows) {
  *out = (posture_calibration){.samples = 0};
  peal_doc *doc = NULL;
  peal_slice text = peal_val_str(peal_val_get(peal_val_at(rows, 0), "numbers"));
  if (text.len == 0 || peal_doc_from_json(&doc, text, NULL) != PEAL_OK)
    return;
  peal_val n = peal_doc_val(doc);
  out->neck = peal_val_double(peal_val_get(n, "neck"), (double)NAN);
  out->neck_deg = peal_val_double(peal_val_get(n, "neck_deg"), (double)NAN);
  out->tilt_deg = peal_val_double(peal_val_get(n, "tilt_deg"), (double)NAN);
  out->forward = peal_val_double(peal_val_get(n, "forward"), (double)NAN);
  int64_t samples = peal_val_int(peal_val_get(n, "samples"), 0);
  out->samples = samples > 0 && samples < UINT32_MAX ? (uint32_t)samples : 0;
  peal_doc_free(doc);
}

#define USUAL "SELECT numbers FROM calibrations WHERE person = ?1"

typedef struct asking {
  ledger *l;
  ledger_person_fn fn;
  void *user;
} asking;

static void on_usual(const peal_store_result *result, void *user) {
  asking *a = user;
  posture_calibration usual = {.samples = 0};
  if (result->err == PEAL_OK)
    read_usual(&usual, result->rows);
  else
    peal_kit_store_failed(&a->l->app->house, "a calibration was not read",
                          result);
  a->fn(result->err == PEAL_OK, &usual, a->user);
  free(a);
}

void ledger_person(ledger *l, const char *person, ledger_person_fn fn,
                   void *user) {
  static const posture_calibration none = {.samples = 0};
  asking *a = malloc(sizeof *a);
  if (a != NULL) {
    *a = (asking){.l = l, .fn = fn, .user = user};
    if (peal_store_read(l->app->house.store, USUAL, PEAL_ARGS(peal_str(person)),
                        on_usual, a) == PEAL_OK)
      return;
    free(a);
  }
  fn(false, &none, user);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void read_choice(ledger_choices *out, peal_val row) {
  peal_slice name = peal_val_str(peal_val_get(row, "name"));
  peal_slice value = peal_val_str(peal_val_get(row, "value"));
  char text[LEDGER_PERSON_BYTES];
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(value));
  if (peal_slice_is(name, "paused"))
    out->is_paused = strcmp(text, "1") == 0;
  else if (peal_slice_is(name, "threshold_ms"))
    out->threshold_ms = strtoull(text, NULL, 10);
  else if (peal_slice_is(name, "person"))
    memcpy(out->person, text, sizeof text);
}

static bool read_choices(ledger *l, ledger_choices *out) {
  peal_doc *rows = NULL;
  peal_store *store = l->app->house.store;
  *out = (ledger_choices){.person = "me"};
  if (peal_store_exec_sync(store, "SELECT name, value FROM choices",
                           PEAL_NO_ARGS, &rows) != PEAL_OK)
    return false;
  peal_val all = peal_doc_val(rows);
  for (size_t i = 0; peal_val_is(peal_val_at(all, i), PEAL_OBJECT); i++)
    read_choice(out, peal_val_at(all, i));
  peal_doc_free(rows);
  rows = NULL;
  if (peal_store_exec_sync(store, USUAL, PEAL_ARGS(peal_str(out->person)),
                           &rows) != PEAL_OK)
    return false;
  read_usual(&out->usual, peal_doc_val(rows));
  peal_doc_free(rows);
  return true;
}

static bool read_today(ledger *l) {
  peal_doc *rows = NULL;
  tally_day *today = &l->tally.today;
  tally_date(today->date, peal_wall_ms(), 0);
  if (peal_store_exec_sync(l->app->house.store, DAY,
                           PEAL_ARGS(peal_str(today->date)), &rows) != PEAL_OK)
    return false;
  find_day(today, peal_doc_val(rows));
  peal_doc_free(rows);
  return true;
}

ledger *ledger_new(desk *app, ledger_choices *out) {
  ledger *l = calloc(1, sizeof *l);
  if (l == NULL)
    return NULL;
  l->app = app;
  atomic_init(&l->is_well, true);
  if (read_today(l) && read_choices(l, out))
    return l;
  ledger_free(l);
  return NULL;
}

void ledger_free(ledger *l) {
  free(l);
}
