/* SPDX-License-Identifier: MIT */
#pragma once
/* settings: the options of this program alone, beside those that every
 * application has (kit_program.h). */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

#include "vision.h"

/* Text is borrowed from the configuration. */
typedef struct settings {
  unsigned simulate; /* devices */

  uint32_t device_rate, device_burst;   /* requests of one device, per second */
  uint32_t address_rate, address_burst; /* of those of one address */
  uint32_t max_devices;
  uint32_t max_network_devices; /* of them, of one address and without key */
  uint32_t max_address_uploads; /* at the same time */
  int64_t offline_ms;           /* silent for so long: offline */

  int64_t max_images, max_image_bytes;
  int64_t max_audio, max_audio_bytes;
  int64_t max_readings; /* of each kind */
  bool send_first;      /* events before the reading is stored */

  unsigned analysis_concurrency;
  unsigned analysis_queue;
  vision_opts vision;
} settings;

/* The table. */
extern const peal_config_key settings_keys[]; /* up to one without a name */

/* What it says. Returns false after saying on stderr what is wrong. */
bool settings_read(settings *out, const peal_config *config);
