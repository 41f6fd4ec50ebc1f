/* SPDX-License-Identifier: MIT */
#pragma once
/* settling: how the blanket of a sludge sinks in a cylinder: a lag while flocs
 * form, hindered settling at the velocity of Vesilind's law, then compression
 * towards what the sludge fills in the end. For simulated tests. All Thread:
 * pure.
 *
 *   height  --__
 *               \   velocity = v0 exp(-k X)
 *                \__
 *                   `--____________  end = SVI X
 *          lag  hindered  compression        */
#include <stdint.h>

typedef struct settling {
  double mixture_mm;        /* the height of all that is in the cylinder */
  double solids;            /* X: g/l */
  double velocity;          /* of hindered settling, mm/min */
  double end_mm;            /* the height that compression goes to */
  double lag_min;           /* before it sinks */
  double bend_mm, bend_min; /* where hindered settling ends */
  double tau_min;           /* of compression */
  uint64_t dice;
} settling;

/* A sludge of its own for each seed: thin and quick, or bulking and slow. */
void settling_init(settling *it, uint64_t seed);
/* The height of the blanket `t_min` minutes behind the start: never rises. */
double settling_height(const settling *it, double t_min);
/* A random number from `low` to `high`; the same seed gives the same ones. */
double settling_random(settling *it, double low, double high);
