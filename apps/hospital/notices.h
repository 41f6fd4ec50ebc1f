/* SPDX-License-Identifier: MIT */
#pragma once
/* notices: who is not at a screen is told by webhook, mail or a text. What is to
 * be told stands in the store until it has been taken, so a restart forgets
 * none; what fails is tried again, later and later, for a day.
 *
 *   alert --> a row for each way --> webhook, sms: kit_calls (no thread)
 *                 ^                  mail: libcurl on the pool
 *                 +-- failed: next_ms later      taken: the row goes */
#include "hospital.h"

typedef struct notices notices;

/* Before the run; NULL: memory is out. */
notices *notices_new(hospital *app);
void notices_free(notices *all);
/* All on worker 0. */
void notices_start(notices *all);
void notices_stop(notices *all);
/* The statement that stands before an alert of this severity in its
 * transaction: so none is stored without its notices. `ways` holds its
 * arguments. False: nobody is to be told. */
PEAL_MUST_CHECK bool notices_stmt(const notices *all, peal_slice severity,
                                  char ways[64], const char **sql);
/* It is stored. */
void notices_look(notices *all);
