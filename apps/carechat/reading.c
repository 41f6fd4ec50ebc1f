/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <peal/kit.h>

static bool wrong(peal_kit_refusal *why, const char *field,
                  const char *message) {
  peal_kit_refusal_set(why, 422, field, "%s", message);
  return false;
}

static bool read_metric(reading *out, peal_val object, peal_kit_refusal *why) {
  peal_val name = peal_val_get(object, "metric");
  out->metric = bands_metric_of(peal_val_str(name));
  return out->metric < BANDS_METRICS ||
         wrong(why, "metric",
               "metric must be one of heart_rate, spo2, temperature, systolic, "
               "diastolic, respiration");
}

static bool read_value(reading *out, peal_val object, peal_kit_refusal *why) {
  peal_val value = peal_val_get(object, "value");
  peal_val unit = peal_val_get(object, "unit");
  peal_slice name = peal_val_str(unit);
  out->value = peal_val_double(value, NAN);
  if (!peal_val_is_number(value) || !isfinite(out->value))
    return wrong(why, "value", "value must be a number");
  double sent = out->value;
  if (!peal_val_is(unit, PEAL_STRING) ||
      !bands_convert(out->metric, name, &out->value)) {
    peal_kit_refusal_set(why, 422, "unit", "unit of %s must be %s",
                         bands_name(out->metric), bands_units(out->metric));
    return false;
  }
  const bands_range *r = bands_range_of(out->metric);
  if (!bands_is_possible(out->metric, out->value)) {
    peal_kit_refusal_set(
        why, 422, "value", "value of %s must be from %g to %g %s",
        bands_name(out->metric), r->min, r->max, bands_unit(out->metric));
    return false;
  }
  if (sent == out->value)
    snprintf(out->unit, sizeof out->unit, "%.*s", PEAL_SFMT(name));
  else
    snprintf(out->unit, sizeof out->unit, "%s", bands_unit(out->metric));
  return true;
}

static bool read_time(reading *out, peal_val object, int64_t oldest,
                      int64_t newest, peal_kit_refusal *why) {
  peal_val at = peal_val_get(object, "timestamp");
  if (peal_val_is(at, PEAL_UNDEFINED) || peal_val_is(at, PEAL_NULL))
    return true;
  if (peal_val_is_number(at))
    out->ts = peal_val_int(at, 0);
  else if (!peal_kit_span_time_parse(&out->ts, peal_val_str(at)))
    out->ts = 0;
  if (out->ts <= 0)
    return wrong(why, "timestamp",
                 "timestamp must be a time such as 2026-01-31T12:00:00.000Z, "
                 "or milliseconds since 1970");
  if (out->ts < oldest || out->ts > newest)
    return wrong(why, "timestamp",
                 "timestamp is too old or in the future: is the clock of the "
                 "device right?");
  return true;
}

bool reading_battery(double *out, peal_val object, peal_kit_refusal *why) {
  peal_val battery = peal_val_get(object, "battery");
  *out = peal_val_double(battery, NAN);
  if (peal_val_is(battery, PEAL_UNDEFINED) || peal_val_is(battery, PEAL_NULL))
    return true;
  return (*out >= 0 && *out <= 100) ||
         wrong(why, "battery", "battery must be a number from 0 to 100");
}

bool reading_read(reading *out, peal_val object, int64_t oldest, int64_t newest,
                  peal_kit_refusal *why) {
  *out = (reading){.ts = 0};
  if (!peal_val_is(object, PEAL_OBJECT))
    return wrong(why, NULL, "a reading must be an object");
  return read_metric(out, object, why) && read_value(out, object, why) &&
         read_time(out, object, oldest, newest, why) &&
         reading_battery(&out->battery, object, why);
}
