/* SPDX-License-Identifier: MIT */
/* kit_clock: the time of day, which a test may set. */
#include <peal/kit_program.h>

int64_t peal_kit_clock_ms(const peal_kit *kit) {
  return kit->clock.wall_ms != NULL ? kit->clock.wall_ms(kit->clock.user)
                                    : peal_wall_ms();
}
