/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <stdio.h>
#include <string.h>

#include <peal/kit.h>

enum { FIRST_CLEAR = 6, FIRST_SLUDGE = 9, COLOURS = 3, END_MIN = 30 };

#define MAX_MM 2000 /* a cylinder of a litre is 350 high */

#define HEIGHT_MM .type = PEAL_DOUBLE, .range = PEAL_KIT_BETWEEN(0, MAX_MM)

static bool is_id(peal_val value) {
  return sample_id_is_good(peal_val_str(value));
}

static bool is_seen(peal_val value) {
  return peal_kit_device_id_is_good(peal_val_str(value));
}

static bool is_end(peal_val value) {
  int64_t t_min = peal_val_int(value, -1);
  return t_min == 0 || t_min == END_MIN;
}

/* A date alone would be midnight, which nobody meant. */
static bool is_time(peal_val value) {
  int64_t ms;
  peal_slice text = peal_val_str(value);
  return text.len >= sizeof "2026-01-31T12:00" - 1 &&
         peal_kit_span_time_parse(&ms, text);
}

#define COLOUR .type = PEAL_DOUBLE, .range = PEAL_KIT_BETWEEN(0, 255)

static const peal_kit_field colours[COLOURS + 1] = {
    {.name = "r", COLOUR}, {.name = "g", COLOUR}, {.name = "b", COLOUR}, {0}};

#define TEST_ID                                                                \
  {                                                                            \
    .name = "testId", .type = PEAL_STRING, .is_good = is_id,                   \
    .words = "1 to 64 letters, digits, or any of - _ . :"                      \
  }

static const peal_kit_field fields[] = {
    TEST_ID,
    {.name = "timestamp",
     .type = PEAL_STRING,
     .max_len = 40,
     .is_good = is_time,
     .words = "a time such as 2026-01-31T12:00:00.000Z"},
    {.name = "testType",
     .type = PEAL_STRING,
     .min_len = 1,
     .max_len = SAMPLE_TYPE_BYTES - 1,
     .is_good = is_seen,
     .words = "text that can be seen"},
    {.name = "t_min", .type = PEAL_INT, .is_good = is_end, .words = "0 or 30"},
    {.name = "sludge_height_mm", HEIGHT_MM},
    {.name = "mixture_height_mm", HEIGHT_MM},
    {.name = "sv30_height_mm", HEIGHT_MM, .optional = true},
    {.name = "velocity_mm_per_min",
     .type = PEAL_DOUBLE,
     .optional = true,
     .range = PEAL_KIT_BETWEEN(-MAX_MM, MAX_MM)},
    {.name = "floc_count",
     .type = PEAL_INT,
     .optional = true,
     .range = PEAL_KIT_BETWEEN(0, 1e9)},
    {.name = "floc_avg_size_mm",
     .type = PEAL_DOUBLE,
     .optional = true,
     .range = PEAL_KIT_BETWEEN(0, 1000)},
    {.name = "rgb_clear_zone",
     .type = PEAL_OBJECT,
     .optional = true,
     .fields = colours},
    {.name = "rgb_sludge_zone",
     .type = PEAL_OBJECT,
     .optional = true,
     .fields = colours},
    {0}};

static const peal_kit_field height_fields[] = {
    TEST_ID,
    {.name = "t_s",
     .type = PEAL_DOUBLE,
     .range = PEAL_KIT_BETWEEN(0, SAMPLE_MAX_S)},
    {.name = "height_mm", HEIGHT_MM},
    {0}};

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

/* The text of a member that is right. */
static void read_text(char *out, size_t cap, peal_val said, const char *name) {
  snprintf(out, cap, "%.*s", PEAL_SFMT(peal_val_str(peal_val_get(said, name))));
}

/* Three values from `at` on; without the object they stay null. */
static void read_colour(sample *out, peal_val said, const char *name, int at) {
  peal_val zone = peal_val_get(said, name);
  for (int i = 0; i < COLOURS && peal_val_is(zone, PEAL_OBJECT); i++)
    out->values[at + i] = peal_val_get(zone, colours[i].name);
}

bool sample_read(sample *out, peal_val said, peal_kit_refusal *why) {
  *out = (sample){.t_min = 0};
  if (!peal_kit_check(said, fields, PEAL_KIT_IGNORE_OTHERS, why))
    return false;
  for (int i = 0; i < SAMPLE_VALUES; i++)
    out->values[i] = peal_null();
  for (int i = 0; i < FIRST_CLEAR; i++) {
    peal_val value = peal_val_get(said, fields[4 + i].name);
    if (peal_val_is_number(value))
      out->values[i] = value;
  }
  read_text(out->test_id, sizeof out->test_id, said, "testId");
  read_text(out->type, sizeof out->type, said, "testType");
  out->t_min = peal_val_int(peal_val_get(said, "t_min"), 0);
  read_colour(out, said, "rgb_clear_zone", FIRST_CLEAR);
  read_colour(out, said, "rgb_sludge_zone", FIRST_SLUDGE);
  return peal_kit_span_time_parse(
      &out->ts, peal_val_str(peal_val_get(said, "timestamp")));
}

bool sample_height_read(sample_height *out, peal_val said,
                        peal_kit_refusal *why) {
  *out = (sample_height){.t_s = 0};
  if (peal_val_is_number(said)) {
    out->mm = peal_val_double(said, -1);
    if (out->mm >= 0 && out->mm <= MAX_MM)
      return true;
    peal_kit_refusal_set(why, 422, "height_mm",
                         "height_mm must be from 0 to %d", MAX_MM);
    return false;
  }
  if (!peal_kit_check(said, height_fields, PEAL_KIT_IGNORE_OTHERS, why))
    return false;
  out->t_s = (int64_t)peal_val_double(peal_val_get(said, "t_s"), 0);
  out->mm = peal_val_double(peal_val_get(said, "height_mm"), 0);
  read_text(out->test_id, sizeof out->test_id, said, "testId");
  return true;
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
