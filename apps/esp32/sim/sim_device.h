/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_device: one simulated ESP32: what it sends when, and what it does when
 * the server is away. A state machine over sim_line, told the time. */
#include "sim_net.h"
#include "sim_stats.h"

typedef struct sim_device sim_device;

/* What all devices share; outlives them. */
typedef struct sim_world {
  const sim_opts *opts;
  sim_net *net;
  sim_stats stats;
  uint32_t away;           /* devices that cannot reach the server */
  bool was_told;           /* that the server is away */
  sim_device **finished;   /* whose request ended; room for all */
  uint32_t finished_count; /* emptied by the owner */
  uint64_t now_ms;         /* monotonic, set before each call */
} sim_world;

/* Returns: NULL if memory is out. */
sim_device *sim_device_new(sim_world *world, uint32_t number);
void sim_device_free(sim_device *device);
/* When it wants sim_device_step, by the world's clock; UINT64_MAX while a
 * request is under way. */
uint64_t sim_device_wake_ms(const sim_device *device);
/* Send what is due. */
void sim_device_step(sim_device *device);
