/* SPDX-License-Identifier: MIT */
#pragma once
/* zone: the time zone that tests are named in. */
#include <stdint.h>

#include "test_id.h"

/* A name of the time zone database such as Asia/Kolkata, or an offset such as
 * +05:30. It becomes that of the process: before any thread. False: it is
 * none. */
bool zone_set(const char *name);
/* What the clock on the wall shows then; ms since 1970. Thread: any. */
civil zone_civil(int64_t wall_ms);
/* The same moment as every clock has it, 2026-01-31T12:00:00.000Z. */
void zone_iso(char out[25], int64_t wall_ms);
