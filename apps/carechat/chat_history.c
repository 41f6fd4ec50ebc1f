/* SPDX-License-Identifier: MIT */
#include "chat_history.h"

#include <peal/kit_people.h>

#include "chat_answer.h"
#include "chat_people.h"

enum { PAGE_BYTES = 256 * 1024 };

/* One row more than asked for says whether there are others. */
#define PAGE                                                                   \
  "SELECT id, key, question, asked_ms, state, reason, answer, answered_ms,"    \
  " source FROM chat_exchanges WHERE user_id = ?1 AND (?2 = 0 OR id < ?2)"     \
  " ORDER BY id DESC LIMIT ?3 + 1"

/* ---- messages ----------------------------------------------------------------------- */

static peal_val time_val(peal_build *build, peal_val ms) {
  char when[25];
  if (!peal_val_is_number(ms))
    return peal_undefined();
  peal_web_time_iso(when, peal_val_int(ms, 0));
  return peal_build_copy(build, peal_str(when));
}

/* null of the store is a field that is left out. */
static peal_val some(peal_val row, const char *column) {
  peal_val value = peal_val_get(row, column);
  return peal_val_is(value, PEAL_NULL) ? peal_undefined() : value;
}

static bool is_state(peal_val row, const char *state) {
  return peal_slice_is(peal_val_str(peal_val_get(row, "state")), state);
}

/* Is there anything to be shown behind the question? */
static bool has_answer(peal_val row) {
  return is_state(row, "done") || is_state(row, "cancelled") ||
         peal_val_str(peal_val_get(row, "answer")).len > 0;
}

static peal_val question_val(peal_build *build, peal_val row) {
  int64_t id = peal_val_int(peal_val_get(row, "id"), 0);
  bool is_failed = is_state(row, "failed") && !has_answer(row);
  return peal_build_keep(
      build,
      PEAL_OBJECT(
          {"id", peal_int(chat_question_id(id))}, {"role", peal_str("user")},
          {"content", peal_val_get(row, "question")},
          {"timestamp", time_val(build, peal_val_get(row, "asked_ms"))},
          {"key", some(row, "key")},
          {"state", is_failed ? peal_str("failed") : peal_undefined()},
          {"reason", is_failed ? some(row, "reason") : peal_undefined()}));
}

static peal_val answer_val(peal_build *build, peal_val row) {
  int64_t id = peal_val_int(peal_val_get(row, "id"), 0);
  return peal_build_keep(
      build,
      PEAL_OBJECT(
          {"id", peal_int(chat_answer_id(id))}, {"role", peal_str("assistant")},
          {"content",
           peal_str_slice(peal_val_str(peal_val_get(row, "answer")))},
          {"timestamp", time_val(build, peal_val_get(row, "answered_ms"))},
          {"reply_to", peal_int(chat_question_id(id))},
          {"state", peal_val_get(row, "state")},
          {"reason", some(row, "reason")}, {"source", some(row, "source")}));
}

static peal_val writing_val(peal_build *build, const chat_answer *a) {
  int64_t seq, id = chat_answer_exchange(a);
  peal_slice text;
  chat_answer_look(a, &text, &seq);
  return peal_build_keep(
      build,
      PEAL_OBJECT({"id", peal_int(chat_answer_id(id))},
                  {"role", peal_str("assistant")},
                  {"content", peal_str_slice(text)},
                  {"timestamp", time_val(build, peal_int(peal_wall_ms()))},
                  {"reply_to", peal_int(chat_question_id(id))},
                  {"state", peal_str("writing")}, {"seq", peal_int(seq)}));
}

static size_t bytes_of(peal_val row) {
  return peal_val_str(peal_val_get(row, "question")).len +
         peal_val_str(peal_val_get(row, "answer")).len;
}

/* Newest first, and so an answer in front of its question. `writing` may be
 * NULL. *next is the cursor of the page behind. What is asked for with a few
 * bytes ends where it is long enough. */
static peal_val messages_of(peal_build *build, peal_val rows, int64_t limit,
                            const chat_answer *writing, peal_val *next) {
  peal_items *items = peal_items_new(build);
  size_t count = peal_val_is(rows, PEAL_ARRAY) ? rows.len : 0;
  size_t shown = count < (size_t)limit ? count : (size_t)limit;
  size_t bytes = 0;
  *next = peal_null();
  for (size_t i = 0; i < shown && bytes < PAGE_BYTES; i++) {
    peal_val row = peal_val_at(rows, i);
    bytes += bytes_of(row);
    int64_t id = peal_val_int(peal_val_get(row, "id"), 0);
    if (writing != NULL && chat_answer_exchange(writing) == id &&
        is_state(row, "waiting"))
      peal_items_add(items, writing_val(build, writing));
    else if (has_answer(row))
      peal_items_add(items, answer_val(build, row));
    peal_items_add(items, question_val(build, row));
    bool is_last = i + 1 == shown || bytes >= PAGE_BYTES;
    if (is_last && count > i + 1)
      *next = peal_int(id);
  }
  return peal_items_val(items);
}

/* ---- to a socket ---------------------------------------------------------------------- */

static void on_page(const peal_store_result *result, void *user) {
  chat_order *o = user;
  chat *c = o->chat;
  peal_val next;
  if (result->err != PEAL_OK) {
    chat_order_failed(o, "a conversation", result);
    return;
  }
  chat_person *p = chat_people_find(c, o->user_id);
  peal_build *build = peal_build_new();
  peal_val messages = messages_of(build, result->rows, o->limit,
                                  p != NULL ? p->writing : NULL, &next);
  peal_err err = peal_build_err(build);
  if (err == PEAL_OK)
    err = peal_nsp_emit(
        c->app->house.nsp, PEAL_TO(o->sid), "conversation_history",
        PEAL_ARGS(PEAL_OBJECT(
            {"messages", messages}, {"next", next},
            {"cursor", o->id > 0 ? peal_int(o->id) : peal_null()})));
  peal_build_free(build);
  if (err == PEAL_OK)
    chat_order_ok(o, 0, 0);
  else
    chat_order_failed_by(o, "a conversation", err);
}

static peal_args page_args(int64_t user_id, int64_t cursor, int64_t limit,
                           peal_val out[3]) {
  out[0] = peal_int(user_id);
  out[1] = peal_int(cursor);
  out[2] = peal_int(limit);
  return (peal_args){out, 3};
}

void chat_history_send(chat_order *o) {
  peal_val args[3];
  peal_err err =
      peal_store_read(o->chat->app->house.store, PAGE,
                      page_args(o->user_id, o->id, o->limit, args), on_page, o);
  if (err != PEAL_OK)
    chat_order_failed_by(o, "a conversation", err);
}

/* ---- by HTTP ----------------------------------------------------------------------------- */

typedef struct get {
  chat *chat;
  peal_http_req *req;
  int64_t limit;
} get;

static void on_got(const peal_store_result *result, void *user) {
  get *g = user;
  peal_val next;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&g->chat->app->house, "a conversation", result);
    peal_web_error_of(g->req, result->err);
    return;
  }
  peal_val data = messages_of(peal_http_req_build(g->req), result->rows,
                              g->limit, NULL, &next);
  care_answer(g->req, 200,
              PEAL_OBJECT({"status", peal_str("success")}, {"data", data},
                          {"next", next}));
}

void chat_history_on_get(peal_http_req *req, void *user) {
  chat *c = user;
  int64_t limit, cursor;
  peal_val args[3];
  const peal_kit_person *who = peal_kit_people_of(req);
  if (!peal_web_query_int(req, "limit", CHAT_HISTORY_ROWS, 1,
                          CHAT_HISTORY_MAX_ROWS, &limit) ||
      !peal_web_query_int(req, "cursor", 0, 0, INT64_MAX, &cursor))
    return;
  get *g = peal_http_req_alloc(req, sizeof *g);
  if (g == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  *g = (get){c, req, limit};
  peal_http_defer(req);
  peal_err err =
      peal_store_read(c->app->house.store, PAGE,
                      page_args(who->id, cursor, limit, args), on_got, g);
  if (err != PEAL_OK)
    peal_web_error_of(req, err);
}
