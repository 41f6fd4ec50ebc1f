/* SPDX-License-Identifier: MIT */
#pragma once
/* settings: the options of this program alone, beside those that every
 * application has (kit_program.h). */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

/* Text is borrowed from the configuration. */
typedef struct settings {
  const char *timezone; /* in which morning, afternoon and evening are meant */
  uint32_t device_rate, device_burst; /* events of one device, per second */
  int64_t max_tests;
} settings;

/* The table. */
extern const peal_config_key settings_keys[]; /* up to one without a name */

/* What it says; the time zone becomes that of the process: before any thread.
 * Returns false after saying on stderr what is wrong. */
bool settings_read(settings *out, const peal_config *config);
