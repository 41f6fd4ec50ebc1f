/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_answer: one answer being written: from the model, or by the built-in
 * responder where there is none or it fails; shown as it comes, stored, then
 * shown whole. On worker 0.
 *
 *   begin --> context from the store --> model --text--> message_delta ...
 *                  |                       | fails before its first word
 *                  v (no model)            v
 *              responder, word by word <---+
 *                  |                       | whole, or fails in the middle
 *                  v                       v
 *               settle: the store, then `message`, then on_end */
#include "chat_impl.h"

typedef struct chat_answer chat_answer;

/* It is over, and gone; the person has no answer under way any more. */
typedef void (*chat_answer_end_fn)(chat *c, chat_person *p);

/* Write the answer to the question (taken). False: memory is out, and the
 * question is the caller's still. */
PEAL_MUST_CHECK bool chat_answer_begin(chat *c, chat_person *p,
                                       chat_asked *question,
                                       chat_answer_end_fn on_end);
/* The person wants no more of it: what is written is kept as cancelled. False:
 * it is over already. */
bool chat_answer_cancel(chat_answer *a);
/* The program ends: what is written is kept as failed. */
void chat_answer_stop(chat_answer *a);
/* The conversation is deleted: nothing is kept, and nothing is told. */
void chat_answer_forget(chat_answer *a);

int64_t chat_answer_exchange(const chat_answer *a);
/* As it is now, for the history: the text that was shown, borrowed, and the
 * number of the next delta. */
void chat_answer_look(const chat_answer *a, peal_slice *text, int64_t *seq);
