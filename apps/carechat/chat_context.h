/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_context: which part of a conversation is shown to a model: the newest
 * exchanges that fit a budget of tokens, and the question. Pure but for
 * memory. */
#include <peal/val.h>

#include "model_form.h"

typedef struct chat_context {
  model_turn *turns; /* oldest first, the question last; their text is that of
                        the rows and of the question */
  size_t count;
  uint32_t tokens; /* about, of all of them */
} chat_context;

/* `rows` are {"question","answer"}, newest first. The question is in it however
 * long it is. An exchange is in it whole or not at all, and none behind the
 * first that does not fit: a conversation with holes would be another one.
 * False: memory is out. */
PEAL_MUST_CHECK bool chat_context_make(chat_context *out, peal_val rows,
                                       peal_slice question, uint32_t budget);
void chat_context_free(chat_context *context);
