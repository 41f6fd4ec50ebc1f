/* SPDX-License-Identifier: MIT */
#pragma once
/* emitter_send: the emitter's thread: to Redis, and what Redis answers. */
#include "cluster/emitter_impl.h"

/* Functions of its worker, on_start and on_stop, `user` is the emitter: they
 * make the way to Redis, and end it; what waits then is dropped. */
void peal_emitter_send_begin(peal_worker *worker, void *user);
void peal_emitter_send_end(peal_worker *worker, void *user);
/* Takes `job`. Any thread. Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL,
 * PEAL_ERR_CLOSED, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_emitter_send_job(peal_emitter *emitter,
                                               peal_emitter_job *job);
