/* SPDX-License-Identifier: MIT */
#pragma once
/* shift: morning, afternoon or evening, which a test has in its type and in its
 * id. Where they do not fit the time of a result, a clock is wrong. */
#include <stdint.h>

#include <peal/base.h>

typedef enum shift {
  SHIFT_UNKNOWN,
  SHIFT_MORNING,   /* 06:00 to 13:59 */
  SHIFT_AFTERNOON, /* 14:00 to 21:59 */
  SHIFT_EVENING,   /* 22:00 to 05:59 */
} shift;

/* Of a moment in ms since 1970, in the zone of the process (peal_kit_zone_set). Thread:
 * any. */
shift shift_of_time(int64_t wall_ms);
/* The hours and minutes of it, "14:05". Thread: any. */
void shift_clock(char out[8], int64_t wall_ms);
/* Of a testType: a word such as "morning", in any case, or its first letter.
 * Thread: pure. */
shift shift_of_type(peal_slice type);
/* Of a test id that ends with -M, -A or -E. Thread: pure. */
shift shift_of_id(peal_slice test_id);
/* Its word. Thread: pure. */
const char *shift_word(shift of);

/* What is wrong with the clock that wrote this result, in words; false: nothing
 * is. The type is fixed when a test starts, so of its end (`t_min` minutes
 * later) the shift of the start counts, too. Thread: any. */
bool shift_warning(char *out, size_t cap, peal_slice test_id, peal_slice type,
                   int64_t wall_ms, int64_t t_min, int64_t now_ms,
                   const char *zone);
