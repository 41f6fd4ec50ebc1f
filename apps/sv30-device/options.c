/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include <peal/kit.h>

#include "test_id.h"

/* The environment is SOCKETIO_URL, SOCKETIO_API_KEY and so on. A file may have
 * the same names, as files of environments do: the keys at the end. */
const peal_config_key options_keys[] = {
    {.name = "enabled",
     .type = PEAL_CONFIG_BOOL,
     .otherwise = "true",
     .help = "send results; --no-enabled: measure without a backend"},
    {.name = "url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://localhost:4000",
     .help = "of the backend; https in production"},
    {.name = "api-key",
     .type = PEAL_CONFIG_STR,
     .help = "this device's key at the backend",
     .secret = true},
    {.name = "ca-file",
     .type = PEAL_CONFIG_STR,
     .help = "PEM: authorities of the backend's certificate, instead of the "
             "system's"},
    {.name = "insecure",
     .type = PEAL_CONFIG_BOOL,
     .help = "believe any certificate: for trying things only"},
    {.name = "timezone",
     .type = PEAL_CONFIG_STR,
     .otherwise = "Asia/Kolkata",
     .help = "tests are named in it: a name of the time zone database, or an "
             "offset such as +05:30"},
    {.name = "data-dir",
     .type = PEAL_CONFIG_STR,
     .otherwise = "data/sv30-device",
     .help = "folder of the spool, the counter and the test under way"},
    {.name = "metrics",
     .type = PEAL_CONFIG_STR,
     .otherwise = "sv30_metrics.json",
     .help = "what the measuring pipeline writes at the beginning and the end"},
    {.name = "rgb",
     .type = PEAL_CONFIG_STR,
     .otherwise = "rgb_values.json",
     .help = "colours that it writes before"},
    {.name = "heights",
     .type = PEAL_CONFIG_STR,
     .help = "FIFO or file of live heights, one a line: 212.5 or "
             "{\"t_s\":60,\"height_mm\":212.5}"},
    {.name = "test-id",
     .type = PEAL_CONFIG_STR,
     .help = "of the next test, instead of SV30-YYYY-MM-DD-NNN-{M,A,E}"},
    {.name = "test-type",
     .type = PEAL_CONFIG_STR,
     .help = "of the next test, instead of what its time says",
     .choices = "morning afternoon evening"},
    {.name = "self-test",
     .type = PEAL_CONFIG_BOOL,
     .help = "send one sample; exit 0 when the backend has acknowledged it"},
    {.name = "simulate",
     .type = PEAL_CONFIG_BOOL,
     .help = "run a whole test of a simulated sludge, and end when all of it "
             "is acknowledged"},
    {.name = "once",
     .type = PEAL_CONFIG_BOOL,
     .help = "take what the pipeline has written, send it or keep it, and "
             "end: 0 if one of both is done"},
    {.name = "time-scale",
     .type = PEAL_CONFIG_DOUBLE,
     .otherwise = "1",
     .help = "a simulated test runs so many times faster",
     .min = 1,
     .max = 3600},
    {.name = "speed",
     .type = PEAL_CONFIG_DOUBLE,
     .otherwise = "0",
     .help = "the same as --time-scale",
     .min = 1,
     .max = 3600},
    {.name = "seed",
     .type = PEAL_CONFIG_INT,
     .otherwise = "0",
     .help = "which sludge is simulated; 0: another each time",
     .min = 1,
     .max = INT64_MAX},
    {.name = "spool-bytes",
     .type = PEAL_CONFIG_BYTES,
     .otherwise = "64M",
     .help = "of disk for results that are not acknowledged",
     .min = 4096,
     .max = INT64_MAX},
    {.name = "wait",
     .type = PEAL_CONFIG_MS,
     .otherwise = "30s",
     .help = "how long --self-test and --once wait for the backend",
     .min = 1,
     .max = 3600000},
    {.name = "ack-timeout",
     .type = PEAL_CONFIG_MS,
     .otherwise = "10s",
     .help = "a result that is not acknowledged is sent again behind it",
     .min = 100,
     .max = 600000},
    {.name = "verbose",
     .type = PEAL_CONFIG_BOOL,
     .help = "say each attempt to connect"},
    {.name = "socketio-enabled",
     .type = PEAL_CONFIG_STR,
     .help = "as enabled, in a file"},
    {.name = "socketio-url",
     .type = PEAL_CONFIG_STR,
     .help = "as url, in a file"},
    {.name = "socketio-api-key",
     .type = PEAL_CONFIG_STR,
     .help = "as api-key, in a file",
     .secret = true},
};

const size_t options_key_count = PEAL_CONFIG_COUNT(options_keys);

/* What is said under its own name wins. */
static const char *either(const peal_config *config, const char *name,
                          const char *other) {
  const char *said = peal_config_str(config, other);
  bool is_default = strcmp(peal_config_source(config, name), "default") == 0;
  return is_default && said[0] != '\0' ? said : peal_config_str(config, name);
}

static bool is_yes(const char *text) {
  static const char *const words[] = {"true", "True", "TRUE", "1",
                                      "yes",  "on",   "Yes",  "On"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(text, words[i]) == 0)
      return true;
  return false;
}

static void read_modes(options *out, const peal_config *config) {
  double speed = peal_config_double(config, "speed");
  out->is_enabled = is_yes(either(config, "enabled", "socketio-enabled"));
  out->self_test = peal_config_bool(config, "self-test");
  out->simulate = peal_config_bool(config, "simulate");
  out->once = peal_config_bool(config, "once");
  out->time_scale =
      speed >= 1 ? speed : peal_config_double(config, "time-scale");
  out->seed = (uint64_t)peal_config_int(config, "seed");
  out->is_verbose = peal_config_bool(config, "verbose");
}

static bool complain(const char *name, const char *value,
                     const char *expected) {
  fprintf(stderr, "sv30-device: %s %s: expected %s\n", name, value, expected);
  return false;
}

static bool check(const options *it) {
  if (!peal_kit_zone_set(it->timezone))
    return complain("timezone", it->timezone,
                    "a name such as Asia/Kolkata, or an offset such as +05:30");
  if (it->test_id[0] != '\0' && !test_id_is_good(it->test_id))
    return complain("test-id", it->test_id,
                    "1 to 64 letters, digits, or any of - _ . :");
  if (it->self_test + it->simulate + it->once > 1)
    return complain("--self-test, --simulate, --once", "together",
                    "one of them");
  return true;
}

bool options_read(options *out, const peal_config *config) {
  *out = (options){.url = either(config, "url", "socketio-url"),
                   .api_key = either(config, "api-key", "socketio-api-key"),
                   .ca_file = peal_config_str(config, "ca-file"),
                   .is_insecure = peal_config_bool(config, "insecure"),
                   .timezone = peal_config_str(config, "timezone"),
                   .data_dir = peal_config_str(config, "data-dir"),
                   .metrics = peal_config_str(config, "metrics"),
                   .rgb = peal_config_str(config, "rgb"),
                   .heights = peal_config_str(config, "heights"),
                   .test_id = peal_config_str(config, "test-id"),
                   .test_type = peal_config_str(config, "test-type"),
                   .spool_bytes = peal_config_int(config, "spool-bytes"),
                   .wait_ms = (uint32_t)peal_config_int(config, "wait"),
                   .ack_timeout_ms =
                       (uint32_t)peal_config_int(config, "ack-timeout")};
  read_modes(out, config);
  return check(out);
}
