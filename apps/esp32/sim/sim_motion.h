/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_motion: a device in somebody's hand: it rests, walks, is shaken. The
 * orientation is moved and the sensors are computed from it, so that gravity is
 * always on the axis that points down and the rotation rates are the change of
 * the angles. */
#include <peal/kit_sim.h>

typedef struct sim_reading {
  double accel[3];         /* x y z, m/s2; at rest 9.81 in all */
  double gyro[3];          /* x y z, degrees per second */
  double pitch, roll, yaw; /* degrees: -90..90, -180..180, 0..360 */
  int mic_level;           /* 0..4095, as the 12-bit converter gives */
} sim_reading;

typedef enum sim_mood { SIM_REST, SIM_WALK, SIM_SHAKE } sim_mood;

typedef struct sim_motion {
  peal_kit_dice dice;
  sim_mood mood;
  double mood_left_s;
  double pace_hz;          /* steps or shakes per second */
  double phase;            /* of the pace, in turns */
  double pitch, roll, yaw; /* degrees */
  double target[3];        /* where the hand turns to */
  double loudness;         /* 0..1, talking comes and goes */
  uint64_t last_ms;
} sim_motion;

void sim_motion_init(sim_motion *motion, uint64_t seed, uint64_t stream,
                     uint64_t now_ms);
/* Move on to `now_ms` and read the sensors. */
void sim_motion_read(sim_motion *motion, uint64_t now_ms, sim_reading *out);
