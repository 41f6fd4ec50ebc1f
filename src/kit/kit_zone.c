/* SPDX-License-Identifier: MIT */
/* kit_zone: the time zone of the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <peal/kit_small.h>

#define FOLDER "/usr/share/zoneinfo/"

enum { MAX_HOURS = 14 };

static bool use(const char *tz) {
  if (setenv("TZ", tz, 1) != 0)
    return false;
  tzset();
  return true;
}

/* -1: they are no two digits. */
static int two_digits(const char *text) {
  if (strspn(text, "0123456789") < 2)
    return -1;
  return (text[0] - '0') * 10 + text[1] - '0';
}

/* "+05:30": what is ahead of UTC is minus in the way of POSIX, which counts to
 * the west. */
static bool use_offset(const char *name) {
  char tz[64];
  if (strlen(name) != 6 || name[3] != ':')
    return false;
  int hours = two_digits(name + 1), minutes = two_digits(name + 4);
  if (hours < 0 || hours > MAX_HOURS || minutes < 0 || minutes > 59)
    return false;
  snprintf(tz, sizeof tz, "<%.3s%02d>%c%02d:%02d", name, minutes,
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
bool peal_kit_zone_set(const char *name) {
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
