/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>

#include <peal/kit.h>

const peal_config_key settings_keys[] = {
    {.name = "timezone",
     .type = PEAL_CONFIG_STR,
     .otherwise = "Asia/Kolkata",
     .help = "where the devices are: a name such as Asia/Kolkata, or an offset "
             "such as +05:30"},
    PEAL_KIT_RATE_KEYS("events", "100", "500"),
    {.name = "max-tests",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5000",
     .help = "tests kept, oldest go first",
     .min = 1,
     .max = 1000000},
    {.name = NULL},
};

bool settings_read(settings *out, const peal_config *config) {
  out->timezone = peal_config_str(config, "timezone");
  out->device_rate = peal_kit_conf_count(config, "device-rate");
  out->device_burst = peal_kit_conf_count(config, "device-burst");
  out->max_tests = peal_config_int(config, "max-tests");
  if (peal_kit_zone_set(out->timezone))
    return true;
  fprintf(stderr,
          "peal-sv30-backend: timezone %s is not known: expected a name such "
          "as Asia/Kolkata, or an offset such as +05:30\n",
          out->timezone);
  return false;
}
