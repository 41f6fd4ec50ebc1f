/* SPDX-License-Identifier: MIT */
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOLDER "/usr/share/zoneinfo/"

static bool use(const char *tz) {
  if (setenv("TZ", tz, 1) != 0)
    return false;
  tzset();
  return true;
}

/* "+05:30": behind UTC is minus there, and POSIX has it the other way. */
static bool use_offset(const char *name) {
  int hours, minutes, used = 0;
  char tz[64];
  if (sscanf(name + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
      name[1 + used] != '\0' || hours < 0 || hours > 14 || minutes < 0 ||
      minutes > 59)
    return false;
  snprintf(tz, sizeof tz, "<%c%02d%02d>%c%02d:%02d", name[0], hours, minutes,
           name[0] == '+' ? '-' : '+', hours, minutes);
  return use(tz);
}

/* Folders of zones, and lists of them, are no zone: the C library would take
 * them for UTC. RFC8536 3.1 */
static bool is_zone_file(const char *path) {
  char magic[4] = "";
  FILE *file = fopen(path, "rbe");
  bool is_whole = file != NULL && fread(magic, 1, 4, file) == 4;
  if (file != NULL)
    fclose(file);
  return is_whole && memcmp(magic, "TZif", 4) == 0;
}

/* A name that the system does not know would silently be UTC. */
bool zone_set(const char *name) {
  char path[256], tz[256];
  if (name[0] == '+' || name[0] == '-')
    return use_offset(name);
  if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL)
    return false;
  if (strcmp(name, "UTC") == 0)
    return use("UTC0");
  int len = snprintf(path, sizeof path, FOLDER "%s", name);
  if (len < 0 || (size_t)len >= sizeof path || !is_zone_file(path))
    return false;
  snprintf(tz, sizeof tz, ":%s", name);
  return use(tz);
}

civil zone_civil(int64_t wall_ms) {
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm tm;
  if (localtime_r(&seconds, &tm) == NULL)
    return (civil){1970, 1, 1, 0, 0};
  return (civil){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min};
}

void zone_iso(char out[25], int64_t wall_ms) {
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
