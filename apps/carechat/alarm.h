/* SPDX-License-Identifier: MIT */
#pragma once
/* alarm: when the values of one vital sign are worth an alert, and when that is
 * over. A value that goes to and fro over a limit makes one alert, not many:
 *
 *            out of the band                     critical
 *   CALM ---------------------> WARNING ------------------------> CRITICAL
 *    ^  ^                          | ^   2 values well outside of    |
 *    |  +--------------------------+ +-------------------------------+
 *    |   2 values well inside of the band                            |
 *    +---------------------------------------------------------------+
 *
 * "Well" is the metric's margin (bands_margin). */
#include "bands.h"

typedef enum alarm_change {
  ALARM_NONE,
  ALARM_RAISED, /* there was none, or it is worse now */
  ALARM_EASED,  /* critical before, a warning now */
  ALARM_ENDED,
} alarm_change;

/* {0}: calm. */
typedef struct alarm_state {
  bands_status level; /* of the alert that stands; BANDS_NORMAL: none does */
  unsigned calm;      /* values in a row that were well inside */
} alarm_state;

/* One more value, in the metric's own unit. Thread: pure. */
alarm_change alarm_feed(alarm_state *state, bands_metric metric, double value);
