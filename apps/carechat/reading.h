/* SPDX-License-Identifier: MIT */
#pragma once
/* reading: what a device sends of one vital sign, checked. */
#include <stdint.h>

#include <peal/kit.h>

#include "bands.h"

enum { READING_UNIT_BYTES = 16 };

typedef struct reading {
  bands_metric metric;
  double value;                  /* in the metric's own unit */
  int64_t ts;                    /* ms since 1970; 0: it came without a time */
  double battery;                /* percent; NAN: it did not say */
  char unit[READING_UNIT_BYTES]; /* as the device calls it, if it needs no
                                    conversion; otherwise the metric's own */
} reading;

/* Read an object {"metric","value","unit"} with "timestamp" (ISO text, or ms
 * since 1970) and "battery" if it has them. `oldest` and `newest` are what a
 * timestamp may be. False: it is wrong, and *why says so. Thread: pure. */
PEAL_MUST_CHECK bool reading_read(reading *out, peal_val object, int64_t oldest,
                                  int64_t newest, peal_kit_refusal *why);
/* The battery of an object, NAN if it has none. False: it is wrong. Thread:
 * pure. */
PEAL_MUST_CHECK bool reading_battery(double *out, peal_val object,
                                     peal_kit_refusal *why);
