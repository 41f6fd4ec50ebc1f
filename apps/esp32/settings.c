/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>

#include <peal/kit.h>

const peal_config_key settings_keys[] = {
    {.name = "simulate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "0",
     .help = "simulated devices to start",
     .min = 0,
     .max = 1000},
    PEAL_KIT_RATE_KEYS("requests", "200", "400"),
    {.name = "address-rate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5000",
     .help = "requests per second of all devices of one address without keys",
     .min = 1,
     .max = 1000000},
    {.name = "address-burst",
     .type = PEAL_CONFIG_INT,
     .otherwise = "10000",
     .help = "and so many at once",
     .min = 1,
     .max = 1000000},
    {.name = "max-devices",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1000",
     .help = "devices that are remembered",
     .min = 1,
     .max = 10000},
    {.name = "max-address-devices",
     .type = PEAL_CONFIG_INT,
     .otherwise = "250",
     .help = "of them, that have no key and share one address",
     .min = 1,
     .max = 10000},
    {.name = "max-address-uploads",
     .type = PEAL_CONFIG_INT,
     .otherwise = "8",
     .help = "pictures and recordings that one address sends at the same time, "
             "of devices without keys",
     .min = 1,
     .max = 10000},
    {.name = "offline-after",
     .type = PEAL_CONFIG_MS,
     .otherwise = "15s",
     .help = "a device that is silent for so long is offline",
     .min = 1000,
     .max = 86400000},
    {.name = "max-images",
     .type = PEAL_CONFIG_INT,
     .otherwise = "2000",
     .help = "pictures kept, oldest go first",
     .min = 1,
     .max = 10000000},
    {.name = "max-image-bytes",
     .type = PEAL_CONFIG_BYTES,
     .otherwise = "1G",
     .help = "and their bytes",
     .min = 65536,
     .max = INT64_MAX / 2},
    {.name = "max-audio",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1000",
     .help = "recordings kept, oldest go first",
     .min = 1,
     .max = 10000000},
    {.name = "max-audio-bytes",
     .type = PEAL_CONFIG_BYTES,
     .otherwise = "1G",
     .help = "and their bytes",
     .min = 65536,
     .max = INT64_MAX / 2},
    {.name = "max-readings",
     .type = PEAL_CONFIG_INT,
     .otherwise = "500000",
     .help = "readings of each kind kept, oldest go first",
     .min = 1,
     .max = 1000000000},
    {.name = "send-before-stored",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "show readings some milliseconds earlier, also those that are "
             "then not stored (a full disk)"},
    {.name = "analysis-concurrency",
     .type = PEAL_CONFIG_INT,
     .otherwise = "2",
     .help = "pictures analysed at the same time",
     .min = 1,
     .max = 64},
    {.name = "analysis-queue",
     .type = PEAL_CONFIG_INT,
     .otherwise = "200",
     .help =
         "pictures that wait for it; more: the oldest stays without caption",
     .min = 1,
     .max = 10000},
    {.name = "vision-kind",
     .type = PEAL_CONFIG_STR,
     .otherwise = "none",
     .help = "who writes the captions: gemini, openai (and all that speak like "
             "it), or "
             "none: only what is measured here",
     .choices = "none gemini openai"},
    {.name = "vision-url",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "address of the model's interface"},
    {.name = "vision-model",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "name of the model"},
    {.name = "vision-key",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "key for it",
     .secret = true},
    {.name = "vision-prompt",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "what it is asked"},
    {.name = "vision-timeout",
     .type = PEAL_CONFIG_MS,
     .otherwise = "20s",
     .help = "of one try",
     .min = 100,
     .max = 600000},
    {.name = "vision-retries",
     .type = PEAL_CONFIG_INT,
     .otherwise = "2",
     .help = "tries after the first",
     .min = 0,
     .max = 10},
    {.name = NULL},
};

static void read_limits(settings *out, const peal_config *c) {
  out->device_rate = peal_kit_conf_count(c, "device-rate");
  out->device_burst = peal_kit_conf_count(c, "device-burst");
  out->address_rate = peal_kit_conf_count(c, "address-rate");
  out->address_burst = peal_kit_conf_count(c, "address-burst");
  out->max_devices = peal_kit_conf_count(c, "max-devices");
  out->max_network_devices = peal_kit_conf_count(c, "max-address-devices");
  out->offline_ms = peal_config_int(c, "offline-after");
  out->max_images = peal_config_int(c, "max-images");
  out->max_image_bytes = peal_config_int(c, "max-image-bytes");
  out->max_audio = peal_config_int(c, "max-audio");
  out->max_audio_bytes = peal_config_int(c, "max-audio-bytes");
  out->max_readings = peal_config_int(c, "max-readings");
  out->max_address_uploads = peal_kit_conf_count(c, "max-address-uploads");
  out->send_first = peal_config_bool(c, "send-before-stored");
}

static void read_vision(settings *out, const peal_config *c) {
  out->analysis_concurrency = peal_kit_conf_count(c, "analysis-concurrency");
  out->analysis_queue = peal_kit_conf_count(c, "analysis-queue");
  vision_opts *model = &out->vision;
  (void)vision_kind_parse(&model->kind, peal_config_str(c, "vision-kind"));
  model->base_url = peal_kit_conf_text(c, "vision-url");
  model->model = peal_kit_conf_text(c, "vision-model");
  model->key = peal_kit_conf_text(c, "vision-key");
  model->prompt = peal_kit_conf_text(c, "vision-prompt");
  model->timeout_ms = peal_kit_conf_count(c, "vision-timeout");
  unsigned retries = peal_kit_conf_count(c, "vision-retries");
  model->retries = retries > 0 ? (uint16_t)retries : VISION_NO_RETRIES;
}

bool settings_read(settings *out, const peal_config *c) {
  out->simulate = peal_kit_conf_count(c, "simulate");
  read_limits(out, c);
  read_vision(out, c);
  if (out->vision.kind == VISION_NONE || out->vision.model != NULL)
    return true;
  fputs("peal-esp32: vision-kind is set, so vision-model is needed\n", stderr);
  return false;
}
