/* SPDX-License-Identifier: MIT */
#pragma once
/* watch: sends what the measuring pipeline brings, until the program is to end:
 * results when its files change, heights once a second. */
#include "options.h"

/* Returns the exit code: 0, or 1 if it could not begin. */
int watch_run(const options *opts);
/* The files as they are now, once: 0 if the result was acknowledged, or is kept
 * in the spool. */
int watch_once(const options *opts);
