/* SPDX-License-Identifier: MIT */
#include "person_script.h"

#include <math.h>

enum {
  SCENE_MS = 20000,
  CHANGE_MS = 1500, /* from one posture to the next */
  EMPTY_MS = 2500,  /* the room at the beginning */
};

typedef enum scene {
  UPRIGHT,
  SLOUCHED,
  LEANING,
  AWAY,
  VISITED /* upright, with somebody behind */
} scene;

static uint64_t hash(uint64_t value) {
  // the finisher of splitmix64
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

static scene scene_of(uint64_t seed, uint64_t index) {
  static const scene rest[10] = {UPRIGHT, UPRIGHT, SLOUCHED, UPRIGHT, SLOUCHED,
                                 UPRIGHT, LEANING, UPRIGHT,  AWAY,    VISITED};
  if (index < 2)
    return index == 0 ? UPRIGHT : SLOUCHED;
  return rest[hash(seed * 31 + index + 0x9e3779b97f4a7c15u) % 10];
}

static double smooth(double share) {
  share = fmin(fmax(share, 0), 1);
  return share * share * (3 - 2 * share);
}

static double part(double from, double to, double share) {
  return from + (to - from) * share;
}

/* How far out of the picture somebody is who is away. */
static const double OUT = -1.4;

static person_pose posture_of(scene what) {
  person_pose pose = {.slouch_deg = 4, .second_x = 1.4};
  switch (what) {
  case SLOUCHED:
    pose.slouch_deg = 30;
    break;
  case LEANING:
    pose.slouch_deg = 10;
    pose.lean_deg = 28;
    break;
  case AWAY:
    pose.x = OUT;
    break;
  case VISITED:
    pose.second_x = 0.48;
    break;
  case UPRIGHT:
    break;
  }
  return pose;
}

/* Nobody sits quite still. */
static void breathe(person_pose *pose, uint64_t t_ms) {
  double t = (double)t_ms / 1000;
  pose->slouch_deg += 0.6 * sin(t * 1.5) + 0.4 * sin(t * 0.37);
  pose->x += 0.006 * sin(t * 0.9) + 0.004 * sin(t * 2.3);
  pose->lean_deg += 1.2 * sin(t * 0.53);
}

person_pose person_script_at(uint64_t seed, uint64_t t_ms) {
  uint64_t index = t_ms / SCENE_MS, into = t_ms % SCENE_MS;
  person_pose to = posture_of(scene_of(seed, index));
  person_pose from = posture_of(index == 0 ? AWAY : scene_of(seed, index - 1));
  double begun = index == 0 ? EMPTY_MS : 0;
  double share = smooth(((double)into - begun) / CHANGE_MS);
  person_pose pose = {
      .x = part(from.x, to.x, share),
      .slouch_deg = part(from.slouch_deg, to.slouch_deg, share),
      .lean_deg = part(from.lean_deg, to.lean_deg, share),
      .second_x = part(from.second_x, to.second_x, share),
      .light = 1 + 0.03 * sin((double)t_ms / 60000),
      .noise = 2.5,
      .grain = seed ^ t_ms,
      .look = (unsigned)(seed % PERSON_LOOKS),
  };
  pose.second = pose.second_x < 1.3;
  pose.nobody = pose.x <= OUT + 1e-6;
  breathe(&pose, t_ms);
  return pose;
}
