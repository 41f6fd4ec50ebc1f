/* SPDX-License-Identifier: MIT */
#include "chat_answer.h"

#include <stdlib.h>
#include <string.h>

#include "chat_mark.h"
#include "chat_model.h"
#include "responder.h"
#include "vitals.h"

enum {
  DELTA_MS = 40,         /* pieces that come closer are shown together */
  CONTEXT_EXCHANGES = 50 /* read from the store at most */
};

struct chat_answer {
  chat *chat;
  chat_person *person; /* NULL: forgotten, or the store has it */
  int64_t user_id, seq;
  int64_t settled_ms; /* since 1970 */
  chat_asked *question;
  chat_answer_end_fn on_end;
  peal_timer *timer; /* of the next delta, or of the next word */
  chat_model *model;
  chat_text text;                      /* all of it */
  size_t shown;                        /* bytes of it */
  chat_text rest;                      /* what the responder has still to say */
  size_t said;                         /* bytes of it */
  const char *source, *state, *reason; /* static, or of the configuration */
  bool is_reading; /* the store has been asked for the context */
  bool is_settled; /* nothing is added any more */
  bool is_writing; /* the store has been asked to keep it */
  bool is_waiting; /* the timer runs for a delta */
};

static void answer_free(chat_answer *a) {
  chat_model_cancel(a->model);
  peal_timer_free(a->timer);
  chat_text_free(&a->text);
  chat_text_free(&a->rest);
  free(a->question);
  free(a);
}

int64_t chat_answer_exchange(const chat_answer *a) {
  return a->question->id;
}

void chat_answer_look(const chat_answer *a, peal_slice *text, int64_t *seq) {
  *text = chat_text_slice(&a->text);
  text->len = a->shown;
  *seq = a->seq;
}

/* ---- what is told ---------------------------------------------------------------- */

static void tell_delta(chat_answer *a, peal_slice delta) {
  care_emit(a->chat->app, a->user_id, "message_delta",
            PEAL_ARGS(PEAL_OBJECT(
                {"id", peal_int(chat_answer_id(a->question->id))},
                {"delta", peal_str_slice(delta)}, {"seq", peal_int(a->seq++)},
                {"reply_to", peal_int(chat_question_id(a->question->id))})));
}

static void show(chat_answer *a) {
  peal_slice text = chat_text_slice(&a->text);
  if (text.len == a->shown)
    return;
  peal_slice delta = {text.ptr + a->shown, text.len - a->shown};
  a->shown = text.len;
  tell_delta(a, delta);
}

/* ---- the end ------------------------------------------------------------------------ */

/* Once nobody else has it. */
static void part(chat_answer *a) {
  chat *c = a->chat;
  if (a->is_reading || a->is_writing)
    return;
  chat_person *p = a->person;
  chat_answer_end_fn on_end = a->on_end;
  if (p != NULL)
    p->writing = NULL;
  answer_free(a);
  c->writing--;
  if (p != NULL)
    on_end(c, p);
}

/* An exchange that is not there any more was deleted meanwhile, and nobody is
 * told of it. */
static void on_kept(const peal_store_result *result, void *user) {
  chat_answer *a = user;
  chat *c = a->chat;
  a->is_writing = false;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&c->app->house, "an answer was not stored", result);
    a->state = "failed";
    a->reason = "the answer could not be stored";
    chat_mark_set(c, a->user_id, a->question->id, a->state, a->reason, true);
  }
  if (a->person != NULL && (result->err != PEAL_OK || result->rows.len > 0))
    chat_mark_tell(c, a->user_id, a->question->id, a->settled_ms,
                   chat_text_slice(&a->text), a->state, a->reason, a->source);
  part(a);
}

#define KEEP                                                                   \
  "UPDATE chat_exchanges SET state = ?3, answer = ?4, answered_ms = ?5,"       \
  " reason = ?6, source = ?7 WHERE id = ?1 AND user_id = ?2 RETURNING id"
#define SPEND                                                                  \
  "INSERT INTO chat_usage (user_id, day, messages, tokens)"                    \
  " VALUES (?1, ?2, 0, ?3) ON CONFLICT (user_id, day)"                         \
  " DO UPDATE SET tokens = tokens + excluded.tokens"

static peal_err keep(chat_answer *a, int64_t tokens) {
  enum { DAY_MS = 86400000 };

  peal_slice text = chat_text_slice(&a->text);
  peal_val reason = a->reason != NULL ? peal_str(a->reason) : peal_null();
  peal_val source = a->source != NULL ? peal_str(a->source) : peal_null();
  const peal_store_stmt stmts[] = {
      {SPEND, PEAL_ARGS(peal_int(a->user_id), peal_int(a->settled_ms / DAY_MS),
                        peal_int(tokens))},
      {KEEP, PEAL_ARGS(peal_int(a->question->id), peal_int(a->user_id),
                       peal_str(a->state), peal_str_slice(text),
                       peal_int(a->settled_ms), reason, source)}};
  return peal_store_write_all(a->chat->app->house.store, stmts, 2, on_kept, a);
}

/* What was written is kept, in this state; then it is told. */
static void settle(chat_answer *a, const char *state, const char *reason) {
  chat *c = a->chat;
  chat_model_cancel(a->model);
  a->model = NULL;
  peal_timer_stop(a->timer);
  show(a);
  a->state = state;
  a->reason = reason;
  a->settled_ms = peal_wall_ms();
  a->is_settled = a->is_writing = true;
  uint32_t tokens = chat_text_tokens(chat_text_slice(&a->text));
  chat_budget_spend(&a->person->budget, tokens, peal_worker_now_ms(c->worker));
  atomic_fetch_add(strcmp(state, "done") == 0     ? &c->answered
                   : strcmp(state, "failed") == 0 ? &c->failed
                                                  : &c->cancelled,
                   1);
  peal_err err = keep(a, tokens);
  if (err != PEAL_OK)
    on_kept(&(peal_store_result){.err = err, .message = peal_err_message(err)},
            a);
}

/* ---- the responder --------------------------------------------------------------------- */

static void show_later(chat_answer *a) {
  if (a->is_waiting)
    return;
  a->is_waiting = true;
  peal_timer_start(a->timer, DELTA_MS, 0);
}

/* False: it has been settled. */
static bool append(chat_answer *a, peal_slice text) {
  if (chat_text_add(&a->text, text))
    return true;
  settle(a, "failed", "memory is out");
  return false;
}

static void say_word(chat_answer *a) {
  peal_slice left = chat_text_slice(&a->rest);
  left.ptr += a->said;
  left.len -= a->said;
  size_t word = responder_word(left);
  a->said += word;
  if (!append(a, (peal_slice){left.ptr, word}))
    return;
  show(a);
  if (word == left.len)
    settle(a, "done", NULL);
  else
    peal_timer_start(a->timer, a->chat->conf->word_ms, 0);
}

static void look_at_vitals(chat_answer *a, responder_vital out[BANDS_METRICS]) {
  vitals_last_value last[BANDS_METRICS];
  vitals_last(a->chat->app, a->user_id, last);
  int64_t now_ms = peal_wall_ms();
  for (int m = 0; m < BANDS_METRICS; m++)
    out[m] = (responder_vital){.is_known = last[m].is_known,
                               .value = last[m].value,
                               .before = last[m].before,
                               .age_ms = now_ms - last[m].ts,
                               .status = last[m].status};
}

/* `why` NULL: there is no model. Otherwise the answer begins by saying so. */
static void respond(chat_answer *a, const char *why) {
  static const char said[] = "The assistant's model could not answer: ";
  static const char instead[] = ". The built-in responder answers instead.\n\n";
  responder_vital vitals[BANDS_METRICS];
  a->source = "built-in";
  a->rest.max = a->text.max;
  look_at_vitals(a, vitals);
  bool is_made =
      why == NULL || (chat_text_add(&a->rest, peal_slice_of(said)) &&
                      chat_text_add(&a->rest, peal_slice_of(why)) &&
                      chat_text_add(&a->rest, peal_slice_of(instead)));
  if (why != NULL)
    atomic_fetch_add(&a->chat->fallbacks, 1);
  peal_slice question = {a->question->text, a->question->len};
  if (is_made && responder_answer(&a->rest, question, vitals))
    peal_timer_start(a->timer, a->chat->conf->word_ms, 0);
  else
    settle(a, "failed", "memory is out");
}

static void on_time(peal_timer *timer, void *user) {
  chat_answer *a = user;
  (void)timer;
  a->is_waiting = false;
  if (a->rest.len > 0)
    say_word(a);
  else
    show(a);
}

/* ---- the model ---------------------------------------------------------------------------- */

static void on_text(peal_slice text, void *user) {
  chat_answer *a = user;
  bool is_first = a->text.len == 0;
  if (!append(a, text))
    return;
  if (a->text.is_full) {
    settle(a, "done", "the answer was too long and was cut");
    return;
  }
  if (is_first)
    show(a);
  else
    show_later(a);
}

static void on_model_end(const char *why, void *user) {
  chat_answer *a = user;
  a->model = NULL;
  atomic_store(&a->chat->health, why == NULL ? "ok" : why);
  if (why == NULL)
    settle(a, "done", NULL);
  else if (a->text.len == 0 && !a->chat->is_stopping)
    respond(a, why);
  else
    settle(a, "failed", why);
}

static void ask_model(chat_answer *a, peal_val rows) {
  chat_context context;
  const char *why = "memory is out";
  peal_slice question = {a->question->text, a->question->len};
  a->source = a->chat->conf->model_name;
  if (chat_context_make(&context, rows, question,
                        a->chat->conf->context_tokens))
    a->model = chat_model_ask(
        a->chat, &context, &(chat_model_fns){on_text, on_model_end, a}, &why);
  chat_context_free(&context);
  if (a->model == NULL)
    respond(a, why);
}

static void on_context(const peal_store_result *result, void *user) {
  chat_answer *a = user;
  a->is_reading = false;
  if (a->person == NULL || a->is_settled) {
    part(a); // forgotten or cancelled meanwhile
    return;
  }
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&a->chat->app->house, "a conversation", result);
  ask_model(a, result->rows);
}

#define CONTEXT                                                                \
  "SELECT question, answer FROM chat_exchanges WHERE user_id = ?1"             \
  " AND id < ?2 AND state = 'done' ORDER BY id DESC LIMIT ?3"

static void read_context(chat_answer *a) {
  peal_args args = PEAL_ARGS(peal_int(a->user_id), peal_int(a->question->id),
                             peal_int(CONTEXT_EXCHANGES));
  peal_err err =
      peal_store_read(a->chat->app->house.store, CONTEXT, args, on_context, a);
  a->is_reading = err == PEAL_OK;
  if (err != PEAL_OK)
    ask_model(a, peal_undefined());
}

/* ---- life ----------------------------------------------------------------------------------- */

bool chat_answer_begin(chat *c, chat_person *p, chat_asked *question,
                       chat_answer_end_fn on_end) {
  chat_answer *a = calloc(1, sizeof *a);
  peal_timer *timer = a != NULL ? peal_timer_new(c->worker, on_time, a) : NULL;
  if (timer == NULL) {
    free(a);
    return false;
  }
  *a = (chat_answer){.chat = c,
                     .person = p,
                     .user_id = p->id,
                     .question = question,
                     .on_end = on_end,
                     .timer = timer,
                     .text = {.max = c->conf->answer_bytes}};
  p->writing = a;
  c->writing++;
  // who sees it knows that the answer is being written
  tell_delta(a, PEAL_S(""));
  if (c->kind == MODEL_NONE)
    respond(a, NULL);
  else
    read_context(a);
  return true;
}

bool chat_answer_cancel(chat_answer *a) {
  if (a->is_settled)
    return false;
  settle(a, "cancelled", NULL);
  return true;
}

void chat_answer_stop(chat_answer *a) {
  if (!a->is_settled)
    settle(a, "failed", "the program was stopped before the answer was whole");
}

/* The store's answer, if one is due, finds nobody to be told. */
void chat_answer_forget(chat_answer *a) {
  a->person->writing = NULL;
  a->person = NULL;
  chat_model_cancel(a->model);
  a->model = NULL;
  peal_timer_stop(a->timer);
  part(a);
}
