/* SPDX-License-Identifier: MIT */
#pragma once
/* bands: the vital signs that are known, their units, and what of them is
 * normal. Where the bands come from stands beside the table in bands.c. */
#include <stdbool.h>

#include <peal/base.h>

typedef enum bands_metric {
  BANDS_HEART_RATE,
  BANDS_SPO2,
  BANDS_TEMPERATURE,
  BANDS_SYSTOLIC,
  BANDS_DIASTOLIC,
  BANDS_RESPIRATION,
  BANDS_METRICS, /* how many; also: none of them */
} bands_metric;

typedef enum bands_status {
  BANDS_NORMAL,
  BANDS_WARNING,
  BANDS_CRITICAL,
} bands_status;

/* From where to where a value is normal, and outside of which it is critical; the
 * ends belong to the better side. In the metric's own unit. */
typedef struct bands_range {
  double low, normal_low, normal_high, high;
  double min, max; /* outside of these nobody lives, or no device measures */
} bands_range;

/* All Thread: pure. */

/* By its name ("heart_rate"); BANDS_METRICS: there is none of it. */
bands_metric bands_metric_of(peal_slice name);
/* "heart_rate", and in words: "heart rate". Static text. */
const char *bands_name(bands_metric metric);
const char *bands_words(bands_metric metric);
/* "bpm", "%", "°C", "mmHg", "/min". Static text. */
const char *bands_unit(bands_metric metric);
/* Which units are taken, in words. Static text. */
const char *bands_units(bands_metric metric);
/* The value in the metric's own unit. False: this is no unit of it. */
PEAL_MUST_CHECK bool bands_convert(bands_metric metric, peal_slice unit,
                                   double *value);
const bands_range *bands_range_of(bands_metric metric);
/* Can it be, at all? */
bool bands_is_possible(bands_metric metric, double value);
bands_status bands_status_of(bands_metric metric, double value);
/* "normal", "warning", "critical". Static text. */
const char *bands_status_name(bands_status status);
/* How far a value has to be inside a band before it counts as back in it. */
double bands_margin(bands_metric metric);
