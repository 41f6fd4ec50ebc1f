/* SPDX-License-Identifier: MIT */
#pragma once
/* runs: which test each sender has under way. Old devices send bare heights,
 * which belong to the test that they began last. Found again after a restart.
 */
#include "lab.h"
#include "sample.h"

enum { RUNS_SENDER_BYTES = 66 }; /* a device id, or an address behind `@` */

typedef struct runs runs;

/* Blocks: before the run. NULL after logging why. */
runs *runs_new(lab *app);
void runs_free(runs *all);
/* A test began at `start_ms` (wall), or came to its end. Thread: any. */
void runs_begin(runs *all, const char *sender, const char *test_id,
                int64_t start_ms);
void runs_end(runs *all, const char *test_id);
/* The one under way and the seconds since its start; false: none is. Thread:
 * any. */
PEAL_MUST_CHECK bool runs_find(runs *all, const char *sender,
                               char test_id[SAMPLE_ID_BYTES], int64_t *t_s);
/* How many. Thread: any. */
size_t runs_count(runs *all);
