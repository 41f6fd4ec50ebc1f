/* SPDX-License-Identifier: MIT */
/* kit_dice: chance that comes from a seed. */
#include <peal/kit_sim.h>

/* splitmix64: passes the usual tests, eight lines, any seed is good. */
static uint64_t next(peal_kit_dice *dice) {
  uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void peal_kit_dice_init(peal_kit_dice *dice, uint64_t seed, uint64_t stream) {
  dice->state = seed;
  dice->state = next(dice) + stream * 0xD1342543DE82EF95u;
}

uint32_t peal_kit_dice_u32(peal_kit_dice *dice) {
  return (uint32_t)(next(dice) >> 32);
}

double peal_kit_dice_share(peal_kit_dice *dice) {
  return (double)(next(dice) >> 11) / 9007199254740992.0;
}

double peal_kit_dice_between(peal_kit_dice *dice, double low, double high) {
  return low + (high - low) * peal_kit_dice_share(dice);
}

double peal_kit_dice_bell(peal_kit_dice *dice) {
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += peal_kit_dice_share(dice);
  return sum;
}

bool peal_kit_dice_is(peal_kit_dice *dice, double p) {
  return peal_kit_dice_share(dice) < p;
}
