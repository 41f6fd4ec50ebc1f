/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_model: one request to the configured model: the answer comes as pieces of
 * text, then one end. On worker 0. */
#include "chat_context.h"
#include "chat_impl.h"

typedef struct chat_model chat_model;

typedef struct chat_model_fns {
  void (*on_text)(peal_slice text, void *user);
  /* NULL: the answer is whole; else why not, in words, static. The request is
   * gone when this returns. */
  void (*on_end)(const char *why, void *user);
  void *user;
} chat_model_fns;

/* Ask. Nothing is called inside of this. NULL: it cannot be asked now, and *why
 * says so. */
chat_model *chat_model_ask(chat *c, const chat_context *context,
                           const chat_model_fns *fns, const char **why);
/* Never mind: the connection is cut, nothing is called any more; also inside of
 * on_text. NULL is a no-op. */
void chat_model_cancel(chat_model *m);
