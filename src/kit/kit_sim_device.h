/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sim_device: one simulated device: what it sends when, and what it
 * does when the server is away. A state machine over its line and its socket,
 * told the time. */
#include "kit/kit_sim_net.h"
#include "kit/kit_sim_stats.h"

typedef struct peal_kit_sim_device peal_kit_sim_device;

/* What all devices share; outlives them. */
typedef struct peal_kit_sim_world {
  const peal_kit_sim_opts *opts;
  peal_kit_sim_net *net;
  peal_kit_sim_stats stats;
  uint32_t away;                  /* devices that cannot reach the server */
  bool was_told;                  /* that the server is away */
  peal_kit_sim_device **finished; /* whose request ended; room for all */
  uint32_t finished_count;        /* emptied by the owner */
  uint64_t now_ms;                /* monotonic, set before each call */
  uint64_t began_ms;              /* the same, of the beginning */
  int64_t began_wall_ms;
} peal_kit_sim_world;

/* Returns: NULL if memory is out. */
peal_kit_sim_device *peal_kit_sim_device_new(peal_kit_sim_world *world,
                                             uint32_t number);
void peal_kit_sim_device_free(peal_kit_sim_device *device);
/* When it wants peal_kit_sim_device_step, by the world's clock; UINT64_MAX
 * while a request is under way. */
uint64_t peal_kit_sim_device_wake_ms(const peal_kit_sim_device *device);
/* Send what is due. */
void peal_kit_sim_device_step(peal_kit_sim_device *device);
