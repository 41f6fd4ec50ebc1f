/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_tell: an outbox's callbacks, called by its thread, which holds the lock
 * and gives it up meanwhile. Behind a peal_outbox_free none is called. */
#include "client/outbox_impl.h"

/* "what: why"; `why` may be "". */
void peal_outbox_tell_problem(peal_outbox *outbox, peal_err err,
                              const char *what, const char *why);
/* How the disk is: `failed` is an errno, or 0. Told when it changes. */
void peal_outbox_tell_disk(peal_outbox *outbox, int failed, const char *what);
/* Whether the next event can be read: an errno, or 0. Told when it changes. */
void peal_outbox_tell_reading(peal_outbox *outbox, int failed);
/* Whether the connection ends behind the same event again and again. */
void peal_outbox_tell_stuck(peal_outbox *outbox, bool is_stuck);
/* That events were dropped, if some were since it was told last. */
void peal_outbox_tell_dropped(peal_outbox *outbox);
/* False: it is not to be over. */
bool peal_outbox_tell_given_up(peal_outbox *outbox,
                               const peal_outbox_event *event);
/* `fn` may be NULL; `id` must not be of what the lock protects. */
void peal_outbox_tell_event(peal_outbox *outbox, peal_outbox_event_fn fn,
                            peal_slice id);
