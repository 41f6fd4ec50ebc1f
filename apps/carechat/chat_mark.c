/* SPDX-License-Identifier: MIT */
#include "chat_mark.h"

#include <stdlib.h>

enum { MEND_MS = 2000 };

void chat_mark_tell(chat *c, int64_t user_id, int64_t exchange, int64_t at_ms,
                    peal_slice text, const char *state, const char *reason,
                    const char *source) {
  char when[25];
  peal_web_time_iso(when, at_ms);
  care_emit(
      c->app, user_id, "message",
      PEAL_ARGS(PEAL_OBJECT(
          {"id", peal_int(chat_answer_id(exchange))},
          {"role", peal_str("assistant")}, {"content", peal_str_slice(text)},
          {"timestamp", peal_str(when)},
          {"reply_to", peal_int(chat_question_id(exchange))},
          {"state", peal_str(state)},
          {"reason", reason != NULL ? peal_str(reason) : peal_undefined()},
          {"source", source != NULL ? peal_str(source) : peal_undefined()})));
}

/* A new state for the store. Where it cannot be written it is tried again: an
 * exchange that stayed `waiting` could not be asked again before the next
 * start. */
typedef struct chat_mark {
  struct chat_mark *next; /* among those that are lost */
  chat *chat;
  int64_t user_id, exchange, at_ms;
  const char *state, *reason;
  bool is_told; /* the person knows already */
} chat_mark;

static void lose(chat_mark *m) {
  chat *c = m->chat;
  if (c->is_stopping || c->lost_count >= CHAT_MAX_LOST) {
    free(m);
    return;
  }
  m->next = c->lost;
  c->lost = m;
  c->lost_count++;
  peal_timer_start(c->mender, MEND_MS, 0);
}

static void on_marked(const peal_store_result *result, void *user) {
  chat_mark *m = user;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&m->chat->app->house, "an exchange was not marked",
                          result);
    lose(m);
    return;
  }
  if (result->rows.len > 0 && !m->is_told)
    chat_mark_tell(m->chat, m->user_id, m->exchange, m->at_ms, PEAL_S(""),
                   m->state, m->reason, NULL);
  free(m);
}

#define MARK                                                                   \
  "UPDATE chat_exchanges SET state = ?3, reason = ?4, answered_ms = ?5"        \
  " WHERE id = ?1 AND user_id = ?2 RETURNING id"

static void write_mark(chat_mark *m) {
  peal_val reason = m->reason != NULL ? peal_str(m->reason) : peal_null();
  peal_err err = peal_store_write(
      m->chat->app->house.store, MARK,
      PEAL_ARGS(peal_int(m->exchange), peal_int(m->user_id), peal_str(m->state),
                reason, peal_int(m->at_ms)),
      on_marked, m);
  if (err != PEAL_OK)
    lose(m);
}

void chat_mark_set(chat *c, int64_t user_id, int64_t exchange,
                   const char *state, const char *reason, bool is_told) {
  chat_mark *m = malloc(sizeof *m);
  if (m == NULL)
    return;
  *m = (chat_mark){NULL,           c,     user_id, exchange,
                   peal_wall_ms(), state, reason,  is_told};
  write_mark(m);
}

static chat_mark *take_lost(chat *c) {
  chat_mark *first = c->lost;
  c->lost = NULL;
  c->lost_count = 0;
  return first;
}

static void on_mend(peal_timer *timer, void *user) {
  (void)timer;
  for (chat_mark *m = take_lost(user), *next; m != NULL; m = next) {
    next = m->next;
    write_mark(m);
  }
}

bool chat_mark_open(chat *c) {
  c->mender = peal_timer_new(c->worker, on_mend, c);
  return c->mender != NULL;
}

void chat_mark_close(chat *c) {
  for (chat_mark *m = take_lost(c), *next; m != NULL; m = next) {
    next = m->next;
    free(m);
  }
  peal_timer_free(c->mender);
}
