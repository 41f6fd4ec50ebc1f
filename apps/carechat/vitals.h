/* SPDX-License-Identifier: MIT */
#pragma once
/* vitals: readings come in, by HTTP or as an event; they are stored, then
 * acknowledged and shown to their owner alone. */
#include "bands.h"
#include "care.h"

/* What is known last of one metric of one person. */
typedef struct vitals_last_value {
  bool is_known;
  double value;  /* in the metric's own unit (bands_unit) */
  double before; /* what was usual before it: a mean of the last readings */
  int64_t ts;    /* ms since 1970 */
  bands_status status;
} vitals_last_value;

/* From memory, by metric; also of people who have none. Thread: any. */
void vitals_last(care *app, int64_t user_id,
                 vitals_last_value out[BANDS_METRICS]);
