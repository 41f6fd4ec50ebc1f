/* SPDX-License-Identifier: MIT */
#include "bands.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include <strings.h>

typedef struct unit {
  const char *name;
  double factor, offset; /* own = sent * factor + offset */
} unit;

enum { MAX_UNITS = 7 };

typedef struct metric_info {
  const char *name, *words, *unit, *units;
  bands_range range;
  double margin;
  unit known[MAX_UNITS];
} metric_info;

/* Sources of the bands:
 *
 *   NEWS2   Royal College of Physicians, National Early Warning Score 2 (2017):
 *           a score of 3 of one sign alone is critical, one of 1 or 2 is a
 *           warning, 0 is normal. Heart rate, SpO2 (scale 1), respiration, the
 *           low side of systolic pressure, temperature up to 39.0 and down to
 *           35.0.
 *   ESC     ESC/ESH guidelines on arterial hypertension (2018): from 140 / 90
 *           mmHg on it is hypertension: a warning.
 *   AHA     ACC/AHA guideline (2017): over 180 / 120 mmHg is a hypertensive
 *           crisis: critical.
 *   fever   NEWS2 gives 2 for all above 39.0 °C, which is a warning; above
 *           40 °C is where heat stroke begins (core temperature): critical.
 *   low diastolic: below 60 mmHg is a warning, up to 40 mmHg critical; there is
 *           no score for it, these are the usual limits of monitors.
 *
 * For grown-up people, and no more than a hint for those who know more. */
static const metric_info table[BANDS_METRICS] = {
    [BANDS_HEART_RATE] = {"heart_rate",
                          "heart rate",
                          "bpm",
                          "bpm or /min",
                          {41, 51, 90, 130, 0, 350},
                          2,
                          {{"bpm", 1, 0}, {"/min", 1, 0}, {"1/min", 1, 0}}},
    [BANDS_SPO2] = {"spo2",
                    "oxygen saturation",
                    "%",
                    "%",
                    {92, 96, 100, INFINITY, 0, 100},
                    1,
                    {{"%", 1, 0}, {"percent", 1, 0}}},
    [BANDS_TEMPERATURE] = {"temperature",
                           "temperature",
                           "\xc2\xb0"
                           "C",
                           "\xc2\xb0"
                           "C or \xc2\xb0"
                           "F",
                           {35.1, 36.1, 38.0, 40.0, 20, 46},
                           0.2,
                           {{"\xc2\xb0"
                             "C",
                             1, 0},
                            {"C", 1, 0},
                            {"celsius", 1, 0},
                            {"\xc2\xb0"
                             "F",
                             5.0 / 9, -160.0 / 9},
                            {"F", 5.0 / 9, -160.0 / 9},
                            {"fahrenheit", 5.0 / 9, -160.0 / 9}}},
    [BANDS_SYSTOLIC] = {"systolic",
                        "systolic pressure",
                        "mmHg",
                        "mmHg or kPa",
                        {91, 111, 139, 180, 20, 350},
                        4,
                        {{"mmHg", 1, 0},
                         {"mm[Hg]", 1, 0},
                         {"kPa", 7.50062, 0}}},
    [BANDS_DIASTOLIC] = {"diastolic",
                         "diastolic pressure",
                         "mmHg",
                         "mmHg or kPa",
                         {41, 60, 89, 120, 10, 250},
                         3,
                         {{"mmHg", 1, 0},
                          {"mm[Hg]", 1, 0},
                          {"kPa", 7.50062, 0}}},
    [BANDS_RESPIRATION] = {"respiration",
                           "respiration",
                           "/min",
                           "/min, breaths/min, rpm or bpm",
                           {9, 12, 20, 24, 0, 150},
                           1,
                           {{"/min", 1, 0},
                            {"1/min", 1, 0},
                            {"breaths/min", 1, 0},
                            {"rpm", 1, 0},
                            {"brpm", 1, 0},
                            {"bpm", 1, 0}}},
};

bands_metric bands_metric_of(peal_slice name) {
  size_t i = 0;
  while (i < BANDS_METRICS && !peal_slice_is(name, table[i].name))
    i++;
  return (bands_metric)i;
}

const char *bands_name(bands_metric metric) {
  return table[metric].name;
}

const char *bands_words(bands_metric metric) {
  return table[metric].words;
}

const char *bands_unit(bands_metric metric) {
  return table[metric].unit;
}

const char *bands_units(bands_metric metric) {
  return table[metric].units;
}

bool bands_convert(bands_metric metric, peal_slice unit_name, double *value) {
  const unit *known = table[metric].known;
  for (size_t i = 0; i < MAX_UNITS && known[i].name != NULL; i++)
    if (unit_name.len == strlen(known[i].name) &&
        strncasecmp(unit_name.ptr, known[i].name, unit_name.len) == 0) {
      *value = *value * known[i].factor + known[i].offset;
      if (known[i].factor != 1)
        *value = round(*value * 100) / 100; // no digits that nobody measured
      return true;
    }
  return false;
}

const bands_range *bands_range_of(bands_metric metric) {
  return &table[metric].range;
}

bool bands_is_possible(bands_metric metric, double value) {
  const bands_range *r = &table[metric].range;
  return value >= r->min && value <= r->max; // NaN is not
}

bands_status bands_status_of(bands_metric metric, double value) {
  const bands_range *r = &table[metric].range;
  if (value < r->low || value > r->high)
    return BANDS_CRITICAL;
  return value < r->normal_low || value > r->normal_high ? BANDS_WARNING
                                                         : BANDS_NORMAL;
}

const char *bands_status_name(bands_status status) {
  static const char *const names[] = {"normal", "warning", "critical"};
  return names[status];
}

double bands_margin(bands_metric metric) {
  return table[metric].margin;
}
