/* SPDX-License-Identifier: MIT */
/* kit_history_file: a history as a file, oldest first, as fast as it is
 * taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit_history_where.h"

enum {
  PIECE_ROWS = 500, /* of one read, and of one write */
  SQL_BYTES = 2048,
  OWN_ARGS = 5,
  HEAD_BYTES = 512,
};

/* An export on its way; in the request's memory. */
typedef struct export_job {
  peal_kit *kit;
  peal_kit_stream *stream;
  peal_kit_history_rows rows;
  int64_t until;
  int64_t last_ts, last_id; /* of what was written */
  int64_t newest;           /* id: what comes after it began is left out */
  bool is_json, has_rows, has_newest;
} export_job;

/* ---- the text ------------------------------------------------------------ */

/* `pairs`: timestamp and what follows. */
static void add_csv(peal_kit_csv *t, const peal_pair *pairs, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      peal_kit_csv_add(t, ",", 1);
    peal_kit_csv_add_value(t, pairs[i].value);
  }
  peal_kit_csv_add(t, "\r\n", 2);
}

static void add_json(peal_kit_csv *t, const peal_pair *pairs, size_t count,
                     bool is_first) {
  peal_bytes *json = peal_json_bytes(peal_object(pairs, count));
  peal_slice object = peal_bytes_slice(json);
  t->failed = t->failed || json == NULL;
  peal_kit_csv_add(t, is_first ? "\n" : ",\n", is_first ? 1 : 2);
  peal_kit_csv_add(t, object.ptr, object.len);
  peal_bytes_unref(json);
}

static void add_row(export_job *e, peal_kit_csv *t, peal_val row) {
  enum { MAX_PAIRS = 16 };

  peal_pair pairs[MAX_PAIRS];
  char timestamp[25];
  size_t count = row.len - 1 < MAX_PAIRS ? row.len - 1 : MAX_PAIRS;
  e->last_id = peal_val_int(row.as.pairs[0].value, 0);
  e->last_ts = peal_val_int(row.as.pairs[1].value, 0);
  peal_web_time_iso(timestamp, e->last_ts);
  memcpy(pairs, row.as.pairs + 1, count * sizeof *pairs);
  pairs[0] = (peal_pair){"timestamp", peal_str(timestamp)};
  if (e->is_json)
    add_json(t, pairs, count, !e->has_rows);
  else
    add_csv(t, pairs, count);
  e->has_rows = true;
}

/* ---- piece by piece ------------------------------------------------------ */

static void on_piece(const peal_store_result *result, void *user);

/* One lower bound only: of two, the index may be entered at the wrong one, and
 * each piece walks over all before it. */
static peal_err read_piece(export_job *e) {
  char where[PEAL_KIT_HISTORY_WHERE_BYTES], sql[SQL_BYTES];
  const peal_kit_history *of = e->rows.of;
  peal_val args[PEAL_KIT_HISTORY_WHERE_ARGS] = {
      peal_int(e->last_ts), peal_int(e->last_id), peal_int(e->until),
      peal_int(e->newest), peal_int(PIECE_ROWS)};
  peal_kit_history_where_write(where, &e->rows, OWN_ARGS + 1);
  int len = snprintf(sql, sizeof sql,
                     "SELECT id, ts, %s FROM %s WHERE %s(ts, id) > (?1, ?2)"
                     " AND ts <= ?3 AND id <= ?4 ORDER BY ts, id LIMIT ?5",
                     of->columns, of->table, where);
  if (len < 0 || len >= SQL_BYTES)
    return PEAL_ERR_USAGE;
  size_t count = peal_kit_history_where_args(args, OWN_ARGS, &e->rows);
  return peal_store_read(e->kit->store, sql, (peal_args){args, count}, on_piece,
                         e);
}

static void on_piece(const peal_store_result *result, void *user) {
  export_job *e = user;
  peal_kit_csv t = {0};
  bool is_last = result->rows.len < PIECE_ROWS;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(e->kit, "an export broke off", result);
  for (size_t i = 0; i < result->rows.len; i++)
    add_row(e, &t, peal_val_at(result->rows, i));
  if (is_last && e->is_json)
    peal_kit_csv_add(&t, "\n]\n", 3);
  peal_kit_stream_piece(e->stream, result->err, &t, is_last);
}

static void on_newest(const peal_store_result *result, void *user) {
  export_job *e = user;
  peal_kit_csv none = {0};
  peal_val row = peal_val_at(result->rows, 0);
  e->newest = peal_val_int(peal_val_get(row, "last"), 0);
  e->has_newest = true;
  peal_kit_stream_piece(e->stream, result->err, &none, false);
}

static peal_err ask_newest(export_job *e) {
  char sql[SQL_BYTES];
  snprintf(sql, sizeof sql, "SELECT max(id) AS last FROM %s",
           e->rows.of->table);
  return peal_store_read(e->kit->store, sql, PEAL_NO_ARGS, on_newest, e);
}

static peal_err read_next(peal_kit_stream *stream, void *user) {
  export_job *e = user;
  e->stream = stream;
  return e->has_newest ? read_piece(e) : ask_newest(e);
}

/* ---- the question -------------------------------------------------------- */

static bool read_format(peal_http_req *req, bool *is_json) {
  peal_slice format = PEAL_S("csv");
  (void)peal_http_req_param(req, "format", &format);
  *is_json = peal_slice_is(format, "json");
  if (*is_json || peal_slice_is(format, "csv"))
    return true;
  peal_web_error(req, 422, "format must be csv or json", "format");
  return false;
}

static void begin(peal_http_req *req, export_job *e, peal_kit_walks *walks) {
  char name[80], head[HEAD_BYTES];
  const peal_kit_history *of = e->rows.of;
  snprintf(name, sizeof name, "%s.%s", of->file != NULL ? of->file : of->table,
           e->is_json ? "json" : "csv");
  snprintf(head, sizeof head, "%s\r\n", of->head);
  peal_kit_stream_begin(
      req,
      &(peal_kit_stream_opts){
          .type = e->is_json ? "application/json" : "text/csv; charset=utf-8",
          .file = name,
          .head = e->is_json ? PEAL_S("[") : peal_slice_of(head),
          .walks = walks,
          .read = read_next},
      e);
}

void peal_kit_history_file(peal_kit *kit, peal_http_req *req,
                           const peal_kit_history *of, peal_val owner,
                           peal_kit_walks *walks) {
  peal_kit_span asked;
  bool is_json;
  if (!peal_kit_span_read(&asked, req, 1) || !read_format(req, &is_json) ||
      !peal_kit_walks_begin(walks, req))
    return;
  export_job *e = peal_http_req_alloc(req, sizeof *e);
  if (e == NULL) {
    peal_kit_walks_end(walks);
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *e = (export_job){
      .kit = kit,
      .rows = peal_kit_history_where_of(req, of, owner, asked.device_id),
      .until = asked.until,
      .last_ts = asked.since,
      .last_id = INT64_MIN,
      .is_json = is_json};
  begin(req, e, walks);
}
