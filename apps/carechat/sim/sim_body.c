/* SPDX-License-Identifier: MIT */
#include "sim_body.h"

#include <math.h>

/* Where it rests, how far it wanders in a step, how it is pulled back, and where
 * it goes when something is wrong. */
static const struct {
  const char *name, *unit;
  double rest, step, ill;
} signs[SIM_SIGNS] = {
    [SIM_HEART_RATE] = {"heart_rate", "bpm", 72, 1.2, 138},
    [SIM_SPO2] = {"spo2", "%", 98, 0.25, 89},
    [SIM_TEMPERATURE] = {"temperature",
                         "\xc2\xb0"
                         "C",
                         36.7, 0.03, 39.4},
    [SIM_SYSTOLIC] = {"systolic", "mmHg", 124, 1.0, 168},
    [SIM_DIASTOLIC] = {"diastolic", "mmHg", 78, 0.8, 98},
    [SIM_RESPIRATION] = {"respiration", "/min", 15, 0.4, 27},
};

static const double PULL = 0.05, ILL_PULL = 0.15;
static const double FALLS_ILL =
    1.0 / 400; /* of the steps of a body that is well */

enum { ILL_STEPS = 40 };

void sim_body_init(sim_body *body, uint64_t seed) {
  *body = (sim_body){0};
  peal_kit_dice_init(&body->dice, seed, 0);
  for (int i = 0; i < SIM_SIGNS; i++)
    body->values[i] = signs[i].rest +
                      signs[i].step * peal_kit_dice_between(&body->dice, -3, 3);
  body->battery = peal_kit_dice_between(&body->dice, 40, 100);
}

static void wander(sim_body *body, int i) {
  double *value = &body->values[i];
  double goal = signs[i].rest, pull = PULL;
  if (body->ill_steps > 0 && i == (int)body->ill) {
    goal = signs[i].ill;
    pull = ILL_PULL;
  }
  *value += (goal - *value) * pull +
            signs[i].step * peal_kit_dice_between(&body->dice, -1, 1);
}

void sim_body_step(sim_body *body) {
  if (body->ill_steps > 0) {
    body->ill_steps--;
  } else if (peal_kit_dice_is(&body->dice, FALLS_ILL)) {
    body->ill = (sim_sign)(peal_kit_dice_u32(&body->dice) % SIM_SIGNS);
    body->ill_steps = ILL_STEPS;
  }
  for (int i = 0; i < SIM_SIGNS; i++)
    wander(body, i);
  if (body->values[SIM_SPO2] > 100)
    body->values[SIM_SPO2] = 100;
  body->battery = body->battery < 12 ? 100 : body->battery - 0.01;
}

double sim_body_get(const sim_body *body, sim_sign sign) {
  double value = body->values[sign];
  return sign == SIM_TEMPERATURE ? round(value * 10) / 10 : round(value);
}

const char *sim_body_name(sim_sign sign) {
  return signs[sign].name;
}

const char *sim_body_unit(sim_sign sign) {
  return signs[sign].unit;
}
