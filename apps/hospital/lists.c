/* SPDX-License-Identifier: MIT */
#include "lists.h"

#include <stdlib.h>

#include <peal/kit_history.h>

#include "change.h"

typedef struct listing {
  hospital *app;
  peal_kit_ask *ask;
  bool is_one;
} listing;

peal_val lists_rows(peal_build *build, const peal_store_result *result) {
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < result->rows.len; i++) {
    peal_val row = peal_val_at(result->rows, i);
    peal_items_add(
        items, peal_build_json(build, peal_val_str(peal_val_get(row, "row"))));
  }
  return peal_items_val(items);
}

peal_val lists_page(peal_build *build, const peal_store_result *result,
                    int64_t limit, bool *has_more) {
  peal_val rows = lists_rows(build, result);
  *has_more = (int64_t)rows.len > limit;
  if (*has_more)
    rows.len--;
  return rows;
}

static void on_rows(const peal_store_result *result, void *user) {
  listing *l = user;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&l->app->house, "a list", result);
    peal_kit_ask_fail(l->ask, result->err);
  } else {
    peal_val rows = lists_rows(peal_kit_ask_build(l->ask), result);
    peal_kit_ask_data(l->ask, l->is_one ? peal_val_at(rows, 0) : rows);
  }
  free(l);
}

static void begin(hospital *app, peal_kit_ask *ask, const char *sql,
                  peal_args args, bool is_one) {
  listing *l = malloc(sizeof *l);
  if (l == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  ask = peal_kit_ask_keep(ask);
  if (ask == NULL) {
    free(l);
    return;
  }
  *l = (listing){app, ask, is_one};
  peal_err err = peal_store_read(app->house.store, sql, args, on_rows, l);
  if (err == PEAL_OK)
    return;
  free(l);
  peal_kit_ask_fail(ask, err);
}

void lists_answer(hospital *app, peal_kit_ask *ask, const char *sql,
                  peal_args args) {
  begin(app, ask, sql, args, false);
}

void lists_one(hospital *app, peal_kit_ask *ask, const char *sql,
               peal_args args) {
  begin(app, ask, sql, args, true);
}

peal_val lists_param(peal_kit_ask *ask, const char *name) {
  peal_http_req *req = peal_kit_ask_req(ask);
  peal_slice text = {NULL, 0};
  return req != NULL && peal_http_req_param(req, name, &text) && text.len > 0
             ? peal_str_slice(text)
             : peal_null();
}

bool lists_time(peal_kit_ask *ask, const char *name, int64_t otherwise,
                int64_t *out) {
  peal_val given = lists_param(ask, name);
  *out = otherwise;
  if (peal_val_is(given, PEAL_NULL))
    return true;
  peal_slice text = peal_val_str(given);
  if (peal_kit_span_time_parse(out, text))
    return true;
  int64_t ms = 0;
  size_t i = 0;
  for (; i < text.len && i < 16 && text.ptr[i] >= '0' && text.ptr[i] <= '9';
       i++)
    ms = ms * 10 + (text.ptr[i] - '0');
  *out = ms;
  if (i == text.len)
    return true;
  change_refuse(ask, 422, name, "%s must be a time: ISO 8601, or milliseconds",
                name);
  return false;
}
