/* SPDX-License-Identifier: MIT */
#pragma once
/* settings: the options of this program alone, beside those that every
 * application has. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

/* Text is borrowed from the configuration. */
typedef struct settings {
  const char *source;    /* "synthetic", "push", "v4l2", "dir", "json" */
  const char *camera;    /* a path; NULL: that of the source */
  const char *estimator; /* a command; NULL: none */
  unsigned fps;          /* of a source that is asked for pictures */
  uint64_t threshold_ms, repeat_ms;
  bool has_threshold; /* it was said, and is not that of the program */
  bool require_token;
  const char *access_token; /* NULL: in the data folder */
  const char *timezone;     /* NULL: the machine's */
  bool record;
  uint64_t record_every_ms;
  uint64_t record_max_bytes;
} settings;

/* The table, up to a row without a name. */
extern const peal_config_key settings_keys[];

/* Names of the environment that have no prefix: before the configuration is
 * read. */
void settings_adopt_env(void);
/* What it says; the time zone becomes that of the process: before any thread.
 * Returns false after saying on stderr what is wrong. */
bool settings_read(settings *out, const peal_config *config);
