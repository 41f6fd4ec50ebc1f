/* SPDX-License-Identifier: MIT */
#include "test_id.h"

#include <stdio.h>
#include <string.h>

enum { MORNING_HOUR = 6, AFTERNOON_HOUR = 14, EVENING_HOUR = 22 };

char test_id_letter(civil at) {
  if (at.hour >= MORNING_HOUR && at.hour < AFTERNOON_HOUR)
    return 'M';
  return at.hour >= AFTERNOON_HOUR && at.hour < EVENING_HOUR ? 'A' : 'E';
}

const char *test_id_type(civil at) {
  char letter = test_id_letter(at);
  return letter == 'M' ? "morning" : letter == 'A' ? "afternoon" : "evening";
}

static int days_of(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : days[month - 1];
}

static civil day_before(civil at) {
  if (--at.day > 0)
    return at;
  if (--at.month == 0) {
    at.month = 12;
    at.year--;
  }
  at.day = days_of(at.year, at.month);
  return at;
}

void test_id_day(char out[TEST_ID_DAY_BYTES], civil at) {
  char text[40];
  if (at.hour < MORNING_HOUR)
    at = day_before(at);
  snprintf(text, sizeof text, "%04d-%02d-%02d", at.year, at.month, at.day);
  memcpy(out, text, TEST_ID_DAY_BYTES - 1);
  out[TEST_ID_DAY_BYTES - 1] = '\0';
}

void test_id_make(char out[TEST_ID_BYTES], bool is_simulated, civil at,
                  unsigned number) {
  char day[TEST_ID_DAY_BYTES];
  test_id_day(day, at);
  snprintf(out, TEST_ID_BYTES, "%sSV30-%s-%03u-%c", is_simulated ? "SIM-" : "",
           day, number, test_id_letter(at));
}

bool test_id_is_good(const char *id) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
  size_t len = strlen(id);
  return len > 0 && len < TEST_ID_BYTES && strspn(id, allowed) == len;
}
