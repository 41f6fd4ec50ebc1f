/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_device: one simulated device: a Socket.IO client that measures, keeps what
 * it measured until that is acknowledged, and fails now and then. */
#include <peal/client.h>

#include "sim_body.h"

/* What all devices share. */
typedef struct sim_world {
  const char *url;
  bool is_single; /* one sign in turn, not all of them at a time */
  uint32_t interval_ms;
  double fault_drop, fault_bad; /* share of the steps */
  /* So far. */
  uint64_t measured, acknowledged, refused, lost, connects;
  uint32_t open; /* devices that are connected */
  /* Milliseconds from sending to the acknowledgement: counts by size, of which
   * the last has all that is longer. */
  uint64_t waits[2048];
} sim_world;

typedef struct sim_device sim_device;

/* On the worker; `id` and `key` are copied. NULL: out of memory, or no such
 * URL. */
sim_device *sim_device_new(sim_world *world, peal_worker *worker,
                           const char *id, const char *key, uint64_t seed);
void sim_device_free(sim_device *device);
/* Begin, so many milliseconds from now. */
void sim_device_start(sim_device *device, uint32_t delay_ms);
