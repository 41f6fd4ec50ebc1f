/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_health: how the program is, looked at once a second, so that who asks
 * costs nothing. */
#include <peal/kit_program.h>

PEAL_MUST_CHECK bool peal_kit_health_init(peal_kit *kit);
void peal_kit_health_deinit(peal_kit *kit);
/* Every second, on a worker: the store is probed. */
void peal_kit_health_tick(peal_kit *kit);
