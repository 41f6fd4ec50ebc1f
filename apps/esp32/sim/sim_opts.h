/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_opts: the command line of the simulator. */
#include <stdbool.h>
#include <stdint.h>

enum { SIM_MAX_DEVICES = 10000 };

typedef struct sim_opts {
  const char *url;  /* of the dashboard, without a slash at the end */
  const char *key;  /* for X-Device-Key, or NULL */
  uint32_t devices; /* 1..SIM_MAX_DEVICES */
  double sensor_hz; /* per device; 0: none */
  double orientation_hz;
  double picture_s; /* between two pictures; 0: none */
  double audio_s;
  double duration_s; /* 0: until told to stop */
  double fault_drop; /* probabilities per request, 0..1 */
  double fault_slow;
  double fault_bad;
  uint64_t seed;
  long parent_pid; /* 0: any */
  bool die_with_parent;
  bool quiet;
} sim_opts;

typedef enum sim_opts_result {
  SIM_OPTS_RUN,
  SIM_OPTS_DONE, /* help was asked for and printed */
  SIM_OPTS_WRONG /* one line on stderr says what */
} sim_opts_result;

/* Fill `out` from the defaults, the environment (PEAL_DEVICE_KEY) and the
 * arguments, whose text it borrows; a slash at the end of the address is cut
 * off in place. */
sim_opts_result sim_opts_parse(sim_opts *out, int argc, char **argv);
