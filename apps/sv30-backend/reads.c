/* SPDX-License-Identifier: MIT */
#include "reads.h"

#include <stdio.h>
#include <string.h>

#include <peal/kit.h>

#include "sample.h"

enum {
  DEFAULT_TESTS = 50,
  DEFAULT_HEIGHTS = 1000,
  MAX_HEIGHTS = 7201,
  PIECE_TESTS = 250,   /* of a file: of one read, and of one write */
  RUNNING_MS = 120000, /* silent for longer: it was broken off */
  /* columns of a test */
  AT_START = 8,
  RESULT_COLUMNS = 3 + SAMPLE_VALUES,
  AT_END = AT_START + RESULT_COLUMNS,
};

/* ---- a test ---------------------------------------------------------------- */

#define VALUES(r)                                                              \
  r ".sludge_height_mm, " r ".mixture_height_mm, " r ".sv30_height_mm, " r     \
    ".velocity_mm_per_min, " r ".floc_count, " r ".floc_avg_size_mm, " r       \
    ".clear_r, " r ".clear_g, " r ".clear_b, " r ".sludge_r, " r               \
    ".sludge_g, " r ".sludge_b"
#define RESULT(r) r ".ts, " r ".test_type, " VALUES(r) ", " r ".warning"
#define TESTS(where)                                                           \
  "SELECT t.id, t.ts, t.test_id, t.test_type, t.device, t.heard_ms,"           \
  " (SELECT max(t_s) FROM heights AS h WHERE h.test_id = t.test_id),"          \
  " (SELECT height_mm FROM heights AS h WHERE h.test_id = t.test_id"           \
  " ORDER BY t_s DESC LIMIT 1), " RESULT("s") ", " RESULT(                     \
      "e") " FROM tests AS t"                                                  \
           " LEFT JOIN results AS s ON s.test_id = t.test_id AND s.t_min = 0"  \
           " LEFT JOIN results AS e ON e.test_id = t.test_id AND e.t_min = 30" \
           " WHERE " where
#define NEWEST "(SELECT id FROM tests ORDER BY heard_ms DESC LIMIT 1)"

static peal_val column(peal_val row, size_t index) {
  return index < row.len ? row.as.pairs[index].value : peal_undefined();
}

static peal_val result_val(peal_build *build, peal_val row, size_t at,
                           int64_t t_min) {
  peal_val values[SAMPLE_VALUES];
  if (!peal_val_is_number(column(row, at)))
    return peal_null();
  for (size_t i = 0; i < SAMPLE_VALUES; i++)
    values[i] = column(row, at + 2 + i);
  return sample_val(build, peal_val_str(column(row, 2)),
                    peal_val_str(column(row, at + 1)),
                    peal_val_int(column(row, at), 0), t_min, values,
                    column(row, at + 2 + SAMPLE_VALUES));
}

static peal_val test_val(peal_build *build, peal_val row) {
  char timestamp[25];
  peal_web_time_iso(timestamp, peal_val_int(column(row, 1), 0));
  peal_val start = result_val(build, row, AT_START, 0);
  peal_val end = result_val(build, row, AT_END, 30);
  bool is_complete = !peal_val_is(end, PEAL_NULL);
  bool is_fresh = peal_wall_ms() - peal_val_int(column(row, 5), 0) < RUNNING_MS;
  peal_val latest = is_complete ? end : start;
  return peal_build_keep(
      build,
      PEAL_OBJECT(
          {"testId", column(row, 2)}, {"testType", column(row, 3)},
          {"timestamp", peal_build_copy(build, peal_str(timestamp))},
          {"device", column(row, 4)}, {"complete", peal_bool(is_complete)},
          {"running", peal_bool(!is_complete && is_fresh)},
          {"sv30_percent", peal_val_get(end, "sv30_percent")},
          {"velocity_mm_per_min", peal_val_get(end, "velocity_mm_per_min")},
          {"warning", peal_val_get(latest, "warning")},
          {"last_t_s", column(row, 6)}, {"last_height_mm", column(row, 7)},
          {"simulated", peal_bool(peal_kit_device_id_is_simulated(
                            peal_val_str(column(row, 2))))},
          {"start", start}, {"end", end}));
}

/* ---- answers --------------------------------------------------------------- */

static void answer(peal_http_req *req, peal_val body) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200, body);
}

/* A question on its way; in the request's memory. */
typedef struct question {
  lab *app;
  peal_http_req *req;
  int64_t limit;
  char test_id[SAMPLE_ID_BYTES];
  peal_val test; /* of the request's builder, once it is known */
} question;

/* NULL: it has been answered. */
static question *ask(lab *app, peal_http_req *req) {
  question *q = peal_http_req_alloc(req, sizeof *q);
  if (q == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  *q = (question){.app = app, .req = req};
  peal_http_defer(req);
  return q;
}

static void read_on(question *q, const char *sql, peal_args args,
                    peal_store_fn fn) {
  peal_err err = peal_store_read(q->app->house.store, sql, args, fn, q);
  if (err != PEAL_OK)
    peal_web_error_of(q->req, err);
}

/* False: it failed, and that has been answered. */
static bool is_read(question *q, const peal_store_result *result) {
  if (result->err == PEAL_OK)
    return true;
  peal_kit_store_failed(&q->app->house, "tests were not read", result);
  peal_web_error_of(q->req, result->err);
  return false;
}

static peal_val rows_val(peal_build *build, peal_val rows, size_t count) {
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < count; i++)
    peal_items_add(items, test_val(build, peal_val_at(rows, i)));
  return peal_items_val(items);
}

/* ---- /api/current ---------------------------------------------------------- */

static void on_current(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  peal_val test = peal_null(), data = peal_null();
  if (result->rows.len > 0) {
    test = test_val(peal_http_req_build(q->req), peal_val_at(result->rows, 0));
    data = peal_val_get(test, "end");
    if (peal_val_is(data, PEAL_NULL))
      data = peal_val_get(test, "start");
  }
  answer(q->req, PEAL_OBJECT({"status", peal_str("success")}, {"data", data},
                             {"test", test}));
}

void reads_on_current(peal_http_req *req, void *user) {
  question *q = ask(user, req);
  if (q != NULL)
    read_on(q, TESTS("t.id = " NEWEST), PEAL_NO_ARGS, on_current);
}

/* ---- heights --------------------------------------------------------------- */

/* Neighbours become one if there are more than ?2. */
#define HEIGHTS                                                                \
  "SELECT min(t_s) AS t_s, round(avg(height_mm), 2) AS height_mm FROM heights" \
  " WHERE test_id = ?1 GROUP BY t_s / (SELECT (max(t_s) + ?2) / ?2"            \
  " FROM heights WHERE test_id = ?1) ORDER BY 1 LIMIT ?2"

static void on_heights(const peal_store_result *result, void *user) {
  question *q = user;
  if (is_read(q, result))
    answer(q->req, PEAL_OBJECT({"status", peal_str("success")},
                               {"testId", peal_str(q->test_id)},
                               {"data", result->rows}));
}

static void ask_heights(question *q, peal_store_fn fn) {
  read_on(q, HEIGHTS, PEAL_ARGS(peal_str(q->test_id), peal_int(q->limit)), fn);
}

static void on_latest_id(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  peal_val id = peal_val_get(peal_val_at(result->rows, 0), "test_id");
  snprintf(q->test_id, sizeof q->test_id, "%.*s", PEAL_SFMT(peal_val_str(id)));
  ask_heights(q, on_heights);
}

static bool read_id(peal_slice id, char out[SAMPLE_ID_BYTES]) {
  if (!sample_id_is_good(id))
    return false;
  snprintf(out, SAMPLE_ID_BYTES, "%.*s", PEAL_SFMT(id));
  return true;
}

void reads_on_heights(peal_http_req *req, void *user) {
  int64_t limit;
  peal_slice id = {0};
  char test_id[SAMPLE_ID_BYTES] = "";
  if (!peal_web_query_int(req, "limit", DEFAULT_HEIGHTS, 1, MAX_HEIGHTS,
                          &limit))
    return;
  if (peal_http_req_param(req, "testId", &id) && id.len > 0 &&
      !read_id(id, test_id)) {
    peal_web_error(req, 422, "expected the id of a test", "testId");
    return;
  }
  question *q = ask(user, req);
  if (q == NULL)
    return;
  q->limit = limit;
  memcpy(q->test_id, test_id, sizeof test_id);
  if (test_id[0] != '\0')
    ask_heights(q, on_heights);
  else
    read_on(q, "SELECT test_id FROM tests WHERE id = " NEWEST, PEAL_NO_ARGS,
            on_latest_id);
}

/* ---- /api/tests ------------------------------------------------------------ */

#define LISTED                                                                 \
  "t.ts >= ?1 AND (t.ts, t.id) < (?2, ?3) AND (?5 = '' OR"                     \
  " instr(lower(t.test_id || ' ' || coalesce(t.test_type, '') || ' ' ||"       \
  " t.device), lower(?5)) > 0) ORDER BY t.ts DESC, t.id DESC LIMIT ?4"

static void on_tests(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  size_t limit = (size_t)q->limit, count = result->rows.len;
  char next[48];
  bool has_more = count > limit;
  if (has_more) {
    peal_val last = peal_val_at(result->rows, limit - 1);
    peal_kit_span_cursor_write(next, peal_val_int(column(last, 1), 0),
                               peal_val_int(column(last, 0), 0));
  }
  answer(q->req,
         PEAL_OBJECT({"status", peal_str("success")},
                     {"data", rows_val(peal_http_req_build(q->req),
                                       result->rows, has_more ? limit : count)},
                     {"next", has_more ? peal_str(next) : peal_null()}));
}

/* What is newer than `until` is left out, by the same bound as the cursor. */
static void first_bound(peal_kit_span *asked) {
  if (asked->before_ts <= asked->until)
    return;
  asked->before_ts = asked->until;
  asked->before_id = INT64_MAX;
}

static peal_err read_tests(const lab *app, const peal_kit_span *asked,
                           int64_t limit, peal_slice sought, peal_store_fn fn,
                           void *user) {
  return peal_store_read(app->house.store, TESTS(LISTED),
                         PEAL_ARGS(peal_int(asked->since),
                                   peal_int(asked->before_ts),
                                   peal_int(asked->before_id), peal_int(limit),
                                   peal_str_slice(sought)),
                         fn, user);
}

/* False: it is wrong, and that has been answered. */
static bool read_asked(peal_http_req *req, peal_kit_span *asked,
                       peal_slice *sought) {
  *sought = (peal_slice){"", 0};
  if (!peal_kit_span_read(asked, req, DEFAULT_TESTS))
    return false;
  (void)peal_http_req_param(req, "q", sought);
  first_bound(asked);
  return true;
}

void reads_on_tests(peal_http_req *req, void *user) {
  peal_kit_span asked;
  peal_slice sought;
  if (!read_asked(req, &asked, &sought))
    return;
  question *q = ask(user, req);
  if (q == NULL)
    return;
  q->limit = asked.limit;
  peal_err err = read_tests(q->app, &asked, q->limit + 1, sought, on_tests, q);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}

/* ---- CSV ------------------------------------------------------------------- */

static void answer_csv(question *q, peal_kit_csv *t, const char *name) {
  char file[SAMPLE_ID_BYTES + 48];
  int len =
      snprintf(file, sizeof file, "attachment; filename=\"%s.csv\"", name);
  if (t->failed) {
    peal_web_error_of(q->req, PEAL_ERR_NOMEM);
  } else {
    (void)peal_http_answer_header(q->req, "Cache-Control", PEAL_S("no-store"));
    (void)peal_http_answer_header(q->req, "Content-Disposition",
                                  (peal_slice){file, (size_t)len});
    peal_http_answer(q->req, 200, "text/csv; charset=utf-8",
                     (peal_slice){t->bytes, t->len});
  }
  peal_kit_csv_free(t);
}

#define VALUE_HEAD                                                             \
  "sludge_height_mm,mixture_height_mm,sv30_height_mm,velocity_mm_per_min,"     \
  "floc_count,floc_avg_size_mm,clear_r,clear_g,clear_b,sludge_r,sludge_g,"     \
  "sludge_b"

static void add_text(peal_kit_csv *t, const char *words) {
  peal_kit_csv_add(t, words, strlen(words));
}

static void add_values(peal_kit_csv *t, peal_val row, size_t at) {
  for (size_t i = 0; i < SAMPLE_VALUES; i++) {
    add_text(t, ",");
    peal_kit_csv_add_value(t, column(row, at + i));
  }
}

static void add_time(peal_kit_csv *t, peal_val ms) {
  char timestamp[25];
  if (!peal_val_is_number(ms))
    return;
  peal_web_time_iso(timestamp, peal_val_int(ms, 0));
  add_text(t, timestamp);
}

/* A file of all tests on its way, piece by piece; in the request's memory. */
typedef struct tests_file {
  lab *app;
  peal_kit_stream *stream;
  peal_kit_span asked; /* its bound: the last test that was written */
  peal_slice sought;
} tests_file;

static void add_test(peal_kit_csv *t, peal_build *build, peal_val row) {
  peal_val end = result_val(build, row, AT_END, 30);
  peal_kit_csv_add_value(t, column(row, 2));
  add_text(t, ",");
  peal_kit_csv_add_value(t, column(row, 3));
  add_text(t, ",");
  add_time(t, column(row, 1));
  add_text(t, ",");
  peal_kit_csv_add_value(t, column(row, 4));
  add_text(t, ",");
  peal_kit_csv_add_value(t, peal_val_get(end, "sv30_percent"));
  add_values(t, row, AT_END + 2);
  add_text(t, ",");
  peal_kit_csv_add_value(t, column(row, AT_END + 2 + SAMPLE_VALUES));
  add_text(t, "\r\n");
}

static void write_tests(peal_kit_csv *t, peal_val rows) {
  peal_build *build = peal_build_new();
  for (size_t i = 0; i < rows.len && !t->failed; i++)
    add_test(t, build, peal_val_at(rows, i));
  t->failed = t->failed || peal_build_err(build) != PEAL_OK;
  peal_build_free(build);
}

static void on_piece(const peal_store_result *result, void *user) {
  tests_file *f = user;
  size_t count = result->rows.len;
  peal_kit_csv t = {0};
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&f->app->house, "a file of tests broke off", result);
  write_tests(&t, result->rows);
  if (count > 0) {
    peal_val last = peal_val_at(result->rows, count - 1);
    f->asked.before_ts = peal_val_int(column(last, 1), 0);
    f->asked.before_id = peal_val_int(column(last, 0), 0);
  }
  peal_kit_stream_piece(f->stream, result->err, &t, count < PIECE_TESTS);
}

static peal_err read_piece(peal_kit_stream *stream, void *user) {
  tests_file *f = user;
  f->stream = stream;
  return read_tests(f->app, &f->asked, PIECE_TESTS, f->sought, on_piece, f);
}

void reads_on_tests_csv(peal_http_req *req, void *user) {
  lab *app = user;
  peal_kit_span asked;
  peal_slice sought;
  if (!read_asked(req, &asked, &sought) ||
      !peal_kit_walks_begin(&app->files, req))
    return;
  tests_file *f = peal_http_req_alloc(req, sizeof *f);
  if (f == NULL) {
    peal_kit_walks_end(&app->files);
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *f = (tests_file){.app = app, .asked = asked, .sought = sought};
  peal_kit_stream_begin(
      req,
      &(peal_kit_stream_opts){
          .type = "text/csv; charset=utf-8",
          .file = "sv30-tests.csv",
          .head =
              PEAL_S("testId,testType,timestamp,device,sv30_percent," VALUE_HEAD
                     ",warning\r\n"),
          .walks = &app->files,
          .read = read_piece},
      f);
}

/* The whole course of one: results and heights, by time. */
#define COURSE                                                                 \
  "SELECT r.test_id, r.t_min * 60 AS t_s, r.ts, NULL, " VALUES(                \
      "r") " FROM results AS r WHERE r.test_id = ?1 UNION ALL"                 \
           " SELECT h.test_id, h.t_s, NULL, h.height_mm, NULL, NULL, NULL, "   \
           "NULL, NULL,"                                                       \
           " NULL, NULL, NULL, NULL, NULL, NULL, NULL"                         \
           " FROM heights AS h WHERE h.test_id = ?1 ORDER BY 2, 4"

static void on_course(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  if (result->rows.len == 0) {
    peal_web_error(q->req, 404, "there is no such test", NULL);
    return;
  }
  peal_kit_csv t = {0};
  add_text(&t, "testId,t_s,timestamp,height_mm," VALUE_HEAD "\r\n");
  for (size_t i = 0; i < result->rows.len; i++) {
    peal_val row = peal_val_at(result->rows, i);
    peal_kit_csv_add_value(&t, column(row, 0));
    add_text(&t, ",");
    peal_kit_csv_add_value(&t, column(row, 1));
    add_text(&t, ",");
    add_time(&t, column(row, 2));
    add_text(&t, ",");
    peal_kit_csv_add_value(&t, column(row, 3));
    add_values(&t, row, 4);
    add_text(&t, "\r\n");
  }
  answer_csv(q, &t, q->test_id);
}

/* ---- /api/tests/:id -------------------------------------------------------- */

static void on_test_heights(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  answer(q->req, PEAL_OBJECT({"status", peal_str("success")}, {"data", q->test},
                             {"heights", result->rows}));
}

static void on_test(const peal_store_result *result, void *user) {
  question *q = user;
  if (!is_read(q, result))
    return;
  if (result->rows.len == 0) {
    peal_web_error(q->req, 404, "there is no such test", NULL);
    return;
  }
  // the row goes with this callback
  peal_build *build = peal_http_req_build(q->req);
  q->test =
      peal_build_copy(build, test_val(build, peal_val_at(result->rows, 0)));
  ask_heights(q, on_test_heights);
}

static bool take_ending(peal_slice *id, const char *ending) {
  size_t len = strlen(ending);
  if (id->len <= len || memcmp(id->ptr + id->len - len, ending, len) != 0)
    return false;
  id->len -= len;
  return true;
}

void reads_on_test(peal_http_req *req, void *user) {
  int64_t limit;
  peal_slice id = peal_web_param(req, "id");
  char test_id[SAMPLE_ID_BYTES];
  bool is_csv = take_ending(&id, ".csv");
  if (!read_id(id, test_id)) {
    peal_web_error(req, 404, "there is no such test", NULL);
    return;
  }
  if (!peal_web_query_int(req, "limit", DEFAULT_HEIGHTS, 1, MAX_HEIGHTS,
                          &limit))
    return;
  question *q = ask(user, req);
  if (q == NULL)
    return;
  q->limit = limit;
  memcpy(q->test_id, test_id, sizeof test_id);
  peal_args args = PEAL_ARGS(peal_str(q->test_id));
  if (is_csv)
    read_on(q, COURSE, args, on_course);
  else
    read_on(q, TESTS("t.test_id = ?1"), args, on_test);
}
