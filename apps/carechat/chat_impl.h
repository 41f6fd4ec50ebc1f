/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_impl: what the files of the chat share. All but `limit`, `health` and the
 * figures is worker 0's alone.
 *
 *   chat          events, routes, life
 *   chat_desk     orders: send, cancel, retry, clear; whose turn it is
 *   chat_history  pages of what was said
 *   chat_people   who is talking
 *   chat_answer   one answer being written
 *   chat_mark     how it ended, told and kept
 *   chat_model    one request to a model */
#include <stdatomic.h>

#include <peal/kit.h>

#include "care.h"
#include "chat.h"
#include "chat_budget.h"
#include "chat_text.h"
#include "model_form.h"

enum {
  CHAT_MAX_CHARACTERS = 4000, /* of a message */
  CHAT_KEY_BYTES = 65,        /* of a page's own key, with its end */
  CHAT_MAX_LOST = 1000,       /* marks that the store has not taken */
  CHAT_MAX_QUEUED = 2000,     /* questions of all people */
  CHAT_PEOPLE_BUCKETS = 1024,
};

struct chat_answer;
struct chat_mark;

/* A question that waits, or whose answer is being written. */
typedef struct chat_asked {
  struct chat_asked *next;
  int64_t id; /* of the exchange */
  size_t len;
  char text[];
} chat_asked;

/* Somebody with something on the way, or a minute that is not over. */
typedef struct chat_person {
  struct chat_person *next;       /* in its bucket */
  struct chat_person *next_ready; /* whose turn comes */
  int64_t id;
  chat_budget budget;
  chat_asked *first, **end;    /* questions, oldest first */
  unsigned queued;             /* of them */
  unsigned storing;            /* on their way to the store */
  uint32_t epoch;              /* grows when the conversation is cleared */
  struct chat_answer *writing; /* NULL: none */
  bool is_ready;               /* in the list of those whose turn comes */
} chat_person;

typedef struct chat {
  care *app;
  const chat_settings *conf;
  model_kind kind;
  char url[1024];
  char *key_header; /* NULL: no key */
  peal_web_limit *limit;
  peal_worker *worker; /* 0 */
  peal_kit_calls *calls;
  peal_timer *turns;   /* somebody may have a turn */
  peal_timer *sweeper; /* forgets people */
  chat_person *buckets[CHAT_PEOPLE_BUCKETS];
  unsigned people;
  chat_person *ready, **ready_end;
  struct chat_mark *lost; /* what the store has not been told yet */
  unsigned lost_count;
  peal_timer *mender;       /* tells it again */
  unsigned writing, queued; /* answers, questions of all people */
  bool is_stopping;
  _Atomic(const char *) health; /* static text */
  atomic_uint_fast64_t asked, answered, failed, cancelled, fallbacks;
} chat;

/* ---- ids ------------------------------------------------------------------------- */

static inline int64_t chat_question_id(int64_t exchange) {
  return exchange * 2;
}

static inline int64_t chat_answer_id(int64_t exchange) {
  return exchange * 2 + 1;
}

static inline int64_t chat_exchange_of(int64_t message) {
  return message / 2;
}
