/* SPDX-License-Identifier: MIT */
#pragma once
/* demo: --simulate: wards with patients, by a program of its own that signs in
 * as the doctor `SIM.doctor` through the public endpoints. */
#include "hospital.h"

/* The account. Blocks: before the run, behind the people. False after saying
 * why. */
bool demo_prepare(hospital *app);
void demo_start(hospital *app);
void demo_check(hospital *app);
void demo_stop(hospital *app);
void demo_wait(hospital *app);
