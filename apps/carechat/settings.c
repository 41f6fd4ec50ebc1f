/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <peal/kit.h>
#include <peal/kit_people.h>

const peal_config_key settings_keys[] = {
    {.name = "simulate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "0",
     .help = "simulated devices to start, of the account demo",
     .min = 0,
     .max = 1000},
    {.name = "for-user",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "with add-device-key: the account that the device belongs to"},
    {.name = "device-rate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "50",
     .help = "readings per second that one device may send",
     .min = 1,
     .max = 1000000},
    {.name = "device-burst",
     .type = PEAL_CONFIG_INT,
     .otherwise = "500",
     .help = "and so many at once",
     .min = 1,
     .max = 1000000},
    {.name = "user-devices",
     .type = PEAL_CONFIG_INT,
     .otherwise = "50",
     .help = "devices of one account",
     .min = 1,
     .max = 100000},
    {.name = "user-sockets",
     .type = PEAL_CONFIG_INT,
     .otherwise = "20",
     .help = "sockets of one account at one time",
     .min = 1,
     .max = 100000},
    {.name = "address-sockets",
     .type = PEAL_CONFIG_INT,
     .otherwise = "200",
     .help = "sockets of people from one address (devices with their key are "
             "not counted)",
     .min = 1,
     .max = 1000000},
    {.name = "device-silence",
     .type = PEAL_CONFIG_MS,
     .otherwise = "60s",
     .help = "a device that is not heard for so long is offline",
     .min = 1000,
     .max = 86400000},
    {.name = "keep-time",
     .type = PEAL_CONFIG_MS,
     .otherwise = "365d",
     .help = "how long readings are kept",
     .min = 3600000,
     .max = INT64_C(36500) * 86400000},
    PEAL_KIT_PEOPLE_KEYS,
    CHAT_KEYS,
    {.name = NULL},
};

bool settings_read(settings *out, const peal_config *config) {
  out->simulate = peal_kit_conf_count(config, "simulate");
  out->for_user = peal_kit_conf_text(config, "for-user");
  out->device_rate = peal_kit_conf_count(config, "device-rate");
  out->device_burst = peal_kit_conf_count(config, "device-burst");
  out->user_devices = peal_kit_conf_count(config, "user-devices");
  out->user_sockets = peal_kit_conf_count(config, "user-sockets");
  out->address_sockets = peal_kit_conf_count(config, "address-sockets");
  out->silent_ms = peal_config_int(config, "device-silence");
  out->keep_ms = peal_config_int(config, "keep-time");
  return chat_settings_read(&out->chat, config);
}
