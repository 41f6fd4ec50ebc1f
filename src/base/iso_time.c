/* SPDX-License-Identifier: MIT */
#include "base/iso_time.h"

#include <stdbool.h>

#define MS_PER_DAY 86400000
#define DAYS_PER_ERA 146097 /* 400 years of the Gregorian calendar */
/* From the first of March of the year 0 to 1970. */
#define EPOCH_DAYS 719468

typedef struct iso_date {
  int64_t year;
  int64_t month, day;
} iso_date;

/* The year begins in March here, so that the odd day is its last. */
static iso_date date_of(int64_t days) {
  days += EPOCH_DAYS;
  int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
  int64_t rest = days - era * DAYS_PER_ERA;
  int64_t year =
      (rest - rest / 1460 + rest / 36524 - rest / (DAYS_PER_ERA - 1)) / 365;
  int64_t day = rest - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * day + 2) / 153; /* five months have 153 days */
  return (iso_date){
      .year = year + era * 400 + (month >= 10),
      .month = month < 10 ? month + 3 : month - 9,
      .day = day - (153 * month + 2) / 5 + 1,
  };
}

static char *put(char *at, int64_t value, int digits, char behind) {
  for (int i = digits; i-- > 0; value /= 10)
    at[i] = (char)('0' + value % 10);
  at[digits] = behind;
  return at + digits + 1;
}

void peal_iso_time(char out[PEAL_ISO_TIME_BYTES], int64_t wall_ms) {
  int64_t days = wall_ms / MS_PER_DAY, ms = wall_ms % MS_PER_DAY;
  if (ms < 0) {
    ms += MS_PER_DAY;
    days--;
  }
  /* 9999-12-31 and 0000-01-01 */
  bool has_text = days <= 2932896 && days >= -719528;
  iso_date date = date_of(has_text ? days : 0);
  ms = has_text ? ms : 0;
  char *at = put(out, date.year, 4, '-');
  at = put(at, date.month, 2, '-');
  at = put(at, date.day, 2, 'T');
  at = put(at, ms / 3600000, 2, ':');
  at = put(at, ms / 60000 % 60, 2, ':');
  at = put(at, ms / 1000 % 60, 2, '.');
  at = put(at, ms % 1000, 3, 'Z');
  *at = 0;
}
