/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_body: the vital signs of somebody who is well, mostly: values that wander
 * slowly, breathe with the day, and leave their band now and then. The same seed
 * gives the same life. No clock: each step is one reading. */
#include <stdint.h>

#include <peal/kit_sim.h>

typedef enum sim_sign {
  SIM_HEART_RATE,
  SIM_SPO2,
  SIM_TEMPERATURE,
  SIM_SYSTOLIC,
  SIM_DIASTOLIC,
  SIM_RESPIRATION,
  SIM_SIGNS,
} sim_sign;

typedef struct sim_body {
  peal_kit_dice dice;
  double values[SIM_SIGNS];
  sim_sign ill; /* what is out of its band, for `ill_steps` more */
  int ill_steps;
  double battery; /* percent; charged again when it is low */
} sim_body;

/* All Thread: pure. */
void sim_body_init(sim_body *body, uint64_t seed);
/* One step further. */
void sim_body_step(sim_body *body);
/* The value as a device shows it: whole numbers, temperature to a tenth. */
double sim_body_get(const sim_body *body, sim_sign sign);
const char *sim_body_name(sim_sign sign);
const char *sim_body_unit(sim_sign sign);
