/* SPDX-License-Identifier: MIT */
#pragma once
/* missed: the alerts that somebody has not seen yet, by the last ids that they
 * have: what is sent again after a line was broken.
 *
 * An alert's id is number * 2^20 + node, and the entries of one node reach every
 * screen in their order (journal.h): so the greatest id of each node says
 * exactly what is missing of it. */
#include "hospital.h"

typedef struct missed_wish {
  peal_val last;         /* a number, or an array of them; copied */
  peal_slice patient_id; /* empty: of all patients, and hospital-wide ones */
  peal_slice viewer;     /* not empty: only of patients assigned to them */
  int64_t limit;         /* 1 to 500 */
} missed_wish;

/* The alerts, oldest first, and whether there are more; borrowed. On the worker
 * that asked. */
typedef void (*missed_fn)(peal_err err, peal_val alerts, bool has_more,
                          void *user);

/* Ask the store. An error: `fn` does not come. On a worker. */
PEAL_MUST_CHECK peal_err missed_find(hospital *app, const missed_wish *wish,
                                     missed_fn fn, void *user);
