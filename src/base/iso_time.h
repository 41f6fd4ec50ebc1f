/* SPDX-License-Identifier: MIT */
#pragma once
/* iso_time: a moment as text, 2026-01-31T12:00:00.000Z. */
#include <stdint.h>

#define PEAL_ISO_TIME_BYTES 25 /* with the terminator */

/* `wall_ms` since 1970. Years beyond 0 to 9999 (RFC3339 5.6) have no such text:
 * the year 1970 begins instead. Thread: pure. */
void peal_iso_time(char out[PEAL_ISO_TIME_BYTES], int64_t wall_ms);
