/* SPDX-License-Identifier: MIT */
/* web_time: times of the calendar as text and back (ISO 8601). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <peal/web.h>

void peal_web_time_iso(char out[25], int64_t wall_ms) {
  int64_t seconds = wall_ms / 1000;
  int64_t rest = wall_ms % 1000;
  if (rest < 0) {
    rest += 1000;
    seconds--;
  }
  struct tm tm;
  time_t at = (time_t)seconds;
  /* Four digits of the year: RFC3339 5.6. */
  if (!gmtime_r(&at, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
    memset(&tm, 0, sizeof(tm));
  char text[80];
  snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
           tm.tm_sec, (int)rest);
  memcpy(out, text, 24);
  out[24] = 0;
}
