/* SPDX-License-Identifier: MIT */
#pragma once
/* course: which test is under way, told by what the pipeline measures and when.
 * All Thread: pure. */
#include <stdint.h>

#include <peal/val.h>

#include "test_id.h"

typedef struct course {
  char id[TEST_ID_BYTES]; /* of the last test; empty: there was none */
  char type[17];
  int64_t started_ms; /* wall clock */
  bool is_running;
} course;

typedef enum course_step {
  COURSE_NOTHING, /* between beginning and end: nothing is sent */
  COURSE_BEGIN,   /* a test begins: t=0 */
  COURSE_CORRECT, /* what was said of its beginning was measured anew: t=0 */
  COURSE_END,     /* it ends, or its end was measured anew: t=30 */
  COURSE_END_ONLY /* a test ends of which nothing is known: t=30 */
} course_step;

/* Something was measured at `at_ms`; `t_min` says what it is: 0 begins a test, or
 * within 2 minutes corrects the beginning; 30 ends it, or within 45 minutes of
 * the beginning corrects the end. With MEASURE_NONE a test begins if none runs,
 * and ends with what is measured 29 minutes later or more; what comes 45
 * minutes later begins the next one. */
course_step course_next(const course *it, int64_t at_ms, int t_min);
/* How far it is, in seconds; -1: no test runs. */
int64_t course_second(const course *it, int64_t now_ms);

/* A clock on the wall beside one that is never set. {0}: not looked at yet. */
typedef struct course_clock {
  int64_t apart_ms;
  bool is_known;
} course_clock;

/* By how much the clock on the wall was set since the last call; 0: it goes as
 * the steady one does, give or take 2 seconds, or this is the first call. */
int64_t course_clock_step(course_clock *it, int64_t wall_ms, int64_t steady_ms);
/* The clock on the wall was set: the test began as long ago as it did before. */
void course_shift(course *it, int64_t by_ms);

/* As kept over restarts, and read again (false: it is none). */
peal_val course_val(peal_build *build, const course *it);
bool course_read(course *out, peal_val from);
