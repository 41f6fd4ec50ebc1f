/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_dice: the chance of the simulator. Everything random comes from a seed,
 * so the same --seed gives the same devices, motion and pictures. */
#include <stdbool.h>
#include <stdint.h>

typedef struct sim_dice {
  uint64_t state;
} sim_dice;

/* Dice of their own for `stream`, so that devices do not influence each
 * other. */
void sim_dice_init(sim_dice *dice, uint64_t seed, uint64_t stream);
uint32_t sim_dice_u32(sim_dice *dice);
/* In [0, 1). */
double sim_dice_share(sim_dice *dice);
/* In [low, high). */
double sim_dice_between(sim_dice *dice, double low, double high);
/* Bell-shaped around 0 with standard deviation 1, at most 6. */
double sim_dice_bell(sim_dice *dice);
/* True with probability `p`. */
bool sim_dice_is(sim_dice *dice, double p);
