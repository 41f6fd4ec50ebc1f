/* SPDX-License-Identifier: MIT */
#include "chat_desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "chat_answer.h"
#include "chat_mark.h"
#include "chat_people.h"

enum { DAY_MS = 86400000 };

/* ---- turns ------------------------------------------------------------------------ */

static void on_answered(chat *c, chat_person *p);

static void give_turns(chat *c) {
  bool is_bounded = c->kind != MODEL_NONE; // our own words cost nobody's time
  while (!c->is_stopping &&
         (!is_bounded || c->writing < c->conf->max_answers)) {
    chat_person *p = chat_people_next(c);
    if (p == NULL)
      return;
    chat_asked *asked = chat_people_shift(c, p);
    if (chat_answer_begin(c, p, asked, on_answered))
      continue;
    chat_mark_set(c, p->id, asked->id, "failed", "memory is out", false);
    free(asked);
    chat_people_ready(c, p);
  }
}

/* Perhaps inside of chat_answer_begin: the turns go on in a step of their own. */
static void on_turns(peal_timer *timer, void *user) {
  (void)timer;
  give_turns(user);
}

static void turns_later(chat *c) {
  if (!c->is_stopping)
    peal_timer_start(c->turns, 0, 0);
}

static void on_answered(chat *c, chat_person *p) {
  chat_people_ready(c, p);
  turns_later(c);
}

bool chat_desk_open(chat *c) {
  c->turns = peal_timer_new(c->worker, on_turns, c);
  return c->turns != NULL;
}

/* ---- questions -------------------------------------------------------------------- */

/* To the person's other tabs; the one that asked knows it by the
 * acknowledgement. */
static void echo(const chat_order *o, int64_t id) {
  char room[CARE_ROOM_BYTES], when[25];
  care_room(room, o->user_id);
  peal_web_time_iso(when, o->now_ms);
  const peal_to to = {.rooms = PEAL_ROOMS(room), .except = PEAL_ROOMS(o->sid)};
  (void)peal_nsp_emit(
      o->chat->app->house.nsp, &to, "message",
      PEAL_ARGS(PEAL_OBJECT(
          {"id", peal_int(chat_question_id(id))}, {"role", peal_str("user")},
          {"content", peal_str_slice((peal_slice){o->text, o->len})},
          {"timestamp", peal_str(when)},
          {"key", o->key[0] != '\0' ? peal_str(o->key) : peal_undefined()})));
}

/* Acknowledged in any case, for it is stored; answered unless the conversation
 * was cleared, or the program ends, meanwhile. */
static void queue(chat_order *o, chat_person *p, int64_t id, peal_slice text) {
  chat *c = o->chat;
  if (p->epoch == o->epoch && !c->is_stopping) {
    if (!chat_people_push(c, p, id, text))
      chat_mark_set(c, p->id, id, "failed", "memory is out", false);
    turns_later(c);
  }
  atomic_fetch_add(&c->asked, 1);
}

static void refuse_day(chat_order *o) {
  uint64_t left_ms = (uint64_t)(DAY_MS - o->now_ms % DAY_MS);
  chat_order_refuse(
      o, &(chat_refusal){"budget_exceeded",
                         "today's messages are used up: the next are taken "
                         "from midnight UTC on",
                         NULL, left_ms});
}

static void on_found(const peal_store_result *result, void *user) {
  chat_order *o = user;
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK || !peal_val_is(row, PEAL_OBJECT)) {
    chat_order_failed(o, "a question that came twice", result);
    return;
  }
  chat_order_ok(o, chat_question_id(peal_val_int(peal_val_get(row, "id"), 0)),
                peal_val_int(peal_val_get(row, "asked_ms"), 0));
}

/* It came before, and its acknowledgement was lost. */
static void find_it(chat_order *o) {
  peal_err err = peal_store_read(
      o->chat->app->house.store,
      "SELECT id, asked_ms FROM chat_exchanges WHERE user_id = ?1 AND key = ?2",
      PEAL_ARGS(peal_int(o->user_id), peal_str(o->key)), on_found, o);
  if (err != PEAL_OK)
    chat_order_failed_by(o, "a question that came twice", err);
}

static void on_stored(const peal_store_result *result, void *user) {
  chat_order *o = user;
  chat_person *p = chat_people_find(o->chat, o->user_id);
  p->storing--;
  if (result->err != PEAL_OK || result->rows.len == 0)
    chat_budget_give(&p->budget, o->tokens);
  if (result->err == PEAL_ERR_EXISTS) {
    find_it(o);
  } else if (result->err != PEAL_OK) {
    chat_order_failed(o, "a question was not stored", result);
  } else if (result->rows.len == 0) {
    refuse_day(o);
  } else {
    int64_t id =
        peal_val_int(peal_val_get(peal_val_at(result->rows, 0), "id"), 0);
    queue(o, p, id, (peal_slice){o->text, o->len});
    if (p->epoch == o->epoch)
      echo(o, id);
    chat_order_ok(o, chat_question_id(id), o->now_ms);
  }
}

/* One more message of this day, if its budget is not used up: only then the
 * statement behind it does something. 0 is no limit. */
#define SPEND                                                                  \
  "INSERT INTO chat_usage (user_id, day, messages, tokens)"                    \
  " VALUES (?1, ?2, 1, ?3) ON CONFLICT (user_id, day)"                         \
  " DO UPDATE SET messages = messages + 1, tokens = tokens + excluded.tokens"  \
  " WHERE (?4 = 0 OR messages < ?4) AND (?5 = 0 OR tokens < ?5)"
#define ASK                                                                    \
  "INSERT INTO chat_exchanges (user_id, key, question, asked_ms, state)"       \
  " SELECT ?1, ?2, ?3, ?4, 'waiting' WHERE changes() > 0 RETURNING id"

static peal_err store(chat_order *o) {
  peal_val key = o->key[0] != '\0' ? peal_str(o->key) : peal_null();
  peal_val text = peal_str_slice((peal_slice){o->text, o->len});
  const chat_settings *conf = o->chat->conf;
  const peal_store_stmt stmts[] = {
      {SPEND, PEAL_ARGS(peal_int(o->user_id), peal_int(o->now_ms / DAY_MS),
                        peal_int(o->tokens), peal_int(conf->day_messages),
                        peal_int(conf->day_tokens))},
      {ASK, PEAL_ARGS(peal_int(o->user_id), key, text, peal_int(o->now_ms))}};
  return peal_store_write_all(o->chat->app->house.store, stmts, 2, on_stored,
                              o);
}

/* Room and budget for one more? NULL after a refusal. */
static chat_person *admit(chat_order *o) {
  chat *c = o->chat;
  uint64_t retry_ms = 0;
  const chat_budget_limits limits = {c->conf->minute_messages,
                                     c->conf->minute_tokens};
  chat_person *p = c->is_stopping ? NULL : chat_people_get(c, o->user_id);
  chat_refusal why = {"rate_limited", NULL, NULL, 0};
  if (p == NULL || c->queued >= CHAT_MAX_QUEUED)
    why = (chat_refusal){"model_unavailable",
                         "the assistant has too much to do: try again later",
                         NULL, 0};
  else if (p->queued + p->storing >= c->conf->max_waiting)
    why.message = "too many messages are waiting for an answer";
  else if (!chat_budget_take(&p->budget, &limits, o->tokens,
                             peal_worker_now_ms(c->worker), &retry_ms))
    why = (chat_refusal){"rate_limited",
                         "too many messages in one minute: wait a little", NULL,
                         retry_ms};
  else
    return p;
  chat_order_refuse(o, &why);
  return NULL;
}

static void begin(chat_order *o, peal_err (*ask)(chat_order *o)) {
  chat_person *p = admit(o);
  if (p == NULL)
    return;
  o->epoch = p->epoch;
  peal_err err = ask(o);
  if (err == PEAL_OK) {
    p->storing++;
    return;
  }
  chat_budget_give(&p->budget, o->tokens);
  chat_order_failed_by(o, "a question was not stored", err);
}

void chat_desk_send(chat_order *o) {
  o->tokens = chat_text_tokens((peal_slice){o->text, o->len});
  begin(o, store);
}

/* ---- once more ---------------------------------------------------------------------- */

static void on_again(const peal_store_result *result, void *user) {
  chat_order *o = user;
  chat_person *p = chat_people_find(o->chat, o->user_id);
  p->storing--;
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK) {
    chat_order_failed(o, "a question was not asked again", result);
  } else if (!peal_val_is(row, PEAL_OBJECT)) {
    chat_budget_give(&p->budget, o->tokens);
    chat_order_refuse(
        o, &(chat_refusal){"not_found",
                           "there is no such message, it has an answer, or "
                           "today's messages are used up",
                           "id", 0});
  } else {
    int64_t id = chat_exchange_of(o->id);
    queue(o, p, id, peal_val_str(peal_val_get(row, "question")));
    chat_order_ok(o, chat_question_id(id), o->now_ms);
  }
}

#define AGAIN                                                                  \
  "UPDATE chat_exchanges SET state = 'waiting', answer = NULL, reason = NULL," \
  " source = NULL WHERE id = ?1 AND user_id = ?2"                              \
  " AND state IN ('failed', 'cancelled') AND NOT EXISTS (SELECT 1 FROM"        \
  " chat_usage WHERE user_id = ?2 AND day = ?3 AND ((?4 > 0 AND"               \
  " messages >= ?4) OR (?5 > 0 AND tokens >= ?5)))"
#define SPEND_AGAIN                                                            \
  "INSERT INTO chat_usage (user_id, day, messages, tokens)"                    \
  " SELECT ?1, ?2, 1, 0 WHERE changes() > 0 ON CONFLICT (user_id, day)"        \
  " DO UPDATE SET messages = messages + 1 RETURNING (SELECT question"          \
  " FROM chat_exchanges WHERE id = ?3) AS question"

static peal_err store_again(chat_order *o) {
  const chat_settings *conf = o->chat->conf;
  peal_val id = peal_int(chat_exchange_of(o->id));
  peal_val who = peal_int(o->user_id), day = peal_int(o->now_ms / DAY_MS);
  const peal_store_stmt stmts[] = {
      {AGAIN, PEAL_ARGS(id, who, day, peal_int(conf->day_messages),
                        peal_int(conf->day_tokens))},
      {SPEND_AGAIN, PEAL_ARGS(who, day, id)}};
  return peal_store_write_all(o->chat->app->house.store, stmts, 2, on_again, o);
}

void chat_desk_retry(chat_order *o) {
  begin(o, store_again);
}

/* ---- never mind ------------------------------------------------------------------------ */

void chat_desk_cancel(chat_order *o) {
  chat *c = o->chat;
  int64_t id = chat_exchange_of(o->id);
  chat_person *p = chat_people_find(c, o->user_id);
  bool is_writing = p != NULL && p->writing != NULL &&
                    (o->id == 0 || chat_answer_exchange(p->writing) == id);
  if (is_writing && chat_answer_cancel(p->writing)) {
    chat_order_ok(o, 0, 0);
  } else if (p != NULL && chat_people_drop(c, p, id)) {
    atomic_fetch_add(&c->cancelled, 1);
    chat_mark_set(c, o->user_id, id, "cancelled", NULL, false);
    chat_order_ok(o, 0, 0);
  } else {
    chat_order_refuse(o, &(chat_refusal){"not_found",
                                         "this answer is not being written",
                                         "id", 0});
  }
}

static void on_cleared(const peal_store_result *result, void *user) {
  char now[25];
  chat_order *o = user;
  if (result->err != PEAL_OK) {
    chat_order_failed(o, "a conversation was not cleared", result);
    return;
  }
  peal_web_time_iso(now, peal_wall_ms());
  care_emit(o->chat->app, o->user_id, "conversation_cleared",
            PEAL_ARGS(PEAL_OBJECT({"timestamp", peal_str(now)})));
  chat_order_ok(o, 0, 0);
}

/* Memory first: what the store is still told about deleted rows does nothing. If
 * the store then fails, what was waiting is marked at the next start. */
void chat_desk_clear(chat_order *o) {
  chat *c = o->chat;
  chat_person *p = chat_people_find(c, o->user_id);
  if (p != NULL) {
    p->epoch++;
    chat_people_drop_all(c, p);
    if (p->writing != NULL)
      chat_answer_forget(p->writing);
    turns_later(c);
  }
  peal_err err = peal_store_write(
      c->app->house.store, "DELETE FROM chat_exchanges WHERE user_id = ?1",
      PEAL_ARGS(peal_int(o->user_id)), on_cleared, o);
  if (err != PEAL_OK)
    chat_order_failed_by(o, "a conversation was not cleared", err);
}

/* ---- the end ------------------------------------------------------------------------------ */

/* What waits stays `waiting` in the store: the next start marks it. */
void chat_desk_stop(chat *c) {
  c->is_stopping = true;
  for (size_t i = 0; i < CHAT_PEOPLE_BUCKETS; i++)
    for (chat_person *p = c->buckets[i]; p != NULL; p = p->next)
      if (p->writing != NULL)
        chat_answer_stop(p->writing);
}
