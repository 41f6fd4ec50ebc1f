/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_open: opens an outbox's folder and learns what it holds.
 * In the flow: client/outbox -> [outbox_open] -> outbox_file, outbox_queue. */
#include "client/outbox_impl.h"

/* Returns: PEAL_OK; PEAL_ERR_EXISTS, PEAL_ERR_IO, PEAL_ERR_NOMEM, and why in
 * words. */
PEAL_MUST_CHECK peal_err peal_outbox_open_files(peal_outbox *outbox,
                                                peal_outbox_problem *why);
/* "dir step: reason" in `why`, which may be NULL. Returns `err`. */
peal_err peal_outbox_open_say(peal_outbox_problem *why, peal_err err,
                              const char *dir, const char *step,
                              const char *reason);
