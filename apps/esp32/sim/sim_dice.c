/* SPDX-License-Identifier: MIT */
#include "sim_dice.h"

/* splitmix64: passes the usual tests, eight lines, any seed is good. */
static uint64_t next(sim_dice *dice) {
  uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void sim_dice_init(sim_dice *dice, uint64_t seed, uint64_t stream) {
  dice->state = seed;
  dice->state = next(dice) + stream * 0xD1342543DE82EF95u;
}

uint32_t sim_dice_u32(sim_dice *dice) {
  return (uint32_t)(next(dice) >> 32);
}

double sim_dice_share(sim_dice *dice) {
  return (double)(next(dice) >> 11) / 9007199254740992.0;
}

double sim_dice_between(sim_dice *dice, double low, double high) {
  return low + (high - low) * sim_dice_share(dice);
}

double sim_dice_bell(sim_dice *dice) {
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += sim_dice_share(dice);
  return sum;
}

bool sim_dice_is(sim_dice *dice, double p) {
  return sim_dice_share(dice) < p;
}
