/* SPDX-License-Identifier: MIT */
#pragma once
/* simulation: a whole test of a simulated sludge, time-scaled, through the same
 * spool and events as a real one; and the self-test. */
#include "options.h"

/* Ends when all is acknowledged (0), or when it is told to end (0; what is left
 * stays in the spool). */
int simulation_run(const options *opts);
/* One sample, not spooled: 0 when the backend has acknowledged it. */
int simulation_self_test(const options *opts);
