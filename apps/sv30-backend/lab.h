/* SPDX-License-Identifier: MIT */
#pragma once
/* lab: the program's one object, handed to every handler. Its parts are made
 * before the run and freed after it, so that handlers need no checks. */
#include <stdatomic.h>
#include <stdint.h>

#include <peal/kit.h>

#include "settings.h"

struct runs;

typedef struct lab {
  peal_kit house;
  settings conf;
  peal_web_limit *limit; /* of what one device sends */
  struct runs *runs;     /* which test is under way */
  peal_kit_walks files;  /* of all tests, under way */
  _Atomic int64_t mark;  /* the last one that lab_mark gave */

  /* What /health tells; worker 0 looks every second. */
  _Atomic int64_t tests, running, last_ms;
  atomic_bool is_simulated; /* the latest test is */
} lab;

/* A number that grows with every call, over restarts, too, and tells rows that
 * were written now from those that were there. Thread: any. */
int64_t lab_mark(lab *app);
