/* SPDX-License-Identifier: MIT */
#pragma once
/* settings: the options of this program alone, beside those that every
 * application has (kit_program.h). */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

#include "chat_settings.h"

/* Text is borrowed from the configuration. */
typedef struct settings {
  unsigned simulate; /* simulated devices */
  const char
      *for_user; /* whose device --add-device-key makes; NULL: not said */
  uint32_t device_rate, device_burst; /* readings of one device, per second */
  unsigned user_devices;              /* of one account */
  unsigned user_sockets, address_sockets;
  int64_t silent_ms; /* a device that is silent for longer is offline */
  int64_t keep_ms;   /* readings that are older go */
  chat_settings chat;
} settings;

/* The table. */
extern const peal_config_key settings_keys[]; /* up to one without a name */

/* What it says; false after saying on stderr what is wrong. */
bool settings_read(settings *out, const peal_config *config);
