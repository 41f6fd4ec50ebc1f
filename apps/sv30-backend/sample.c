/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <stdio.h>
#include <string.h>

#include <peal/kit.h>

enum { FIRST_CLEAR = 6, FIRST_SLUDGE = 9, COLOURS = 3, END_MIN = 30 };

#define MAX_MM 2000 /* a cylinder of a litre is 350 high */

static const peal_web_field fields[] = {
    {.name = "testId", .type = PEAL_STRING, .not_empty = true, .max_len = 64},
    {.name = "timestamp", .type = PEAL_STRING, .max_len = 40},
    {.name = "testType",
     .type = PEAL_STRING,
     .not_empty = true,
     .max_len = SAMPLE_TYPE_BYTES - 1},
    {.name = "t_min", .type = PEAL_INT, .min = 0, .max = END_MIN},
    {.name = "sludge_height_mm", .type = PEAL_DOUBLE, .min = 0, .max = MAX_MM},
    {.name = "mixture_height_mm", .type = PEAL_DOUBLE, .min = 0, .max = MAX_MM},
    {.name = "sv30_height_mm",
     .type = PEAL_DOUBLE,
     .optional = true,
     .min = 0,
     .max = MAX_MM},
    {.name = "velocity_mm_per_min",
     .type = PEAL_DOUBLE,
     .optional = true,
     .min = -MAX_MM,
     .max = MAX_MM},
    {.name = "floc_count",
     .type = PEAL_INT,
     .optional = true,
     .min = 0,
     .max = 1e9},
    {.name = "floc_avg_size_mm",
     .type = PEAL_DOUBLE,
     .optional = true,
     .min = 0,
     .max = 1000},
    {.name = "rgb_clear_zone", .type = PEAL_OBJECT, .optional = true},
    {.name = "rgb_sludge_zone", .type = PEAL_OBJECT, .optional = true},
};

static const peal_web_field colours[COLOURS] = {
    {.name = "r", .type = PEAL_DOUBLE, .min = 0, .max = 255},
    {.name = "g", .type = PEAL_DOUBLE, .min = 0, .max = 255},
    {.name = "b", .type = PEAL_DOUBLE, .min = 0, .max = 255},
};

static const peal_web_field height_fields[] = {
    {.name = "testId", .type = PEAL_STRING, .not_empty = true, .max_len = 64},
    {.name = "t_s", .type = PEAL_DOUBLE, .min = 0, .max = SAMPLE_MAX_S},
    {.name = "height_mm", .type = PEAL_DOUBLE, .min = 0, .max = MAX_MM},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

bool sample_id_is_good(peal_slice id) {
  if (id.len == 0 || id.len >= SAMPLE_ID_BYTES)
    return false;
  for (size_t i = 0; i < id.len; i++) {
    char c = id.ptr[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool is_digit = c >= '0' && c <= '9';
    if (!is_letter && !is_digit && (c == '\0' || strchr("-_.:", c) == NULL))
      return false;
  }
  return true;
}

static bool read_id(char out[SAMPLE_ID_BYTES], peal_val said,
                    peal_kit_refusal *why) {
  peal_slice id = peal_val_str(peal_val_get(said, "testId"));
  if (!sample_id_is_good(id)) {
    peal_kit_refusal_set(
        why, 422, "testId",
        "testId must be 1 to 64 letters, digits, or any of - _ . :");
    return false;
  }
  snprintf(out, SAMPLE_ID_BYTES, "%.*s", PEAL_SFMT(id));
  return true;
}

/* Three values from `at` on; without the object they stay null. */
static bool read_colour(sample *out, peal_val said, const char *name, int at,
                        peal_kit_refusal *why) {
  peal_val zone = peal_val_get(said, name);
  peal_web_problem problem;
  if (!peal_val_is(zone, PEAL_OBJECT))
    return true;
  if (!peal_web_fields_check(zone, colours, COLOURS, &problem)) {
    peal_kit_refusal_set(why, 422, name, "%s: %s", name, problem.message);
    return false;
  }
  for (int i = 0; i < COLOURS; i++)
    out->values[at + i] = peal_val_get(zone, colours[i].name);
  return true;
}

static bool read_type(sample *out, peal_val said, peal_kit_refusal *why) {
  peal_slice type = peal_val_str(peal_val_get(said, "testType"));
  snprintf(out->type, sizeof out->type, "%.*s", PEAL_SFMT(type));
  if (peal_kit_device_id_is_good(type))
    return true;
  peal_kit_refusal_set(why, 422, "testType",
                       "testType must be text that can be seen");
  return false;
}

static bool read_times(sample *out, peal_val said, peal_kit_refusal *why) {
  peal_slice text = peal_val_str(peal_val_get(said, "timestamp"));
  out->t_min = peal_val_int(peal_val_get(said, "t_min"), -1);
  // a date alone would be midnight, which nobody meant
  if (text.len < sizeof "2026-01-31T12:00" - 1 ||
      !peal_kit_span_time_parse(&out->ts, text))
    peal_kit_refusal_set(
        why, 422, "timestamp",
        "timestamp must be a time such as 2026-01-31T12:00:00.000Z");
  else if (out->t_min != 0 && out->t_min != END_MIN)
    peal_kit_refusal_set(why, 422, "t_min", "t_min must be 0 or 30");
  else
    return true;
  return false;
}

bool sample_read(sample *out, peal_val said, peal_kit_refusal *why) {
  peal_web_problem problem;
  *out = (sample){.t_min = 0};
  if (!peal_web_fields_check(said, fields, COUNT(fields), &problem)) {
    peal_kit_refusal_set(why, 422, problem.field, "%s", problem.message);
    return false;
  }
  for (int i = 0; i < SAMPLE_VALUES; i++)
    out->values[i] = peal_null();
  for (int i = 0; i < FIRST_CLEAR; i++) {
    peal_val value = peal_val_get(said, fields[4 + i].name);
    if (peal_val_is_number(value))
      out->values[i] = value;
  }
  return read_id(out->test_id, said, why) && read_type(out, said, why) &&
         read_times(out, said, why) &&
         read_colour(out, said, "rgb_clear_zone", FIRST_CLEAR, why) &&
         read_colour(out, said, "rgb_sludge_zone", FIRST_SLUDGE, why);
}

bool sample_height_read(sample_height *out, peal_val said,
                        peal_kit_refusal *why) {
  peal_web_problem problem;
  *out = (sample_height){.t_s = 0};
  if (peal_val_is_number(said)) {
    out->mm = peal_val_double(said, -1);
    if (out->mm >= 0 && out->mm <= MAX_MM)
      return true;
    peal_kit_refusal_set(why, 422, "height_mm",
                         "height_mm must be from 0 to %d", MAX_MM);
    return false;
  }
  if (!peal_web_fields_check(said, height_fields, COUNT(height_fields),
                             &problem)) {
    peal_kit_refusal_set(why, 422, problem.field, "%s", problem.message);
    return false;
  }
  out->t_s = (int64_t)peal_val_double(peal_val_get(said, "t_s"), 0);
  out->mm = peal_val_double(peal_val_get(said, "height_mm"), 0);
  return read_id(out->test_id, said, why);
}

/* ---- and back ------------------------------------------------------------------ */

static peal_val colour_val(peal_build *build, const peal_val *rgb) {
  if (!peal_val_is_number(rgb[0]))
    return peal_null();
  return peal_build_keep(
      build, PEAL_OBJECT({"r", rgb[0]}, {"g", rgb[1]}, {"b", rgb[2]}));
}

/* Of the volume that was filled, in percent: SV30. Only the end has one. */
static peal_val percent_of(const peal_val *values, int64_t t_min) {
  double settled = peal_val_double(values[2], 0);
  if (settled <= 0)
    settled = peal_val_double(values[0], 0);
  double whole = peal_val_double(values[1], 0);
  if (t_min != END_MIN || whole <= 0)
    return peal_null();
  return peal_double((double)(int64_t)(settled / whole * 1000 + 0.5) / 10);
}

peal_val sample_val(peal_build *build, peal_slice test_id, peal_slice type,
                    int64_t ts, int64_t t_min, const peal_val *values,
                    peal_val warning) {
  char timestamp[25];
  peal_web_time_iso(timestamp, ts);
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "testId", peal_str_slice(test_id));
  peal_pairs_add(pairs, "timestamp",
                 peal_build_copy(build, peal_str(timestamp)));
  peal_pairs_add(pairs, "testType", peal_str_slice(type));
  peal_pairs_add(pairs, "t_min", peal_int(t_min));
  for (int i = 0; i < FIRST_CLEAR; i++)
    peal_pairs_add(pairs, fields[4 + i].name, values[i]);
  peal_pairs_add(pairs, "rgb_clear_zone",
                 colour_val(build, values + FIRST_CLEAR));
  peal_pairs_add(pairs, "rgb_sludge_zone",
                 colour_val(build, values + FIRST_SLUDGE));
  peal_pairs_add(pairs, "sv30_percent", percent_of(values, t_min));
  peal_pairs_add(pairs, "warning", warning);
  peal_pairs_add(pairs, "simulated",
                 peal_bool(peal_kit_device_id_is_simulated(test_id)));
  return peal_pairs_val(pairs);
}
