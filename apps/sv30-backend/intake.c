/* SPDX-License-Identifier: MIT */
#include "intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shift.h"

enum {
  WARNING_BYTES = 160,
  MINUTE_MS = 60000,
  END_MIN = 30,
  PRUNE_ROWS = 1000
};

/* Something between its check and its answer. */
typedef struct job {
  lab *app;
  peal_reply *reply; /* NULL: nobody asked */
  writer from;
  int64_t mark, now_ms;
  sample result;
  char warning[WARNING_BYTES]; /* empty: none */
  sample_height height;
  bool is_bare; /* a number, as old devices send it */
} job;

static void refuse_busy(const peal_event *event, peal_err err) {
  peal_kit_refusal why;
  peal_kit_refusal_set(&why, 503, NULL, "%s", peal_kit_words(err));
  peal_kit_refusal_ack(event, &why);
}

/* NULL: memory is out, and that has been answered. */
static job *job_new(lab *app, const writer *from, const peal_event *event) {
  job *j = calloc(1, sizeof *j);
  if (j == NULL) {
    refuse_busy(event, PEAL_ERR_NOMEM);
    return NULL;
  }
  *j = (job){.app = app,
             .from = *from,
             .reply = peal_ack_later(event),
             .mark = lab_mark(app),
             .now_ms = peal_wall_ms()};
  return j;
}

/* ---- answers --------------------------------------------------------------- */

static void answer(job *j, const char *status, const char *message,
                   const char *field) {
  peal_val said = message != NULL ? peal_str(message) : peal_undefined();
  peal_val warning =
      j->warning[0] != '\0' ? peal_str(j->warning) : peal_undefined();
  peal_val at = field != NULL ? peal_str(field) : peal_undefined();
  if (j->reply != NULL)
    (void)peal_reply_send(
        j->reply,
        PEAL_ARGS(PEAL_OBJECT({"status", peal_str(status)}, {"message", said},
                              {"field", at}, {"warning", warning})));
  free(j);
}

static void fail(job *j, const char *message) {
  j->warning[0] = '\0';
  answer(j, "error", message, NULL);
}

/* With a field, as what is wrong for good: a device that sent it again would
 * hold up all that waits behind it. */
static void refuse_foreign(job *j) {
  j->warning[0] = '\0';
  answer(j, "error", "this testId belongs to another device", "testId");
}

/* Within its rate? */
static bool may_go_on(lab *app, const writer *from, const peal_event *event) {
  peal_kit_refusal why;
  uint64_t now_ms = peal_worker_now_ms(peal_worker_self());
  if (peal_web_limit_take(app->limit, peal_slice_of(from->sender), now_ms,
                          NULL))
    return true;
  peal_kit_refusal_set(&why, 429, NULL,
                       "too much at once: try again in a second");
  peal_kit_refusal_ack(event, &why);
  return false;
}

/* ---- the test -------------------------------------------------------------- */

/* There from now on; of nobody else. Its start is what its first result says,
 * and until that has come what can be told from the rest. */
#define TEST                                                                   \
  "INSERT INTO tests (test_id, device, sender, test_type, ts, heard_ms)"       \
  " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (test_id) DO UPDATE SET"       \
  " device = iif(device = '', excluded.device, device),"                       \
  " sender = excluded.sender, heard_ms = excluded.heard_ms,"                   \
  " test_type = coalesce(excluded.test_type, test_type),"                      \
  " ts = iif(?7, excluded.ts, ts)"                                             \
  " WHERE device IN ('', excluded.device)"
#define MINE "EXISTS (SELECT 1 FROM tests WHERE test_id = ?1 AND device = "

#define TEST_ARGS(j, id, type, ts, is_start)                                   \
  PEAL_ARGS(peal_str(id), peal_str((j)->from.device),                          \
            peal_str((j)->from.sender), type, peal_int(ts),                    \
            peal_int((j)->now_ms), peal_bool(is_start))

/* ---- results --------------------------------------------------------------- */

static void show_result(job *j) {
  const sample *s = &j->result;
  peal_build *build = peal_build_new();
  peal_val warning = j->warning[0] != '\0' ? peal_str(j->warning) : peal_null();
  peal_kit_emit(&j->app->house, "sludge-data-update",
                PEAL_ARGS(sample_val(build, peal_slice_of(s->test_id),
                                     peal_slice_of(s->type), s->ts, s->t_min,
                                     s->values, warning)));
  peal_build_free(build);
}

static void on_result_stored(const peal_store_result *result, void *user) {
  job *j = user;
  lab *app = j->app;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&app->house, "a result was not stored", result);
    fail(j, peal_kit_words(result->err));
    return;
  }
  peal_val row = peal_val_at(result->rows, 0);
  if (!peal_val_is(row, PEAL_OBJECT)) {
    refuse_foreign(j);
    return;
  }
  // not the one that was written now: it was there
  if (peal_val_int(peal_val_get(row, "mark"), 0) == j->mark) {
    if (j->result.t_min == 0)
      runs_begin(app->runs, j->from.sender, j->result.test_id, j->now_ms);
    else
      runs_end(app->runs, j->result.test_id);
    show_result(j);
    if (j->warning[0] != '\0')
      peal_kit_log(&app->house, PEAL_LOG_WARN, "intake", "%s: %s",
                   j->result.test_id, j->warning);
  }
  answer(j, "stored", NULL, NULL);
}

#define RESULT                                                                 \
  "INSERT INTO results (test_id, t_min, ts, test_type, sludge_height_mm,"      \
  " mixture_height_mm, sv30_height_mm, velocity_mm_per_min, floc_count,"       \
  " floc_avg_size_mm, clear_r, clear_g, clear_b, sludge_r, sludge_g,"          \
  " sludge_b, warning, mark) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"  \
  " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18 WHERE " MINE                        \
  "?19) ON CONFLICT (test_id, t_min) DO UPDATE SET ts = excluded.ts,"          \
  " test_type = excluded.test_type,"                                           \
  " sludge_height_mm = excluded.sludge_height_mm,"                             \
  " mixture_height_mm = excluded.mixture_height_mm,"                           \
  " sv30_height_mm = excluded.sv30_height_mm,"                                 \
  " velocity_mm_per_min = excluded.velocity_mm_per_min,"                       \
  " floc_count = excluded.floc_count,"                                         \
  " floc_avg_size_mm = excluded.floc_avg_size_mm,"                             \
  " clear_r = excluded.clear_r, clear_g = excluded.clear_g,"                   \
  " clear_b = excluded.clear_b, sludge_r = excluded.sludge_r,"                 \
  " sludge_g = excluded.sludge_g, sludge_b = excluded.sludge_b,"               \
  " warning = excluded.warning, revision = revision + 1,"                      \
  " mark = excluded.mark WHERE excluded.ts > ts"

#define ASK_MARK                                                               \
  "UPDATE tests SET heard_ms = ?3 WHERE test_id = ?1 AND device = ?2"          \
  " RETURNING (SELECT mark FROM results WHERE results.test_id = ?1"            \
  " AND t_min = ?4) AS mark"

static peal_err store_result(job *j) {
  enum { HEAD = 4 };

  const sample *s = &j->result;
  peal_val values[HEAD + SAMPLE_VALUES + 3] = {
      peal_str(s->test_id), peal_int(s->t_min), peal_int(s->ts),
      peal_str(s->type)};
  memcpy(values + HEAD, s->values, sizeof s->values);
  peal_val *rest = values + HEAD + SAMPLE_VALUES;
  rest[0] = j->warning[0] != '\0' ? peal_str(j->warning) : peal_null();
  rest[1] = peal_int(j->mark);
  rest[2] = peal_str(j->from.device);
  int64_t start = s->ts - s->t_min * MINUTE_MS;
  const peal_store_stmt stmts[] = {
      {TEST, TEST_ARGS(j, s->test_id, peal_str(s->type), start, s->t_min == 0)},
      {RESULT, {values, sizeof values / sizeof *values}},
      {ASK_MARK, PEAL_ARGS(peal_str(s->test_id), peal_str(j->from.device),
                           peal_int(j->now_ms), peal_int(s->t_min))}};
  return peal_store_write_all(j->app->house.store, stmts, 3, on_result_stored,
                              j);
}

void intake_on_result(lab *app, const writer *from, const peal_event *event) {
  peal_kit_refusal why;
  sample read;
  if (!may_go_on(app, from, event))
    return;
  if (!sample_read(&read, peal_event_arg(event, 0), &why)) {
    peal_kit_refusal_ack(event, &why);
    return;
  }
  job *j = job_new(app, from, event);
  if (j == NULL)
    return;
  j->result = read;
  const sample *s = &j->result;
  if (!shift_warning(j->warning, sizeof j->warning, peal_slice_of(s->test_id),
                     peal_slice_of(s->type), s->ts, s->t_min, j->now_ms,
                     app->conf.timezone))
    j->warning[0] = '\0';
  peal_err err = store_result(j);
  if (err != PEAL_OK)
    fail(j, peal_kit_words(err));
}

/* ---- heights --------------------------------------------------------------- */

static void show_height(const job *j, bool is_stored) {
  char timestamp[25];
  const sample_height *h = &j->height;
  peal_web_time_iso(timestamp, j->now_ms);
  peal_val id = is_stored ? peal_str(h->test_id) : peal_null();
  peal_val t_s = is_stored ? peal_int(h->t_s) : peal_null();
  peal_val said = PEAL_OBJECT(
      {"testId", id}, {"t_s", t_s}, {"height_mm", peal_double(h->mm)},
      {"timestamp", peal_str(timestamp)},
      {"simulated",
       peal_bool(peal_kit_device_id_is_simulated(peal_slice_of(h->test_id)))});
  peal_kit *of = &j->app->house;
  // pages of old know a number; what it belongs to stands behind it
  if (j->is_bare)
    peal_kit_emit(of, "sludge-height-update",
                  PEAL_ARGS(peal_double(h->mm), said));
  else
    peal_kit_emit(of, "sludge-height-update", PEAL_ARGS(said));
}

static void on_height_stored(const peal_store_result *result, void *user) {
  job *j = user;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&j->app->house, "a height was not stored", result);
    fail(j, peal_kit_words(result->err));
  } else if (result->rows.len == 0) {
    refuse_foreign(j);
  } else {
    show_height(j, true);
    answer(j, "stored", NULL, NULL);
  }
}

#define HEIGHT                                                                 \
  "INSERT INTO heights (test_id, t_s, height_mm) SELECT ?1, ?2, ?3"            \
  " WHERE " MINE "?4) ON CONFLICT (test_id, t_s) DO UPDATE SET"                \
  " height_mm = excluded.height_mm RETURNING t_s"

static peal_err store_height(job *j) {
  const sample_height *h = &j->height;
  const peal_store_stmt stmts[] = {
      {TEST,
       TEST_ARGS(j, h->test_id, peal_null(), j->now_ms - h->t_s * 1000, false)},
      {HEIGHT, PEAL_ARGS(peal_str(h->test_id), peal_int(h->t_s),
                         peal_double(h->mm), peal_str(j->from.device))}};
  return peal_store_write_all(j->app->house.store, stmts, 2, on_height_stored,
                              j);
}

void intake_on_height(lab *app, const writer *from, const peal_event *event) {
  peal_kit_refusal why;
  sample_height read;
  if (!may_go_on(app, from, event))
    return;
  if (!sample_height_read(&read, peal_event_arg(event, 0), &why)) {
    peal_kit_refusal_ack(event, &why);
    return;
  }
  job *j = job_new(app, from, event);
  if (j == NULL)
    return;
  j->height = read;
  j->is_bare = read.test_id[0] == '\0';
  if (j->is_bare &&
      !runs_find(app->runs, from->sender, j->height.test_id, &j->height.t_s)) {
    // of no test that is known: it is seen, and that is all
    show_height(j, false);
    answer(j, "shown", NULL, NULL);
    return;
  }
  peal_err err = store_height(j);
  if (err != PEAL_OK)
    fail(j, peal_kit_words(err));
}

/* ---- room ------------------------------------------------------------------ */

/* By when they were heard of: a device whose clock is wrong by years would lose
 * what has just been acknowledged. */
#define OLDEST                                                                 \
  " IN (SELECT test_id FROM tests ORDER BY heard_ms DESC, id DESC LIMIT ?2"    \
  " OFFSET ?1)"

void intake_prune(lab *app) {
  peal_args args =
      PEAL_ARGS(peal_int(app->conf.max_tests), peal_int(PRUNE_ROWS));
  const peal_store_stmt stmts[] = {
      {"DELETE FROM heights WHERE test_id" OLDEST, args},
      {"DELETE FROM results WHERE test_id" OLDEST, args},
      {"DELETE FROM tests WHERE test_id" OLDEST, args}};
  if (peal_store_write_all(app->house.store, stmts, 3, NULL, NULL) != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "intake",
                 "old tests could not be removed");
}
