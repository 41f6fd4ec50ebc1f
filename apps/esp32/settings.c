/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>
#include <string.h>

static const peal_config_key keys[] = {
    {.name = "host",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "address to listen on (all)"},
    {.name = "port",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5000",
     .help = "port to listen on",
     .min = 1,
     .max = 65535},
    {.name = "workers",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1",
     .help = "threads that serve",
     .min = 1,
     .max = 256},
    {.name = "data-dir",
     .type = PEAL_CONFIG_STR,
     .otherwise = "data",
     .help = "where everything is kept"},
    {.name = "web-dir",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "folder of the page (the installed one)"},
    {.name = "cors-origins",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help =
         "other origins whose pages may use this, separated by blanks, or * "
         "(pages of this machine on port 3000 and 8080)"},
    {.name = "allowed-hosts",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "names beside its own that it answers to, separated by blanks, or "
             "* (addresses, localhost, the machine's name)"},
    {.name = "content-policy",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "Content-Security-Policy of pages, or none (strict for the "
             "installed page; that of --web-dir may load and run anything)"},
    {.name = "proxies",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "proxies whose word about the client counts: addresses, networks, "
             "loopback, private, unix"},
    {.name = "simulate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "0",
     .help = "simulated devices to start",
     .min = 0,
     .max = 1000},

    {.name = "dashboard-password",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "asks for it before history and live data are shown",
     .secret = true},
    {.name = "secure-cookie",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "send the session cookie over TLS only"},
    {.name = "session-time",
     .type = PEAL_CONFIG_MS,
     .otherwise = "7d",
     .help = "how long a login holds",
     .min = 60000,
     .max = INT64_C(366) * 86400000},
    {.name = "require-device-keys",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "refuse devices that have no key"},
    {.name = "add-device-key",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "make a new key for this device, print it, end"},
    {.name = "revoke-device-key",
     .type = PEAL_CONFIG_STR,
     .otherwise = NULL,
     .help = "revoke the key of this device, end"},
    {.name = "list-device-keys",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "false",
     .help = "list the devices that have keys, end"},

    {.name = "device-rate",
     .type = PEAL_CONFIG_INT,
     .otherwise = "200",
     .help = "requests per second that one device may send",
     .min = 1,
     .max = 1000000},
    {.name = "device-burst",
     .type = PEAL_CONFIG_INT,
     .otherwise = "400",
     .help = "and so many at once",
     .min = 1,
     .max = 1000000},
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
    {.name = "max-connections",
     .type = PEAL_CONFIG_INT,
     .otherwise = "4000",
     .help = "open connections, of devices and dashboards",
     .min = 10,
     .max = 1000000},
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

    {.name = "log-level",
     .type = PEAL_CONFIG_STR,
     .otherwise = "info",
     .help = "what is logged",
     .choices = "error warn info debug"},
    {.name = "log-format",
     .type = PEAL_CONFIG_STR,
     .otherwise = "text",
     .help = "lines for people, as key=value, or as JSON",
     .choices = "text keys json"},
    {.name = "log-bytes",
     .type = PEAL_CONFIG_BYTES,
     .otherwise = "10M",
     .help = "size at which the log file is put away",
     .min = 65536,
     .max = INT64_C(1) << 40},
    {.name = "log-count",
     .type = PEAL_CONFIG_INT,
     .otherwise = "5",
     .help = "old log files that are kept",
     .min = 1,
     .max = 1000},
};

/* Empty text is the same as none. */
static const char *text_of(const peal_config *config, const char *name) {
  const char *text = peal_config_str(config, name);
  return text != NULL && text[0] != '\0' ? text : NULL;
}

static unsigned count_of(const peal_config *config, const char *name) {
  return (unsigned)peal_config_int(config, name);
}

static void read_limits(settings *out, const peal_config *c) {
  out->device_rate = count_of(c, "device-rate");
  out->device_burst = count_of(c, "device-burst");
  out->address_rate = count_of(c, "address-rate");
  out->address_burst = count_of(c, "address-burst");
  out->max_devices = count_of(c, "max-devices");
  out->max_network_devices = count_of(c, "max-address-devices");
  out->offline_ms = peal_config_int(c, "offline-after");
  out->max_images = peal_config_int(c, "max-images");
  out->max_image_bytes = peal_config_int(c, "max-image-bytes");
  out->max_audio = peal_config_int(c, "max-audio");
  out->max_audio_bytes = peal_config_int(c, "max-audio-bytes");
  out->max_readings = peal_config_int(c, "max-readings");
  out->max_address_uploads = count_of(c, "max-address-uploads");
  out->send_first = peal_config_bool(c, "send-before-stored");
  out->max_connections = count_of(c, "max-connections");
}

static void read_vision(settings *out, const peal_config *c) {
  out->analysis_concurrency = count_of(c, "analysis-concurrency");
  out->analysis_queue = count_of(c, "analysis-queue");
  vision_opts *model = &out->vision;
  (void)vision_kind_parse(&model->kind, peal_config_str(c, "vision-kind"));
  model->base_url = text_of(c, "vision-url");
  model->model = text_of(c, "vision-model");
  model->key = text_of(c, "vision-key");
  model->prompt = text_of(c, "vision-prompt");
  model->timeout_ms = count_of(c, "vision-timeout");
  unsigned retries = count_of(c, "vision-retries");
  model->retries = retries > 0 ? (uint16_t)retries : VISION_NO_RETRIES;
}

static void read_rest(settings *out, const peal_config *c) {
  out->host = text_of(c, "host");
  out->port = (int)peal_config_int(c, "port");
  out->workers = count_of(c, "workers");
  out->data_dir = peal_config_str(c, "data-dir");
  out->web_dir = text_of(c, "web-dir");
  out->cors_origins = text_of(c, "cors-origins");
  out->allowed_hosts = text_of(c, "allowed-hosts");
  out->content_policy = text_of(c, "content-policy");
  out->proxies = text_of(c, "proxies");
  out->simulate = count_of(c, "simulate");
  out->password = text_of(c, "dashboard-password");
  out->secure_cookie = peal_config_bool(c, "secure-cookie");
  out->session_s = peal_config_int(c, "session-time") / 1000;
  out->require_keys = peal_config_bool(c, "require-device-keys");
  out->add_key = text_of(c, "add-device-key");
  out->revoke_key = text_of(c, "revoke-device-key");
  out->list_keys = peal_config_bool(c, "list-device-keys");
  out->log_level = peal_config_str(c, "log-level");
  out->log_format = peal_config_str(c, "log-format");
  out->log_bytes = peal_config_int(c, "log-bytes");
  out->log_count = count_of(c, "log-count");
}

bool settings_init(settings *out, int argc, char **argv, int *exit_code) {
  *out = (settings){0};
  out->config = peal_config_new(
      &(peal_config_opts){.program = "peal-esp32",
                          .summary = "the dashboard of ESP32 devices",
                          .env_prefix = "PEAL_ESP32",
                          .keys = keys,
                          .key_count = PEAL_CONFIG_COUNT(keys)},
      argc, argv, exit_code);
  if (out->config == NULL)
    return false;
  read_rest(out, out->config);
  read_limits(out, out->config);
  read_vision(out, out->config);
  if (out->password == NULL &&
      strcmp(peal_config_source(out->config, "dashboard-password"),
             "default") != 0) {
    fputs("peal-esp32: the dashboard password is empty: leave it out if "
          "everybody may see everything\n",
          stderr);
    *exit_code = 1;
    return false;
  }
  if (out->vision.kind != VISION_NONE && out->vision.model == NULL) {
    fputs("peal-esp32: vision-kind is set, so vision-model is needed\n",
          stderr);
    *exit_code = 1;
    return false;
  }
  return true;
}

void settings_deinit(settings *conf) {
  peal_config_free(conf->config);
  *conf = (settings){0};
}
