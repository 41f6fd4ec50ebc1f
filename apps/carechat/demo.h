/* SPDX-License-Identifier: MIT */
#pragma once
/* demo: with --simulate there is an account to look at, `demo`, and simulated
 * devices that are its. Its password is made by the first run, and kept in the
 * data folder (demo.password, 0600). */
#include "care.h"

/* The account and its devices. Blocks: before the run, before the devices are
 * loaded. False after saying why. */
PEAL_MUST_CHECK bool demo_prepare(care *app);
/* On worker 0: start the simulated devices; look after them; end them. */
void demo_start(care *app);
void demo_check(care *app);
void demo_stop(care *app);
/* Behind the run: wait for their end. */
void demo_wait(care *app);
