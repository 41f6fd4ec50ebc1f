/* SPDX-License-Identifier: MIT */
#include "sim_motion.h"

#include <math.h>

#define PI 3.14159265358979323846
#define GRAVITY 9.80665

static double radians(double degrees) {
  return degrees * PI / 180;
}

static void mood_change(sim_motion *m) {
  double chance = peal_kit_dice_share(&m->dice);
  if (chance < 0.45) {
    m->mood = SIM_REST;
    m->mood_left_s = peal_kit_dice_between(&m->dice, 6, 20);
    m->pace_hz = 0;
  } else if (chance < 0.85) {
    m->mood = SIM_WALK;
    m->mood_left_s = peal_kit_dice_between(&m->dice, 8, 25);
    m->pace_hz = peal_kit_dice_between(&m->dice, 1.6, 2.1); // steps of a person
  } else {
    m->mood = SIM_SHAKE;
    m->mood_left_s = peal_kit_dice_between(&m->dice, 1.5, 4);
    m->pace_hz = peal_kit_dice_between(&m->dice, 4, 6);
  }
  double reach = m->mood == SIM_REST ? 15 : 45;
  m->target[0] = peal_kit_dice_between(&m->dice, -reach, reach);
  m->target[1] = peal_kit_dice_between(&m->dice, -reach * 1.5, reach * 1.5);
  m->target[2] = m->yaw + peal_kit_dice_between(&m->dice, -90, 90);
}

void sim_motion_init(sim_motion *motion, uint64_t seed, uint64_t stream,
                     uint64_t now_ms) {
  *motion = (sim_motion){.last_ms = now_ms};
  peal_kit_dice_init(&motion->dice, seed, stream);
  motion->yaw = peal_kit_dice_between(&motion->dice, 0, 360);
  mood_change(motion);
}

/* Turn towards the targets and remember how fast. */
static void turn(sim_motion *m, double seconds, double rate[3]) {
  double *angle[3] = {&m->pitch, &m->roll, &m->yaw};
  double ease = 1 - exp(-seconds / 0.8);
  double tremble = m->mood == SIM_REST ? 0.05 : m->mood == SIM_WALK ? 1 : 4;
  double swing = sin(m->phase * 2 * PI) * tremble * 2;
  for (int i = 0; i < 3; i++) {
    double wanted = m->target[i] + swing * (i == 1 ? 1 : 0.5);
    double step = (wanted - *angle[i]) * ease +
                  peal_kit_dice_bell(&m->dice) * tremble * sqrt(seconds);
    *angle[i] += step;
    rate[i] = step / seconds;
  }
  m->pitch = fmax(-89, fmin(89, m->pitch));
  m->roll = fmax(-179, fmin(179, m->roll));
  // the target goes round with the angle, so the way to it stays the same
  double whole = floor(m->yaw / 360) * 360;
  m->yaw -= whole;
  m->target[2] -= whole;
}

/* Steps push up and down twice as hard as to the front; shaking goes along x.
 */
static void push(const sim_motion *m, double force[3]) {
  double wave = sin(m->phase * 2 * PI);
  force[0] = force[1] = force[2] = 0;
  if (m->mood == SIM_WALK) {
    force[2] = 2.2 * wave + 0.8 * sin(m->phase * 4 * PI);
    force[0] = 1.1 * cos(m->phase * 2 * PI);
    force[1] = 0.5 * sin(m->phase * PI);
  } else if (m->mood == SIM_SHAKE) {
    force[0] = 14 * wave;
    force[1] = 4 * cos(m->phase * 2 * PI);
    force[2] = 3 * wave;
  }
}

static int mic_of(sim_motion *m, double seconds) {
  if (peal_kit_dice_is(&m->dice, seconds * 0.4))
    m->loudness = peal_kit_dice_between(&m->dice, 0.15, 1); // somebody speaks
  m->loudness *= exp(-seconds / 1.5);
  double steps = m->mood == SIM_WALK && m->phase < 0.2 ? 0.08 : 0;
  double shake = m->mood == SIM_SHAKE ? 0.25 : 0;
  double noise = fabs(peal_kit_dice_bell(&m->dice)) * 0.012;
  double level = 0.03 + noise + steps + shake + m->loudness * 0.7;
  return (int)(fmin(1, level) * 4095);
}

void sim_motion_read(sim_motion *m, uint64_t now_ms, sim_reading *out) {
  double seconds = (double)(now_ms - m->last_ms) / 1000;
  seconds = fmax(0.001, fmin(1, seconds));
  m->last_ms = now_ms;
  m->mood_left_s -= seconds;
  if (m->mood_left_s <= 0)
    mood_change(m);
  m->phase += seconds * m->pace_hz;
  m->phase -= floor(m->phase);
  double rate[3], force[3];
  turn(m, seconds, rate);
  push(m, force);
  double pitch = radians(m->pitch), roll = radians(m->roll);
  double gravity[3] = {-GRAVITY * sin(pitch), GRAVITY * cos(pitch) * sin(roll),
                       GRAVITY * cos(pitch) * cos(roll)};
  for (int i = 0; i < 3; i++)
    out->accel[i] = gravity[i] + force[i] + peal_kit_dice_bell(&m->dice) * 0.03;
  // roll turns about x, pitch about y, yaw about z
  out->gyro[0] = rate[1] + peal_kit_dice_bell(&m->dice) * 0.15;
  out->gyro[1] = rate[0] + peal_kit_dice_bell(&m->dice) * 0.15;
  out->gyro[2] = rate[2] + peal_kit_dice_bell(&m->dice) * 0.15;
  // the chip's range in its setting of 500 degrees per second
  for (int i = 0; i < 3; i++)
    out->gyro[i] = fmax(-500, fmin(500, out->gyro[i]));
  out->pitch = m->pitch;
  out->roll = m->roll;
  out->yaw = m->yaw;
  out->mic_level = mic_of(m, seconds);
}
