/* SPDX-License-Identifier: MIT */
#pragma once
/* journal: what the device knows over restarts: the number of tests of a day, the
 * test under way, and which measurement was seen. A result is written here
 * before it goes to the spool and taken out behind that: a device that is
 * killed between sends it once more, under the same id, and loses none. */
#include "course.h"
#include "options.h"
#include "uplink.h"

typedef struct journal {
  char path[4096], counter_path[4096];
  course course;
  char seen[64];     /* the measurement that was taken last */
  peal_doc *waiting; /* the result that is on its way to the spool, or NULL */
  bool has_begun;    /* a test, in this run */
} journal;

/* Read what the folder holds; nothing is fine. False: a line on stderr. */
bool journal_open(journal *it, const options *opts);
void journal_close(journal *it);
/* Begin a test at this moment: its id, type and number. False: the disk does
 * not take the number. */
bool journal_begin(journal *it, const options *opts, int64_t at_ms,
                   bool is_simulated);
/* Keep all, then spool the result `waiting` if there is one, then keep that. */
bool journal_commit(journal *it, uplink *up);
/* The result that is to be spooled next, copied. */
bool journal_put(journal *it, peal_val result);
