/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdio.h>

enum { END_MIN = 30, MAX_COLOUR = 255 };

#define MAX_MM 2000 /* a cylinder of a litre is 350 high */

typedef struct reader {
  char *why;
  size_t cap;
  bool failed;
} reader;

static void fail(reader *r, const char *name, const char *expected) {
  if (!r->failed)
    snprintf(r->why, r->cap, "%s must be %s", name, expected);
  r->failed = true;
}

/* A number from 0 to `max`; -1 if it may be absent, and is. */
static double number(reader *r, peal_val from, const char *name, double max,
                     bool is_needed) {
  char expected[64];
  peal_val value = peal_val_get(from, name);
  bool is_absent =
      peal_val_is(value, PEAL_UNDEFINED) || peal_val_is(value, PEAL_NULL);
  double found = peal_val_double(value, -1);
  if (is_absent && !is_needed)
    return -1;
  if (found >= 0 && found <= max)
    return found;
  snprintf(expected, sizeof expected, "a number from 0 to %.0f", max);
  fail(r, name, expected);
  return -1;
}

static void read_velocity(reader *r, measure *out, peal_val from) {
  peal_val value = peal_val_get(from, "velocity_mm_per_min");
  out->has_velocity = peal_val_is_number(value);
  out->velocity = peal_val_double(value, 0);
  bool is_absent =
      peal_val_is(value, PEAL_UNDEFINED) || peal_val_is(value, PEAL_NULL);
  bool is_right = out->velocity >= -MAX_MM && out->velocity <= MAX_MM;
  if ((!out->has_velocity && !is_absent) || !is_right)
    fail(r, "velocity_mm_per_min", "a number");
}

static peal_val colour_at(peal_val zone, int index) {
  static const char *const names[] = {"r", "g", "b"};
  return peal_val_is(zone, PEAL_ARRAY) ? peal_val_at(zone, (size_t)index)
                                       : peal_val_get(zone, names[index]);
}

/* `name` begins with "rgb_". */
static bool read_colour(reader *r, int out[3], peal_val from,
                        const char *name) {
  peal_val zone = peal_val_get(from, name);
  if (peal_val_is(zone, PEAL_UNDEFINED))
    zone = peal_val_get(from, name + 4);
  if (peal_val_is(zone, PEAL_UNDEFINED) || peal_val_is(zone, PEAL_NULL))
    return false;
  for (int i = 0; i < 3; i++) {
    double value = peal_val_double(colour_at(zone, i), -1);
    if (!(value >= 0 && value <= MAX_COLOUR)) {
      fail(r, name, "r, g and b from 0 to 255");
      return false;
    }
    out[i] = (int)(value + 0.5);
  }
  return true;
}

static int read_minute(reader *r, peal_val from) {
  peal_val value = peal_val_get(from, "t_min");
  int64_t minute = peal_val_int(value, MEASURE_NONE);
  if (peal_val_is(value, PEAL_UNDEFINED) || peal_val_is(value, PEAL_NULL))
    return MEASURE_NONE;
  if (minute != 0 && minute != END_MIN)
    fail(r, "t_min", "0 or 30");
  return (int)minute;
}

bool measure_read(measure *out, peal_val metrics, peal_val rgb, char *why,
                  size_t cap) {
  reader r = {why, cap, false};
  *out = (measure){0};
  if (!peal_val_is(metrics, PEAL_OBJECT))
    fail(&r, "the metrics", "an object");
  out->sludge_mm = number(&r, metrics, "sludge_height_mm", MAX_MM, true);
  out->mixture_mm = number(&r, metrics, "mixture_height_mm", MAX_MM, true);
  out->sv30_mm = number(&r, metrics, "sv30_height_mm", MAX_MM, false);
  out->floc_count = (int64_t)number(&r, metrics, "floc_count", 1e9, false);
  out->floc_mm = number(&r, metrics, "floc_avg_size_mm", 1000, false);
  read_velocity(&r, out, metrics);
  out->t_min = read_minute(&r, metrics);
  out->has_clear = read_colour(&r, out->clear, rgb, "rgb_clear_zone");
  out->has_sludge = read_colour(&r, out->sludge, rgb, "rgb_sludge_zone");
  return !r.failed;
}

/* Undefined is left out. */
static peal_val or_nothing(double value) {
  return value < 0 ? peal_undefined() : peal_double(value);
}

static peal_val colour_val(peal_build *build, bool is_there,
                           const int colour[3]) {
  if (!is_there)
    return peal_undefined();
  return peal_build_keep(build, PEAL_OBJECT({"r", peal_int(colour[0])},
                                            {"g", peal_int(colour[1])},
                                            {"b", peal_int(colour[2])}));
}

peal_val measure_result(peal_build *build, const measure *of,
                        const char *test_id, const char *type,
                        const char *timestamp, int t_min) {
  double sv30 = of->sv30_mm < 0 && t_min > 0 ? of->sludge_mm : of->sv30_mm;
  return peal_build_keep(
      build,
      PEAL_OBJECT(
          {"testId", peal_str(test_id)}, {"timestamp", peal_str(timestamp)},
          {"testType", peal_str(type)}, {"t_min", peal_int(t_min)},
          {"sludge_height_mm", peal_double(of->sludge_mm)},
          {"mixture_height_mm", peal_double(of->mixture_mm)},
          {"sv30_height_mm", or_nothing(sv30)},
          {"velocity_mm_per_min",
           of->has_velocity ? peal_double(of->velocity) : peal_undefined()},
          {"floc_count",
           of->floc_count < 0 ? peal_undefined() : peal_int(of->floc_count)},
          {"floc_avg_size_mm", or_nothing(of->floc_mm)},
          {"rgb_clear_zone", colour_val(build, of->has_clear, of->clear)},
          {"rgb_sludge_zone", colour_val(build, of->has_sludge, of->sludge)}));
}
