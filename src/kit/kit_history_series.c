/* SPDX-License-Identifier: MIT */
/* kit_history_series: a stretch of a history, however long, as a few hundred
 * points. */
#include <stdio.h>
#include <string.h>

#include "kit/kit_history_where.h"

enum {
  DEFAULT_POINTS = 400,
  MAX_POINTS = 2000,
  MAX_COLUMNS = 8,
  PIECE_ROWS = 10000, /* of one read: some ten milliseconds */
  /* What stands before the sums in a row of a piece, and how many these are
   * for each column. */
  HEAD_COLUMNS = 3,
  SUMS = 4,
  SQL_BYTES = 4096,
  NAME_BYTES = 64,
  ENDS_ARGS = 2,
  PIECE_ARGS = 5,
};

/* ---- a walk -------------------------------------------------------------- */

typedef struct sums {
  double min, max, sum;
  int64_t count; /* of readings that have this column */
} sums;

typedef struct bucket {
  int64_t rows;
  sums of[MAX_COLUMNS];
} bucket;

/* In the request's memory. */
typedef struct walk {
  peal_kit *kit;
  peal_http_req *req;
  peal_kit_walks *walks;
  peal_kit_history_rows rows_of;
  size_t columns;
  int64_t since, until; /* first to last moment, once they are known */
  int64_t next;         /* the moment at which the next piece begins */
  int64_t points, bucket_ms, rows;
  bucket *buckets; /* `points` of them */
} walk;

static void finish(walk *w, peal_err err) {
  peal_kit_walks_end(w->walks);
  if (err != PEAL_OK)
    peal_web_error_of(w->req, err);
}

/* ---- the answer ---------------------------------------------------------- */

static size_t count_full(const walk *w) {
  size_t count = 0;
  for (int64_t i = 0; i < w->points; i++)
    count += w->buckets[i].rows > 0;
  return count;
}

static void write_column(const walk *w, size_t column, peal_val *min,
                         peal_val *max, peal_val *mean) {
  for (int64_t i = 0; i < w->points; i++) {
    if (w->buckets[i].rows == 0)
      continue;
    const sums *s = &w->buckets[i].of[column];
    bool has = s->count > 0;
    *min++ = has ? peal_double(s->min) : peal_null();
    *max++ = has ? peal_double(s->max) : peal_null();
    *mean++ = has ? peal_double(s->sum / (double)s->count) : peal_null();
  }
}

static void write_times(const walk *w, peal_val *ts, peal_val *rows) {
  for (int64_t i = 0; i < w->points; i++) {
    if (w->buckets[i].rows == 0)
      continue;
    *ts++ = peal_int(w->since + i * w->bucket_ms);
    *rows++ = peal_int(w->buckets[i].rows);
  }
}

/* One pair per column, three below each of these; false: out of memory. */
static bool write_data(const walk *w, peal_val *out) {
  size_t count = count_full(w), columns = w->columns;
  peal_pair *pairs =
      peal_http_req_alloc(w->req, (2 + 4 * columns) * sizeof *pairs);
  peal_val *vals =
      peal_http_req_alloc(w->req, (2 + 3 * columns) * count * sizeof *vals + 1);
  if (pairs == NULL || vals == NULL)
    return false;
  peal_pair *inner = pairs + 2 + columns;
  write_times(w, vals, vals + count);
  pairs[0] = (peal_pair){"ts", peal_array(vals, count)};
  pairs[1] = (peal_pair){"rows", peal_array(vals + count, count)};
  vals += 2 * count;
  for (size_t i = 0; i < columns; i++, inner += 3, vals += 3 * count) {
    write_column(w, i, vals, vals + count, vals + 2 * count);
    inner[0] = (peal_pair){"min", peal_array(vals, count)};
    inner[1] = (peal_pair){"max", peal_array(vals + count, count)};
    inner[2] = (peal_pair){"mean", peal_array(vals + 2 * count, count)};
    pairs[2 + i] =
        (peal_pair){w->rows_of.of->plotted[i], peal_object(inner, 3)};
  }
  *out = peal_object(pairs, 2 + columns);
  return true;
}

static void answer(walk *w) {
  peal_val data;
  char since[25], until[25];
  if (!write_data(w, &data)) {
    finish(w, PEAL_ERR_NOMEM);
    return;
  }
  bool is_known = w->bucket_ms > 0;
  peal_web_time_iso(since, is_known ? w->since : 0);
  peal_web_time_iso(until, is_known ? w->until : 0);
  (void)peal_http_answer_header(w->req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      w->req, 200,
      PEAL_OBJECT({"status", peal_str("success")},
                  {"from", is_known ? peal_str(since) : peal_null()},
                  {"to", is_known ? peal_str(until) : peal_null()},
                  {"bucket_ms", peal_int(w->bucket_ms)},
                  {"rows", peal_int(w->rows)}, {"data", data}));
  finish(w, PEAL_OK);
}

/* ---- piece by piece ------------------------------------------------------ */

static void next_piece(walk *w);

static void add_row(walk *w, peal_val row) {
  int64_t at = peal_val_int(row.as.pairs[0].value, 0);
  if (at < 0 || at >= w->points)
    return;
  bucket *b = &w->buckets[at];
  int64_t rows = peal_val_int(row.as.pairs[2].value, 0);
  b->rows += rows;
  w->rows += rows;
  for (size_t i = 0; i < w->columns; i++) {
    const peal_pair *found = &row.as.pairs[HEAD_COLUMNS + SUMS * i];
    int64_t count = peal_val_int(found[3].value, 0);
    sums *s = &b->of[i];
    if (count == 0)
      continue;
    double min = peal_val_double(found[0].value, 0);
    double max = peal_val_double(found[1].value, 0);
    s->min = s->count == 0 || min < s->min ? min : s->min;
    s->max = s->count == 0 || max > s->max ? max : s->max;
    s->sum += peal_val_double(found[2].value, 0);
    s->count += count;
  }
}

static void on_piece(const peal_store_result *result, void *user) {
  walk *w = user;
  if (result->err != PEAL_OK || peal_http_req_is_aborted(w->req)) {
    if (result->err != PEAL_OK)
      peal_kit_store_failed(w->kit, "a series was not read", result);
    finish(w, result->err != PEAL_OK ? result->err : PEAL_ERR_CLOSED);
    return;
  }
  // nothing before `stop` means: nothing up to the end
  w->next = w->until + 1;
  for (size_t i = 0; i < result->rows.len; i++) {
    peal_val row = peal_val_at(result->rows, i);
    w->next = peal_val_int(row.as.pairs[1].value, w->next);
    add_row(w, row);
  }
  if (w->next > w->until)
    answer(w);
  else
    next_piece(w);
}

/* What is summed up of each column, and where that stands in a row. False: it
 * is too long. */
static bool write_sums(char *out, size_t cap, const walk *w) {
  size_t len = 0;
  for (size_t i = 0; i < w->columns && len < cap; i++) {
    const char *name = w->rows_of.of->plotted[i];
    int added = snprintf(out + len, cap - len,
                         "%smin(%s), max(%s), total(%s), count(%s)",
                         i > 0 ? ", " : "", name, name, name, name);
    len += added > 0 ? (size_t)added : cap;
  }
  return len < cap;
}

/* From ?1 to the moment `stop`, which ?3 rows lie before, at most to ?2; at
 * least one millisecond, however many rows have the same. */
static bool write_piece(char *out, const walk *w) {
  char where[PEAL_KIT_HISTORY_WHERE_BYTES], all[SQL_BYTES / 2];
  const char *table = w->rows_of.of->table;
  peal_kit_history_where_write(where, &w->rows_of, PIECE_ARGS + 1);
  if (!write_sums(all, sizeof all, w))
    return false;
  int len = snprintf(
      out, SQL_BYTES,
      "WITH piece(stop) AS (SELECT coalesce((SELECT max(ts, ?1 + 1) FROM %s"
      " WHERE %sts >= ?1 AND ts <= ?2 ORDER BY ts LIMIT 1 OFFSET ?3),"
      " ?2 + 1)) SELECT (ts - ?4) / ?5 AS bucket, (SELECT stop FROM piece),"
      " count(*), %s FROM %s WHERE %sts >= ?1 AND"
      " ts < (SELECT stop FROM piece) GROUP BY bucket",
      table, where, all, table, where);
  return len > 0 && len < SQL_BYTES;
}

static void next_piece(walk *w) {
  char sql[SQL_BYTES];
  peal_val args[PEAL_KIT_HISTORY_WHERE_ARGS] = {
      peal_int(w->next), peal_int(w->until), peal_int(PIECE_ROWS),
      peal_int(w->since), peal_int(w->bucket_ms)};
  size_t count = peal_kit_history_where_args(args, PIECE_ARGS, &w->rows_of);
  peal_err err = write_piece(sql, w)
                     ? peal_store_read(w->kit->store, sql,
                                       (peal_args){args, count}, on_piece, w)
                     : PEAL_ERR_USAGE;
  if (err != PEAL_OK)
    finish(w, err);
}

/* Where nothing was said, the stretch is that of the readings. */
static void on_ends(const peal_store_result *result, void *user) {
  walk *w = user;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(w->kit, "a series was not read", result);
    finish(w, result->err);
    return;
  }
  peal_val row = peal_val_at(result->rows, 0);
  peal_val first = peal_val_get(row, "first");
  if (!peal_val_is_number(first)) {
    w->points = 0;
    answer(w);
    return;
  }
  if (w->since == INT64_MIN)
    w->since = peal_val_int(first, 0);
  if (w->until == INT64_MAX)
    w->until = peal_val_int(peal_val_get(row, "last"), 0);
  w->next = peal_val_int(first, 0);
  w->bucket_ms = (w->until - w->since) / w->points + 1;
  next_piece(w);
}

/* The first and the last moment, each by one look into an index. */
static bool write_ends(char *out, const walk *w) {
  char where[PEAL_KIT_HISTORY_WHERE_BYTES];
  const char *table = w->rows_of.of->table;
  peal_kit_history_where_write(where, &w->rows_of, ENDS_ARGS + 1);
  int len =
      snprintf(out, SQL_BYTES,
               "SELECT (SELECT ts FROM %s WHERE %sts >= ?1 AND ts <= ?2"
               " ORDER BY ts LIMIT 1) AS first, (SELECT ts FROM %s WHERE %s"
               "ts >= ?1 AND ts <= ?2 ORDER BY ts DESC LIMIT 1) AS last",
               table, where, table, where);
  return len > 0 && len < SQL_BYTES;
}

static void ask_ends(walk *w) {
  char sql[SQL_BYTES];
  peal_val args[PEAL_KIT_HISTORY_WHERE_ARGS] = {peal_int(w->since),
                                                peal_int(w->until)};
  size_t count = peal_kit_history_where_args(args, ENDS_ARGS, &w->rows_of);
  peal_http_defer(w->req);
  peal_err err = write_ends(sql, w)
                     ? peal_store_read(w->kit->store, sql,
                                       (peal_args){args, count}, on_ends, w)
                     : PEAL_ERR_USAGE;
  if (err != PEAL_OK)
    finish(w, err);
}

/* ---- the question -------------------------------------------------------- */

static size_t count_columns(const peal_kit_history *of) {
  size_t count = 0;
  while (count < MAX_COLUMNS && of->plotted[count] != NULL)
    count++;
  return count;
}

void peal_kit_history_series(peal_kit *kit, peal_http_req *req,
                             const peal_kit_history *of, peal_val owner,
                             peal_kit_walks *walks) {
  peal_kit_span asked;
  int64_t points;
  if (!peal_kit_span_read(&asked, req, 1) ||
      !peal_web_query_int(req, "points", DEFAULT_POINTS, 1, MAX_POINTS,
                          &points) ||
      !peal_kit_walks_begin(walks, req))
    return;
  walk *w = peal_http_req_alloc(req, sizeof *w);
  size_t size = (size_t)points * sizeof(bucket);
  bucket *buckets = peal_http_req_alloc(req, size);
  if (w == NULL || buckets == NULL) {
    peal_kit_walks_end(walks);
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  memset(buckets, 0, size);
  *w = (walk){.kit = kit,
              .req = req,
              .walks = walks,
              .rows_of =
                  peal_kit_history_where_of(req, of, owner, asked.device_id),
              .columns = count_columns(of),
              .since = asked.since,
              .until = asked.until,
              .points = points,
              .buckets = buckets};
  ask_ends(w);
}
