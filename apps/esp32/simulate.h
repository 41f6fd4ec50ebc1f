/* SPDX-License-Identifier: MIT */
#pragma once
/* simulate: the simulated devices, a program of their own (peal-esp32-sim, in
 * the same folder) that uses the public endpoints like any device. It ends
 * with the thread that starts it: the main one. */
#include <stdbool.h>

#include "dash.h"

typedef struct simulate {
  int pid; /* 0: none runs */
} simulate;

/* Start it for dash->conf.simulate devices; failures are logged. */
void simulate_start(simulate *sim, dash *app);
/* Has it ended by itself? Logged once. */
void simulate_check(simulate *sim, dash *app);
/* Ask it to end. */
void simulate_stop(simulate *sim);
/* Wait for that, at most a second, then end it. Blocks. */
void simulate_wait(simulate *sim);
