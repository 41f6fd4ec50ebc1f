/* SPDX-License-Identifier: MIT */
#pragma once
/* sid: the id of a session: 20 characters, 120 random bits. With several
 * workers the first two characters name the worker, so that any of them knows
 * whose session it is: no sticky sessions inside one process. */
#include <peal/base.h>

#define PEAL_SID_LEN 20u

/* Terminated. Returns: PEAL_OK, PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_sid_make(char out[PEAL_SID_LEN + 1],
                                       unsigned worker, unsigned worker_count);
/* Has it the form of an id? Thread: pure. */
bool peal_sid_is_one(peal_slice sid);
/* The worker to which the requests of an id go that names none of these, for it
 * is another node's. Thread: pure. */
unsigned peal_sid_any_worker(peal_slice sid, unsigned worker_count);
/* The worker that an id names; -1: none of these. Thread: pure. */
int peal_sid_worker(peal_slice sid, unsigned worker_count);
