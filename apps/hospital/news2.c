/* SPDX-License-Identifier: MIT */
#include "news2.h"

#include <stdio.h>
#include <string.h>

enum { CRITICAL_SCORE = 9 };

/* Points of one sign: rows from the bottom up, each good up to `to`; the chart
 * has whole numbers (temperature: tenths), so what lies between two rows
 * belongs to the upper one. */
typedef struct row {
  double to;
  int points;
} row;

#define ABOVE 1e9

static const row respiration[] = {
    {8, 3}, {11, 1}, {20, 0}, {24, 2}, {ABOVE, 3}};
static const row spo2[] = {{91, 3}, {93, 2}, {95, 1}, {ABOVE, 0}};
static const row systolic[] = {
    {90, 3}, {100, 2}, {110, 1}, {219, 0}, {ABOVE, 3}};
static const row pulse[] = {{40, 3},  {50, 1},  {90, 0},
                            {110, 1}, {130, 2}, {ABOVE, 3}};
static const row temperature[] = {
    {35.0, 3}, {36.0, 1}, {38.0, 0}, {39.0, 1}, {ABOVE, 2}};

static int points_of(const row *rows, double value) {
  // 35.0 that came through arithmetic is 35.0
  const double grain = 1e-6;
  while (value > rows->to + grain)
    rows++;
  return rows->points;
}

void news2_score(news2_result *out, const news2_vitals *v) {
  bool any_three = false;
  *out = (news2_result){
      .points = {[NEWS2_RESPIRATION] = points_of(respiration, v->respiration),
                 [NEWS2_SPO2] = points_of(spo2, v->spo2),
                 [NEWS2_OXYGEN] = v->on_oxygen ? 2 : 0,
                 [NEWS2_SYSTOLIC] = points_of(systolic, v->systolic),
                 [NEWS2_PULSE] = points_of(pulse, v->heart_rate),
                 [NEWS2_CONSCIOUSNESS] = v->mind == NEWS2_ALERT ? 0 : 3,
                 [NEWS2_TEMPERATURE] = points_of(temperature, v->temperature)}};
  for (int i = 0; i < NEWS2_SIGNS; i++) {
    out->score += out->points[i];
    any_three = any_three || out->points[i] == 3;
  }
  out->level = out->score >= CRITICAL_SCORE || v->mind == NEWS2_UNRESPONSIVE
                   ? NEWS2_CRITICAL
               : out->score >= 7              ? NEWS2_HIGH
               : out->score >= 5 || any_three ? NEWS2_MEDIUM
                                              : NEWS2_LOW;
}

/* ---- words ------------------------------------------------------------------ */

static const char *const minds[NEWS2_MINDS] = {"alert", "confused", "voice",
                                               "pain", "unresponsive"};

static bool is_same(peal_slice word, const char *name) {
  size_t len = strlen(name);
  if (word.len != len)
    return false;
  for (size_t i = 0; i < len; i++)
    if ((word.ptr[i] | 0x20) != name[i])
      return false;
  return true;
}

news2_mind news2_mind_of(peal_slice word) {
  for (int i = 0; i < NEWS2_MINDS; i++) {
    char letter[2] = {minds[i][0], '\0'};
    if (is_same(word, minds[i]) || is_same(word, letter))
      return (news2_mind)i;
  }
  return NEWS2_MINDS;
}

const char *news2_mind_name(news2_mind mind) {
  return mind < NEWS2_MINDS ? minds[mind] : "";
}

const char *news2_level_name(news2_level level) {
  static const char *const names[] = {"low", "medium", "high", "critical"};
  return names[level];
}

const char *news2_sign_name(news2_sign sign) {
  static const char *const names[NEWS2_SIGNS] = {
      "respiration", "spo2",          "on_oxygen",  "systolic",
      "heart_rate",  "consciousness", "temperature"};
  return names[sign];
}

void news2_reason(char *out, size_t cap, const news2_vitals *v, news2_sign sign,
                  int points) {
  static const struct {
    const char *name, *unit;
  } words[NEWS2_SIGNS] = {{"respiration", " per minute"},
                          {"oxygen saturation", " %"},
                          {"on oxygen", ""},
                          {"systolic pressure", " mmHg"},
                          {"pulse", " per minute"},
                          {"consciousness", ""},
                          {"temperature", " \u00b0C"}};

  const double values[NEWS2_SIGNS] = {v->respiration, v->spo2,       0,
                                      v->systolic,    v->heart_rate, 0,
                                      v->temperature};
  const char *many = points == 1 ? "" : "s";
  if (sign == NEWS2_OXYGEN)
    snprintf(out, cap, "on oxygen (%d point%s)", points, many);
  else if (sign == NEWS2_CONSCIOUSNESS)
    snprintf(out, cap, "consciousness: %s (%d point%s)",
             news2_mind_name(v->mind), points, many);
  else
    snprintf(out, cap, "%s %g%s (%d point%s)", words[sign].name, values[sign],
             words[sign].unit, points, many);
}
