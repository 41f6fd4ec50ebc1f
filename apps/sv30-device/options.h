/* SPDX-License-Identifier: MIT */
#pragma once
/* options: what flags, environment and file say, in one struct. */
#include <stdint.h>

#include <peal/config.h>

typedef struct options {
  bool is_enabled;
  const char *url, *api_key; /* api_key: "" is none */
  const char *ca_file;       /* "": the system's authorities */
  bool is_insecure;
  const char *timezone;
  const char *data_dir, *metrics, *rgb, *heights; /* heights: "" is none */
  const char *test_id, *test_type;                /* "": made from the time */
  bool self_test, simulate, once;
  double time_scale;
  uint64_t seed;
  int64_t spool_bytes;
  uint32_t wait_ms; /* of --self-test and --once */
  uint32_t ack_timeout_ms;
  bool is_verbose;
} options;

extern const peal_config_key options_keys[];
extern const size_t options_key_count;

/* Borrowed from `config`. False: something does not fit together, or is not
 * known, and a line on stderr says what. */
bool options_read(options *out, const peal_config *config);
