/* SPDX-License-Identifier: MIT */
#include "settling.h"

#include <math.h>

/* Vesilind (1968), with values for activated sludge of middling kind. */
#define V0_MM_PER_MIN 116.0
#define K_L_PER_G 0.45
#define BEND_SHARE 1.25 /* compression begins at so much of the end */

double settling_random(settling *it, double low, double high) {
  it->dice = it->dice * 6364136223846793005u + 1442695040888963407u;
  double unit = (double)(it->dice >> 11) / 9007199254740992.0;
  return low + unit * (high - low);
}

void settling_init(settling *it, uint64_t seed) {
  *it = (settling){.mixture_mm = 340, .dice = seed * 2654435761u + 1};
  (void)settling_random(it, 0, 1);
  it->solids = settling_random(it, 2.2, 4.0);
  double index = settling_random(it, 80, 170); // SVI, ml/g
  double share = it->solids * index / 1000;
  it->end_mm = it->mixture_mm * (share > 0.9 ? 0.9 : share) * 0.93;
  it->velocity = V0_MM_PER_MIN * exp(-K_L_PER_G * it->solids);
  it->lag_min = settling_random(it, 0.3, 1.5);
  it->bend_mm = it->end_mm * BEND_SHARE;
  if (it->bend_mm > it->mixture_mm)
    it->bend_mm = it->mixture_mm;
  it->bend_min = it->lag_min + (it->mixture_mm - it->bend_mm) / it->velocity;
  // the curve has no corner there
  it->tau_min = (it->bend_mm - it->end_mm) / it->velocity;
}

double settling_height(const settling *it, double t_min) {
  if (t_min <= it->lag_min)
    return it->mixture_mm;
  if (t_min <= it->bend_min)
    return it->mixture_mm - it->velocity * (t_min - it->lag_min);
  return it->end_mm + (it->bend_mm - it->end_mm) *
                          exp(-(t_min - it->bend_min) / it->tau_min);
}
