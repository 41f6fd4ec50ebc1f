/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_people: who is talking: a table by account, their questions, and whose
 * turn comes next. On worker 0. */
#include "chat_impl.h"

/* NULL: nothing is known of them. */
chat_person *chat_people_find(chat *c, int64_t id);
/* Found or made; NULL: memory is out. */
chat_person *chat_people_get(chat *c, int64_t id);
/* Forget those of whom nothing is known that matters. */
void chat_people_sweep(chat *c, uint64_t now_ms);
void chat_people_free(chat *c);

/* A question at the end of the person's queue. False: memory is out. */
PEAL_MUST_CHECK bool chat_people_push(chat *c, chat_person *p, int64_t id,
                                      peal_slice text);
/* The oldest question, which is the caller's: free(). */
chat_asked *chat_people_shift(chat *c, chat_person *p);
/* Take this exchange out of the queue. False: it is not in it. */
bool chat_people_drop(chat *c, chat_person *p, int64_t id);
void chat_people_drop_all(chat *c, chat_person *p);
/* The next person with a question and no answer under way, NULL: nobody. */
chat_person *chat_people_next(chat *c);
/* Somebody may have a turn now. */
void chat_people_ready(chat *c, chat_person *p);
