/* SPDX-License-Identifier: MIT */
#pragma once
/* hooks: functions that every worker calls when it starts and when the stop
 * begins (peal_workers_on_start, peal_workers_on_stop). */
#include "net/group.h"

void peal_hooks_run(peal_worker *worker, peal_group_hooks *hooks);
/* As peal_workers_on_start and peal_workers_on_stop, but on this worker alone:
 * who lives on one may end there while others call theirs.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED. */
PEAL_MUST_CHECK peal_err peal_hooks_on_start(peal_worker *only, peal_post_fn fn,
                                             void *user);
PEAL_MUST_CHECK peal_err peal_hooks_on_stop(peal_worker *only, peal_post_fn fn,
                                            void *user);
/* On all workers, when the time of a stop is over: behind it all connections are
 * closed. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_hooks_on_end(peal_workers *group, peal_post_fn fn,
                                           void *user);
/* Forget the functions registered with this `user`. */
void peal_hooks_forget(peal_workers *group, const void *user);
