/* SPDX-License-Identifier: MIT */
#include "sim_patient.h"

#include <math.h>
#include <stdio.h>

void sim_patient_init(sim_patient *p, size_t ward, size_t number,
                      uint64_t seed) {
  static const char *const names[] = {"North", "South", "East", "West"};
  *p = (sim_patient){0};
  peal_kit_dice_init(&p->dice, seed, number);
  snprintf(p->id, sizeof p->id, "SIM-%03zu", number);
  snprintf(p->bed, sizeof p->bed, "SIM-B%03zu", number);
  if (ward < 4)
    snprintf(p->ward, sizeof p->ward, "%s", names[ward]);
  else
    snprintf(p->ward, sizeof p->ward, "Ward %zu", ward + 1);
}

/* It goes worse seldom, and better again in any case. */
static void live(sim_patient *p) {
  if (p->trend == 0 && peal_kit_dice_is(&p->dice, 0.02))
    p->trend = peal_kit_dice_between(&p->dice, 0.08, 0.3);
  p->illness += p->trend;
  if (p->illness > 1 || (p->trend > 0 && peal_kit_dice_is(&p->dice, 0.25)))
    p->trend = -0.15;
  if (p->illness < 0) {
    p->illness = 0;
    p->trend = 0;
  }
  if (p->illness > 1)
    p->illness = 1;
}

static int about(sim_patient *p, double well, double ill, double spread) {
  double mean = well + (ill - well) * p->illness;
  return (int)lround(mean + spread * peal_kit_dice_bell(&p->dice));
}

void sim_patient_step(sim_patient *p, sim_vitals *out) {
  live(p);
  *out = (sim_vitals){.heart_rate = about(p, 72, 138, 3),
                      .systolic = about(p, 122, 84, 4),
                      .spo2 = about(p, 97, 86, 0.5),
                      .respiration = about(p, 15, 29, 0.8),
                      .temperature = about(p, 369, 395, 1.5) / 10.0,
                      .consciousness = p->illness > 0.9 ? "voice" : "alert"};
  if (out->spo2 > 100)
    out->spo2 = 100;
}
