/* SPDX-License-Identifier: MIT */
#pragma once
/* settings: the configuration of the program as one struct: flags over
 * environment (PEAL_ESP32_…) over file over default. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/config.h>

#include "vision.h"

/* Text is borrowed from the configuration. */
typedef struct settings {
  peal_config *config; /* owns the text */

  const char *host; /* NULL: all addresses */
  int port;
  unsigned workers;
  const char *data_dir;
  const char *web_dir; /* NULL: found beside the program */
  const char *cors_origins;
  const char *allowed_hosts;  /* NULL: our own names only */
  const char *content_policy; /* of pages; NULL: what fits the page */
  const char *proxies;        /* NULL: none */
  unsigned simulate;          /* devices */

  const char *password; /* of the dashboard; NULL: it is open */
  bool secure_cookie;
  int64_t session_s;
  bool require_keys;
  const char *add_key, *revoke_key; /* device ids; NULL: nothing to do */
  bool list_keys;

  uint32_t device_rate, device_burst;   /* requests of one device, per second */
  uint32_t address_rate, address_burst; /* of those of one address */
  uint32_t max_devices;
  uint32_t max_network_devices; /* of them, of one address and without key */
  uint32_t max_address_uploads; /* at the same time */
  size_t max_connections;
  int64_t offline_ms; /* silent for so long: offline */

  int64_t max_images, max_image_bytes;
  int64_t max_audio, max_audio_bytes;
  int64_t max_readings; /* of each kind */
  bool send_first;      /* events before the reading is stored */

  unsigned analysis_concurrency;
  unsigned analysis_queue;
  vision_opts vision;

  const char *log_level;
  const char *log_format;
  int64_t log_bytes;
  unsigned log_count;
} settings;

/* Read everything. Returns false to end the program with *exit_code; whatever
 * was wrong has been said on stderr. settings_deinit afterwards either way. */
bool settings_init(settings *out, int argc, char **argv, int *exit_code);
void settings_deinit(settings *conf);
