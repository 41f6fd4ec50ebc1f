/* SPDX-License-Identifier: MIT */
#include "wall.h"

#include <time.h>

civil wall_civil(int64_t wall_ms) {
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm tm;
  if (localtime_r(&seconds, &tm) == NULL)
    return (civil){1970, 1, 1, 0, 0};
  return (civil){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min};
}
