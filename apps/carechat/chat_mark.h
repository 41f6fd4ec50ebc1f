/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_mark: how an exchange has ended: told to the person, and kept by the store,
 * however often that has to be tried. On worker 0. */
#include "chat_impl.h"

/* The event `message` about an answer, to all of the person's pages. `reason` and
 * `source` may be NULL. */
void chat_mark_tell(chat *c, int64_t user_id, int64_t exchange, int64_t at_ms,
                    peal_slice text, const char *state, const char *reason,
                    const char *source);
/* Set the state of an exchange whose answer is not being written, "failed" or
 * "cancelled"; both texts are static. When the store has it the person is told,
 * unless `is_told`. */
void chat_mark_set(chat *c, int64_t user_id, int64_t exchange,
                   const char *state, const char *reason, bool is_told);
/* Before the run; false: memory is out. And behind it. */
PEAL_MUST_CHECK bool chat_mark_open(chat *c);
void chat_mark_close(chat *c);
