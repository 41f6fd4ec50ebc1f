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

/* As kept over restarts, and read again (false: it is none). */
peal_val course_val(peal_build *build, const course *it);
bool course_read(course *out, peal_val from);
