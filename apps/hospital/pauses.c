/* SPDX-License-Identifier: MIT */
#include "pauses.h"

enum { WAIT_MS = 60000, MOMENT_MS = 5, FIRST_MS = 1000, LAST_MS = 300000 };

uint64_t pauses_until(int64_t due_ms, int64_t now_ms) {
  int64_t wait = due_ms - now_ms;
  return wait < MOMENT_MS ? MOMENT_MS
         : wait > WAIT_MS ? WAIT_MS
                          : (uint64_t)wait;
}

int64_t pauses_before(int64_t tries) {
  int64_t pause = FIRST_MS;
  while (tries-- > 0 && pause < LAST_MS)
    pause *= 2;
  return pause < LAST_MS ? pause : LAST_MS;
}
