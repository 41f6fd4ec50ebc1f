/* SPDX-License-Identifier: MIT */
#pragma once
/* test_id: SV30-YYYY-MM-DD-NNN-{M,A,E}, the name of a test, fixed when it
 * begins. All Thread: pure.
 *
 *   06:00-13:59  M  morning
 *   14:00-21:59  A  afternoon
 *   22:00-05:59  E  evening: behind midnight it has the date on which it began
 *
 * NNN counts the tests of a date. Of a simulated test SIM- stands in front. */
#include <stdbool.h>

/* A date and hour as a clock on the wall shows them. */
typedef struct civil {
  int year, month, day; /* 2026, 1 to 12, 1 to 31 */
  int hour, minute;
} civil;

enum {
  TEST_ID_BYTES = 65, /* with the terminator; what a backend takes */
  TEST_ID_DAY_BYTES = 11,
  TEST_ID_MAX = 999 /* NNN; what is beyond has more digits */
};

/* 'M', 'A' or 'E'. */
char test_id_letter(civil at);
/* "morning", "afternoon", "evening": the type of a test. */
const char *test_id_type(civil at);
/* The date that a test which begins then is counted under, "2026-01-31". */
void test_id_day(char out[TEST_ID_DAY_BYTES], civil at);
void test_id_make(char out[TEST_ID_BYTES], bool is_simulated, civil at,
                  unsigned number);
/* May it be an id: 1 to 64 letters, digits, or any of - _ . : */
bool test_id_is_good(const char *id);
