/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_patient: how a patient's vital signs go: mostly well, now and then worse
 * for some rounds, seldom very ill. Pure but for its dice. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <peal/kit_sim.h>

typedef struct sim_patient {
  char id[32], ward[32], bed[32]; /* "SIM-001", "SIM North", "SIM-N1-1" */
  double illness;                 /* 0: well; 1: very ill */
  double trend;                   /* of the next rounds */
  peal_kit_dice dice;
} sim_patient;

typedef struct sim_vitals {
  int heart_rate, systolic, spo2, respiration;
  double temperature;
  const char *consciousness; /* static */
} sim_vitals;

/* All Thread: pure. */
void sim_patient_init(sim_patient *p, size_t ward, size_t number,
                      uint64_t seed);
void sim_patient_step(sim_patient *p, sim_vitals *out);
