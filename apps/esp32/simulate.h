/* SPDX-License-Identifier: MIT */
#pragma once
/* simulate: the simulated devices, a program of their own (peal-esp32-sim) that
 * uses the public endpoints like any device. */
#include <peal/kit_child.h>

#include "dash.h"

/* Start it for dash->conf.simulate devices; failures are logged. */
void simulate_start(peal_kit_child *sim, dash *app);
