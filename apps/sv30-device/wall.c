/* SPDX-License-Identifier: MIT */
#include "wall.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

civil wall_civil(int64_t wall_ms) {
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm tm;
  if (localtime_r(&seconds, &tm) == NULL)
    return (civil){1970, 1, 1, 0, 0};
  return (civil){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min};
}

void wall_iso(char out[25], int64_t wall_ms) {
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm tm;
  char text[80];
  if (gmtime_r(&seconds, &tm) == NULL)
    memset(&tm, 0, sizeof tm);
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
           tm.tm_sec, (int)(wall_ms % 1000));
  memcpy(out, text, 24);
  out[24] = '\0';
}
