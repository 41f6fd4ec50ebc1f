/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_job: one request of a simulated device, made ready: path, type, body.
 * In the flow: motion, scene, sound -> [sim_job] -> sim_net. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_dice.h"
#include "sim_motion.h"

typedef enum sim_kind {
  SIM_SENSOR,
  SIM_ORIENTATION,
  SIM_PICTURE,
  SIM_AUDIO,
  SIM_OLED,
  SIM_KIND_COUNT
} sim_kind;

typedef enum sim_fault { SIM_NO_FAULT, SIM_DROP, SIM_SLOW, SIM_BAD } sim_fault;

typedef struct sim_job {
  sim_kind kind;
  sim_fault fault;
  char path[96];
  const char *content_type; /* static; NULL: a GET without a body */
  uint8_t *body;            /* owned */
  size_t len;
} sim_job;

/* Build the request of `kind` for the device. With SIM_BAD the content is
 * broken in one of many ways, each of which the server must refuse with a 4xx.
 * Returns: false if memory is out; `out` is then empty. */
bool sim_job_init(sim_job *out, sim_kind kind, sim_fault fault,
                  const char *device_id, uint32_t device, sim_dice *dice,
                  const sim_reading *reading, uint64_t wall_ms);
void sim_job_deinit(sim_job *job);
const char *sim_kind_name(sim_kind kind);
