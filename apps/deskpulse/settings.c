/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

enum { DAY_MS = 86400000 };

const peal_config_key settings_keys[] = {
    {.name = "source",
     .type = PEAL_CONFIG_STR,
     .otherwise = "synthetic",
     .help = "where pictures come from: a drawn person, POST /api/frames, a "
             "camera, a folder or file of pictures, a pose estimator",
     .choices = "synthetic push v4l2 dir json"},
    {.name = "camera",
     .type = PEAL_CONFIG_STR,
     .help = "its path: of the device (/dev/video0), of the folder or file, of "
             "what the estimator writes to"},
    {.name = "estimator",
     .type = PEAL_CONFIG_STR,
     .help = "source json: a command that writes what it sees, in place of a "
             "path; it is started again when it ends"},
    {.name = "camera-fps-target",
     .type = PEAL_CONFIG_INT,
     .otherwise = "10",
     .help = "pictures per second (also CAMERA_FPS_TARGET)",
     .min = 1,
     .max = 60},
    {.name = "alert-threshold",
     .type = PEAL_CONFIG_MS,
     .otherwise = "10m",
     .help = "bad posture for so long is told",
     .min = 100,
     .max = DAY_MS},
    {.name = "alert-repeat",
     .type = PEAL_CONFIG_MS,
     .otherwise = "5m",
     .help = "and told again every so often",
     .min = 100,
     .max = DAY_MS},
    {.name = "require-token",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "ask for the access token on this machine, too"},
    {.name = "access-token",
     .type = PEAL_CONFIG_STR,
     .help = "what other machines have to show (made in the data folder)",
     .secret = true},
    {.name = "timezone",
     .type = PEAL_CONFIG_STR,
     .help = "in which days begin: a name such as Europe/Berlin, or an offset "
             "such as +05:30 (that of the machine)"},
    {.name = "record",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "keep pictures in the data folder; without it none is stored"},
    {.name = "record-every",
     .type = PEAL_CONFIG_MS,
     .otherwise = "1s",
     .help = "one in such a time",
     .min = 100,
     .max = DAY_MS},
    {.name = "record-max-bytes",
     .type = PEAL_CONFIG_BYTES,
     .otherwise = "1G",
     .help = "of all of them, oldest go first",
     .min = 1 << 20,
     .max = INT64_C(1) << 40},
    {.name = NULL},
};

void settings_adopt_env(void) {
  const char *fps = getenv("CAMERA_FPS_TARGET");
  if (fps != NULL)
    setenv("PEAL_DESKPULSE_CAMERA_FPS_TARGET", fps, 0);
}

/* An empty one was meant to be one. */
static bool is_token_good(const settings *s, const peal_config *config) {
  if (s->access_token != NULL ||
      strcmp(peal_config_source(config, "access-token"), "default") == 0)
    return true;
  fputs("peal-deskpulse: the access token is empty: leave it out, and one is "
        "made\n",
        stderr);
  return false;
}

bool settings_read(settings *out, const peal_config *c) {
  *out = (settings){
      .source = peal_config_str(c, "source"),
      .camera = peal_kit_conf_text(c, "camera"),
      .estimator = peal_kit_conf_text(c, "estimator"),
      .fps = peal_kit_conf_count(c, "camera-fps-target"),
      .threshold_ms = (uint64_t)peal_config_int(c, "alert-threshold"),
      .repeat_ms = (uint64_t)peal_config_int(c, "alert-repeat"),
      .has_threshold =
          strcmp(peal_config_source(c, "alert-threshold"), "default") != 0,
      .require_token = peal_config_bool(c, "require-token"),
      .access_token = peal_kit_conf_text(c, "access-token"),
      .timezone = peal_kit_conf_text(c, "timezone"),
      .record = peal_config_bool(c, "record"),
      .record_every_ms = (uint64_t)peal_config_int(c, "record-every"),
      .record_max_bytes = (uint64_t)peal_config_int(c, "record-max-bytes"),
  };
  if (!is_token_good(out, c))
    return false;
  if (out->timezone == NULL || peal_kit_zone_set(out->timezone))
    return true;
  fprintf(stderr,
          "peal-deskpulse: timezone %s is not known: expected a name such as "
          "Europe/Berlin, or an offset such as +05:30\n",
          out->timezone);
  return false;
}
