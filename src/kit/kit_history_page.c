/* SPDX-License-Identifier: MIT */
/* kit_history_page: a history, newest first, page by page. */
#include <stdio.h>

#include "kit/kit_history_where.h"

enum { SQL_BYTES = 2048, OWN_ARGS = 4 };

/* A question on its way; in the request's memory. */
typedef struct question {
  peal_kit *kit;
  peal_http_req *req;
  int64_t limit;
} question;

/* ---- the answer ---------------------------------------------------------- */

void peal_kit_history_answer(peal_http_req *req, peal_val data,
                             const char *next) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"status", peal_str("success")}, {"data", data},
                  {"next", next != NULL ? peal_str(next) : peal_null()}));
}

/* The row without its first two columns, which become `timestamp`. */
static peal_val row_val(peal_build *build, peal_val row) {
  char timestamp[25];
  peal_web_time_iso(timestamp, peal_val_int(row.as.pairs[1].value, 0));
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "timestamp",
                 peal_build_copy(build, peal_str(timestamp)));
  for (uint32_t i = 2; i < row.len; i++)
    peal_pairs_add(pairs, row.as.pairs[i].key, row.as.pairs[i].value);
  return peal_pairs_val(pairs);
}

static void answer_rows(peal_http_req *req, peal_val rows, int64_t limit) {
  size_t count = rows.len < (size_t)limit ? rows.len : (size_t)limit;
  peal_build *build = peal_http_req_build(req);
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < count; i++)
    peal_items_add(items, row_val(build, peal_val_at(rows, i)));
  char next[48];
  bool has_more = rows.len > count;
  if (has_more) {
    peal_val last = peal_val_at(rows, count - 1);
    peal_kit_span_cursor_write(next, peal_val_int(last.as.pairs[1].value, 0),
                               peal_val_int(last.as.pairs[0].value, 0));
  }
  peal_kit_history_answer(req, peal_items_val(items), has_more ? next : NULL);
}

static void on_rows(const peal_store_result *result, void *user) {
  question *q = user;
  if (result->err == PEAL_OK) {
    answer_rows(q->req, result->rows, q->limit);
    return;
  }
  peal_kit_store_failed(q->kit, "history was not read", result);
  peal_web_error_of(q->req, result->err);
}

/* ---- the question -------------------------------------------------------- */

/* `until` and the cursor are one upper bound: of two, the index may be entered
 * at the wrong one, and each page walks over all before it. */
static peal_err read_page(question *q, const peal_kit_history_rows *rows,
                          const peal_kit_span *asked) {
  char where[PEAL_KIT_HISTORY_WHERE_BYTES], sql[SQL_BYTES];
  bool is_before = asked->before_ts <= asked->until;
  // one row more than wanted tells whether there is another page
  peal_val args[PEAL_KIT_HISTORY_WHERE_ARGS] = {
      peal_int(asked->since),
      peal_int(is_before ? asked->before_ts : asked->until),
      peal_int(is_before ? asked->before_id : INT64_MAX),
      peal_int(asked->limit + 1)};
  peal_kit_history_where_write(where, rows, OWN_ARGS + 1);
  int len = snprintf(sql, sizeof sql,
                     "SELECT id, ts, %s FROM %s WHERE %sts >= ?1"
                     " AND (ts, id) < (?2, ?3) ORDER BY ts DESC, id DESC"
                     " LIMIT ?4",
                     rows->of->columns, rows->of->table, where);
  if (len < 0 || len >= SQL_BYTES)
    return PEAL_ERR_USAGE;
  size_t count = peal_kit_history_where_args(args, OWN_ARGS, rows);
  return peal_store_read(q->kit->store, sql, (peal_args){args, count}, on_rows,
                         q);
}

void peal_kit_history_page(peal_kit *kit, peal_http_req *req,
                           const peal_kit_history *of, peal_val owner,
                           int64_t limit) {
  peal_kit_span asked;
  if (!peal_kit_span_read(&asked, req, limit))
    return;
  question *q = peal_http_req_alloc(req, sizeof *q);
  if (q == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *q = (question){kit, req, asked.limit};
  peal_http_defer(req);
  peal_kit_history_rows rows =
      peal_kit_history_where_of(req, of, owner, asked.device_id);
  peal_err err = read_page(q, &rows, &asked);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}
