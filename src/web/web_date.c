/* SPDX-License-Identifier: MIT */
#include "web/web_date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void peal_web_date_print(char out[30], int64_t seconds) {
  static const char days[] = "SunMonTueWedThuFriSat";
  time_t at = (time_t)seconds;
  struct tm tm;
  char text[80];
  if (!gmtime_r(&at, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
    at = 0;
    gmtime_r(&at, &tm);
  }
  snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
           days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
           tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  memcpy(out, text, 29);
  out[29] = 0;
}

static bool month_of(const char *name, int *out) {
  for (int i = 0; i < 12; i++) {
    if (memcmp(months + 3 * i, name, 3) == 0) {
      *out = i;
      return true;
    }
  }
  return false;
}

/* RFC9110 5.6.7: a two-digit year more than 50 years ahead is past. */
static int full_year(int two_digits) {
  time_t now = time(NULL);
  struct tm tm;
  gmtime_r(&now, &tm);
  int year = (tm.tm_year + 1900) / 100 * 100 + two_digits;
  return year > tm.tm_year + 1900 + 50 ? year - 100 : year;
}

static bool scan(const char *text, struct tm *tm, char *month) {
  int end = -1;
  sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n",
         &tm->tm_mday, month, &tm->tm_year, &tm->tm_hour, &tm->tm_min,
         &tm->tm_sec, &end);
  if (end > 0 && !text[end])
    return true;
  sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
         &tm->tm_mday, month, &tm->tm_year, &tm->tm_hour, &tm->tm_min,
         &tm->tm_sec, &end);
  if (end > 0 && !text[end]) {
    tm->tm_year = full_year(tm->tm_year);
    return true;
  }
  sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month,
         &tm->tm_mday, &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &tm->tm_year,
         &end);
  return end > 0 && !text[end];
}

/* Since 1970; days beyond the month's end are the next one's. POSIX has no
 * timegm. Years are counted from March, so that the leap day is the last. */
static int64_t seconds_of(const struct tm *tm) {
  int64_t month = tm->tm_mon < 2 ? tm->tm_mon + 10 : tm->tm_mon - 2;
  int64_t year = tm->tm_year - (tm->tm_mon < 2);
  int64_t days = year * 365 + year / 4 - year / 100 + year / 400 +
                 (month * 153 + 2) / 5 + tm->tm_mday - 1 - 719468;
  return ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}

bool peal_web_date_parse(peal_slice text, int64_t *seconds) {
  char copy[48], month[4] = "";
  struct tm tm = {0};
  if (!text.len || text.len >= sizeof(copy) || memchr(text.ptr, 0, text.len))
    return false;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  if (!scan(copy, &tm, month) || !month_of(month, &tm.tm_mon))
    return false;
  if (tm.tm_year < 1 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
      tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
      tm.tm_sec > 60)
    return false;
  *seconds = seconds_of(&tm);
  return true;
}
