/* SPDX-License-Identifier: MIT */
/* web_time: times of the calendar as text (ISO 8601). */
#include <peal/web.h>

#include "base/iso_time.h"

void peal_web_time_iso(char out[25], int64_t wall_ms) {
  peal_iso_time(out, wall_ms);
}
