/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_order: something that a socket asked for, on its way to worker 0 and back:
 * who asked, what is to be answered. */
#include "chat_impl.h"

typedef enum chat_order_kind {
  CHAT_SEND,
  CHAT_CANCEL,
  CHAT_RETRY,
  CHAT_CLEAR,
  CHAT_HISTORY,
} chat_order_kind;

typedef struct chat_order {
  chat *chat;
  chat_order_kind kind;
  int64_t user_id;
  char sid[24];      /* of the socket: a room of its own */
  peal_reply *reply; /* NULL: nobody waits for an acknowledgement */
  int64_t id;        /* of a message; with CHAT_HISTORY: cursor, 0: none */
  int64_t limit;     /* of a page */
  int64_t now_ms;    /* since 1970, when it came */
  uint32_t epoch;    /* of the person, when it was stored */
  uint32_t tokens;   /* of the text, about */
  char key[CHAT_KEY_BYTES]; /* of the page's own; "": none */
  size_t len;
  char text[]; /* of a message */
} chat_order;

/* Why something is not done; codes are the pages'. Static text. */
typedef struct chat_refusal {
  const char *code, *message, *field; /* the last may be NULL */
  uint64_t retry_ms;                  /* 0: not said */
} chat_refusal;

/* It is done, with what else is to be said (an undefined value is left out). Each
 * of these two frees the order. */
void chat_order_ok(chat_order *o, int64_t id, int64_t timestamp_ms);
/* It is not: who waits for no acknowledgement hears the event `error`. */
void chat_order_refuse(chat_order *o, const chat_refusal *why);
/* The store has failed. */
void chat_order_failed(chat_order *o, const char *what,
                       const peal_store_result *result);
/* The same before the store was asked. */
void chat_order_failed_by(chat_order *o, const char *what, peal_err err);
