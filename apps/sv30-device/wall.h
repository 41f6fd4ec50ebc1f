/* SPDX-License-Identifier: MIT */
#pragma once
/* wall: a moment as clocks show it, in the time zone that tests are named in. */
#include <stdint.h>

#include "test_id.h"

/* What the clock on the wall shows then; ms since 1970. Thread: any. */
civil wall_civil(int64_t wall_ms);
