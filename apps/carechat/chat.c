/* SPDX-License-Identifier: MIT */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_people.h>

#include "chat_desk.h"
#include "chat_history.h"
#include "chat_mark.h"
#include "chat_people.h"

enum { SWEEP_MS = 30000, ORDERS_PER_SECOND = 20, ORDERS_AT_ONCE = 60 };

/* An exchange is a question with its answer; `state` is waiting, done, failed or
 * cancelled. Budgets of a day do not go with a conversation that is cleared. */
const char chat_schema[] =
    "CREATE TABLE chat_exchanges (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " user_id INTEGER NOT NULL, key TEXT, question TEXT NOT NULL,"
    " asked_ms INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, answer TEXT,"
    " answered_ms INTEGER, source TEXT);"
    "CREATE INDEX chat_exchanges_user ON chat_exchanges (user_id, id);"
    "CREATE UNIQUE INDEX chat_exchanges_key ON chat_exchanges (user_id, key)"
    " WHERE key IS NOT NULL;"
    "CREATE INDEX chat_exchanges_waiting ON chat_exchanges (id)"
    " WHERE state = 'waiting';"
    "CREATE TABLE chat_usage (user_id INTEGER NOT NULL, day INTEGER NOT NULL,"
    " messages INTEGER NOT NULL, tokens INTEGER NOT NULL,"
    " PRIMARY KEY (user_id, day)) WITHOUT ROWID;";

/* ---- orders ----------------------------------------------------------------------- */

static void on_order(peal_worker *worker, void *user) {
  chat_order *o = user;
  (void)worker;
  switch (o->kind) {
  case CHAT_SEND:
    chat_desk_send(o);
    break;
  case CHAT_CANCEL:
    chat_desk_cancel(o);
    break;
  case CHAT_RETRY:
    chat_desk_retry(o);
    break;
  case CHAT_CLEAR:
    chat_desk_clear(o);
    break;
  case CHAT_HISTORY:
    chat_history_send(o);
    break;
  }
}

/* What is refused before it is an order. */
static void refuse(peal_socket *socket, const peal_event *event,
                   const chat_refusal *why) {
  peal_val field = why->field != NULL ? peal_str(why->field) : peal_undefined();
  peal_val said = PEAL_OBJECT({"status", peal_str("error")},
                              {"message", peal_str(why->message)},
                              {"code", peal_str(why->code)}, {"field", field});
  if (peal_event_wants_ack(event))
    (void)peal_ack(event, PEAL_ARGS(said));
  else
    (void)peal_emit(socket, "error", PEAL_ARGS(said));
}

/* NULL after a refusal: nobody, or too much at once. */
static chat_order *order_new(chat *c, peal_socket *socket,
                             const peal_event *event, chat_order_kind kind,
                             peal_slice text) {
  const peal_kit_person *who = peal_kit_people_may(socket, event, UINT32_MAX);
  if (who == NULL)
    return NULL;
  uint64_t now_ms = peal_worker_now_ms(peal_socket_worker(socket));
  if (!peal_web_limit_take(c->limit, peal_slice_of(who->room), now_ms, NULL)) {
    refuse(socket, event,
           &(chat_refusal){"rate_limited",
                           "too much at once: try again in a second", NULL, 0});
    return NULL;
  }
  chat_order *o = malloc(sizeof *o + text.len);
  if (o == NULL) {
    refuse(socket, event,
           &(chat_refusal){"store_unavailable", "memory is out", NULL, 0});
    return NULL;
  }
  *o = (chat_order){.chat = c,
                    .kind = kind,
                    .user_id = who->id,
                    .now_ms = peal_wall_ms(),
                    .len = text.len};
  snprintf(o->sid, sizeof o->sid, "%s", peal_socket_id(socket));
  if (text.len > 0)
    memcpy(o->text, text.ptr, text.len);
  return o;
}

static void hand_over(chat_order *o, const peal_event *event) {
  o->reply = peal_ack_later(event);
  peal_err err = peal_worker_post(o->chat->worker, on_order, o);
  if (err != PEAL_OK)
    chat_order_failed_by(o, "an order of the chat", err);
}

/* ---- events ------------------------------------------------------------------------- */

/* The original sends {message}; a bare text is taken, too. */
static bool read_message(peal_val said, peal_slice *out, chat_refusal *why) {
  peal_val text =
      peal_val_is(said, PEAL_STRING) ? said : peal_val_get(said, "message");
  *out = peal_val_str(text);
  *why = (chat_refusal){"invalid", "message must be text", "message", 0};
  if (!peal_val_is(text, PEAL_STRING))
    return false;
  why->message = "a message has at least one character";
  if (chat_text_is_blank(*out))
    return false;
  why->code = "too_long";
  why->message = "a message has at most 4000 characters";
  return peal_kit_utf8_count(*out) <= CHAT_MAX_CHARACTERS;
}

static bool read_key(peal_val said, peal_slice *out, chat_refusal *why) {
  peal_val key = peal_val_get(said, "key");
  *out = peal_val_str(key);
  *why = (chat_refusal){"invalid", "key is text of up to 64 visible characters",
                        "key", 0};
  for (size_t i = 0; i < out->len; i++)
    if (out->ptr[i] <= ' ' || out->ptr[i] > '~')
      return false;
  return out->len < CHAT_KEY_BYTES &&
         (peal_val_is(key, PEAL_UNDEFINED) || peal_val_is(key, PEAL_NULL) ||
          out->len > 0);
}

static void on_send(peal_socket *socket, const peal_event *event, void *user) {
  chat_refusal why;
  peal_slice text, key;
  peal_val said = peal_event_arg(event, 0);
  if (!read_message(said, &text, &why) || !read_key(said, &key, &why)) {
    refuse(socket, event, &why);
    return;
  }
  chat_order *o = order_new(user, socket, event, CHAT_SEND, text);
  if (o == NULL)
    return;
  snprintf(o->key, sizeof o->key, "%.*s", PEAL_SFMT(key));
  hand_over(o, event);
}

/* A whole number of an object; false: it is there and is none. */
static bool read_number(peal_val said, const char *name, int64_t otherwise,
                        int64_t min, int64_t max, int64_t *out) {
  peal_val value = peal_val_get(said, name);
  *out = otherwise;
  if (peal_val_is(value, PEAL_UNDEFINED) || peal_val_is(value, PEAL_NULL))
    return true;
  *out = peal_val_int(value, min - 1);
  return *out >= min && *out <= max;
}

static void on_message_id(peal_socket *socket, const peal_event *event, chat *c,
                          chat_order_kind kind) {
  int64_t id;
  peal_val said = peal_event_arg(event, 0);
  if (!read_number(said, "id", 0, 1, INT64_MAX, &id) ||
      (id == 0 && kind == CHAT_RETRY)) {
    refuse(
        socket, event,
        &(chat_refusal){"invalid", "id is the number of a message", "id", 0});
    return;
  }
  chat_order *o = order_new(c, socket, event, kind, PEAL_S(""));
  if (o == NULL)
    return;
  o->id = id;
  hand_over(o, event);
}

static void on_cancel(peal_socket *socket, const peal_event *event,
                      void *user) {
  on_message_id(socket, event, user, CHAT_CANCEL);
}

static void on_retry(peal_socket *socket, const peal_event *event, void *user) {
  on_message_id(socket, event, user, CHAT_RETRY);
}

static void on_clear(peal_socket *socket, const peal_event *event, void *user) {
  chat_order *o = order_new(user, socket, event, CHAT_CLEAR, PEAL_S(""));
  if (o != NULL)
    hand_over(o, event);
}

static void on_history(peal_socket *socket, const peal_event *event,
                       void *user) {
  int64_t cursor, limit;
  peal_val said = peal_event_arg(event, 0);
  if (!read_number(said, "cursor", 0, 1, INT64_MAX, &cursor) ||
      !read_number(said, "limit", CHAT_HISTORY_ROWS, 1, CHAT_HISTORY_MAX_ROWS,
                   &limit)) {
    refuse(socket, event,
           &(chat_refusal){"invalid",
                           "cursor is what a page called next, limit is 1 to "
                           "200",
                           "cursor", 0});
    return;
  }
  chat_order *o = order_new(user, socket, event, CHAT_HISTORY, PEAL_S(""));
  if (o == NULL)
    return;
  o->id = cursor;
  o->limit = limit;
  hand_over(o, event);
}

peal_err chat_register(chat *c) {
  static const struct {
    const char *name;
    peal_event_fn fn;
  } events[] = {{"send_message", on_send},
                {"cancel_message", on_cancel},
                {"retry_message", on_retry},
                {"get_conversation_history", on_history},
                {"clear_conversation", on_clear}};

  peal_err err = PEAL_OK;
  for (size_t i = 0; i < sizeof events / sizeof *events && err == PEAL_OK; i++)
    err = peal_on(c->app->house.nsp, events[i].name, events[i].fn, c);
  if (err != PEAL_OK)
    return err;
  return peal_web_route_add(c->app->house.web,
                            &(peal_web_route){.path = "/api/conversations",
                                              .on_request = chat_history_on_get,
                                              .user = c,
                                              .before = peal_kit_people_hook,
                                              .before_user = c->app->people});
}

/* ---- life ------------------------------------------------------------------------------ */

static void on_sweep(peal_timer *timer, void *user) {
  chat *c = user;
  (void)timer;
  chat_people_sweep(c, peal_worker_now_ms(c->worker));
}

static bool make_model(chat *c) {
  const chat_settings *conf = c->conf;
  if (!model_form_kind_parse(&c->kind, conf->model_kind))
    return false;
  if (c->kind == MODEL_NONE)
    return true;
  const char *base =
      *conf->model_url != '\0' ? conf->model_url : model_form_base_url(c->kind);
  if (!model_form_url(c->url, sizeof c->url, c->kind, base, conf->model_name))
    return false;
  c->calls = peal_kit_calls_new(
      c->worker,
      &(peal_kit_calls_opts){.max_running = conf->max_answers,
                             .max_waiting = conf->max_answers,
                             .user_agent = "peal-carechat/" PEAL_VERSION});
  if (c->calls == NULL || *conf->model_key == '\0')
    return c->calls != NULL;
  const char *name = model_form_key_header(c->kind);
  size_t cap = strlen(name) + strlen(conf->model_key) + 1;
  c->key_header = malloc(cap);
  if (c->key_header != NULL)
    snprintf(c->key_header, cap, "%s%s", name, conf->model_key);
  return c->key_header != NULL;
}

/* What a run before this one has left. */
static bool settle_store(chat *c) {
  return peal_store_exec_sync(
             c->app->house.store,
             "UPDATE chat_exchanges SET state = 'failed', reason ="
             " 'the program ended before the answer' WHERE state = 'waiting'",
             PEAL_NO_ARGS, NULL) == PEAL_OK;
}

chat *chat_new(care *app, const chat_settings *conf) {
  chat *c = calloc(1, sizeof *c);
  if (c == NULL)
    return NULL;
  c->app = app;
  c->conf = conf;
  c->worker = peal_workers_get(app->house.workers, 0);
  c->ready_end = &c->ready;
  atomic_init(&c->health, "ok");
  c->limit = peal_web_limit_new(&(peal_web_limit_opts){
      .count = ORDERS_PER_SECOND, .burst = ORDERS_AT_ONCE});
  c->sweeper = peal_timer_new(c->worker, on_sweep, c);
  if (c->limit != NULL && c->sweeper != NULL && chat_desk_open(c) &&
      chat_mark_open(c) && make_model(c) && settle_store(c)) {
    peal_timer_start(c->sweeper, SWEEP_MS, SWEEP_MS);
    return c;
  }
  chat_free(c);
  return NULL;
}

void chat_on_stop(chat *c) {
  chat_desk_stop(c);
  peal_timer_stop(c->sweeper);
  peal_kit_calls_free(c->calls);
  c->calls = NULL;
}

void chat_free(chat *c) {
  if (c == NULL)
    return;
  peal_kit_calls_free(c->calls);
  chat_people_free(c);
  chat_mark_close(c);
  peal_timer_free(c->turns);
  peal_timer_free(c->sweeper);
  peal_web_limit_free(c->limit);
  if (c->key_header != NULL)
    explicit_bzero(c->key_header, strlen(c->key_header));
  free(c->key_header);
  free(c);
}

const char *chat_model_health(const chat *c) {
  return atomic_load(&c->health);
}

void chat_metrics(chat *c, peal_web_metrics_out *out) {
  peal_web_metrics_counter(out, "carechat_questions_total",
                           "questions that are stored", NULL,
                           atomic_load(&c->asked));
  peal_web_metrics_counter(out, "carechat_answers_total", "whole answers", NULL,
                           atomic_load(&c->answered));
  peal_web_metrics_counter(out, "carechat_answers_failed_total",
                           "answers that broke off", NULL,
                           atomic_load(&c->failed));
  peal_web_metrics_counter(out, "carechat_answers_cancelled_total",
                           "answers that nobody wanted any more", NULL,
                           atomic_load(&c->cancelled));
  peal_web_metrics_counter(out, "carechat_answers_built_in_total",
                           "answers of the built-in responder in place of the "
                           "model's",
                           NULL, atomic_load(&c->fallbacks));
}
