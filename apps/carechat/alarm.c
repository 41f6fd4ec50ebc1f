/* SPDX-License-Identifier: MIT */
#include "alarm.h"

enum { CALM_VALUES = 2 };

/* Inside by the margin; a side where nothing is worse has none. */
static bool is_well_inside(double value, double low, double high, double margin,
                           const bands_range *r) {
  bool over = low <= r->min || value >= low + margin;
  bool under = high >= r->max || value <= high - margin;
  return over && under;
}

static bool is_better(bands_status level, bands_metric metric, double value) {
  const bands_range *r = bands_range_of(metric);
  double margin = bands_margin(metric);
  return level == BANDS_CRITICAL
             ? is_well_inside(value, r->low, r->high, margin, r)
             : is_well_inside(value, r->normal_low, r->normal_high, margin, r);
}

static alarm_change ease(alarm_state *state, bands_metric metric,
                         double value) {
  if (!is_better(state->level, metric, value)) {
    state->calm = 0;
    return ALARM_NONE;
  }
  if (++state->calm < CALM_VALUES)
    return ALARM_NONE;
  bool is_over = is_better(BANDS_WARNING, metric, value);
  *state = (alarm_state){.level = is_over ? BANDS_NORMAL : BANDS_WARNING};
  return is_over ? ALARM_ENDED : ALARM_EASED;
}

alarm_change alarm_feed(alarm_state *state, bands_metric metric, double value) {
  bands_status status = bands_status_of(metric, value);
  if (status > state->level) {
    *state = (alarm_state){.level = status};
    return ALARM_RAISED;
  }
  return state->level == BANDS_NORMAL ? ALARM_NONE : ease(state, metric, value);
}
