/* SPDX-License-Identifier: MIT */
#include "shift.h"

#include <stdio.h>
#include <time.h>

enum {
  MINUTE_MS = 60000,
  AHEAD_MS = 5 * MINUTE_MS, /* so much a good clock may be wrong */
};

static struct tm local_of(int64_t wall_ms) {
  struct tm out = {0};
  time_t seconds = (time_t)(wall_ms / 1000);
  localtime_r(&seconds, &out);
  return out;
}

shift shift_of_time(int64_t wall_ms) {
  int hour = local_of(wall_ms).tm_hour;
  return hour >= 6 && hour < 14    ? SHIFT_MORNING
         : hour >= 14 && hour < 22 ? SHIFT_AFTERNOON
                                   : SHIFT_EVENING;
}

void shift_clock(char out[8], int64_t wall_ms) {
  struct tm at = local_of(wall_ms);
  snprintf(out, 8, "%02d:%02d", (unsigned char)at.tm_hour % 24,
           (unsigned char)at.tm_min % 60);
}

const char *shift_word(shift of) {
  static const char *const words[] = {"unknown", "morning", "afternoon",
                                      "evening"};
  return words[of];
}

shift shift_of_type(peal_slice type) {
  for (shift of = SHIFT_MORNING; of <= SHIFT_EVENING; of++) {
    char first[2] = {shift_word(of)[0], '\0'};
    if (peal_slice_is_nocase(type, shift_word(of)) ||
        peal_slice_is_nocase(type, first))
      return of;
  }
  return SHIFT_UNKNOWN;
}

shift shift_of_id(peal_slice test_id) {
  if (test_id.len < 2 || test_id.ptr[test_id.len - 2] != '-')
    return SHIFT_UNKNOWN;
  return shift_of_type((peal_slice){test_id.ptr + test_id.len - 1, 1});
}

bool shift_warning(char *out, size_t cap, peal_slice test_id, peal_slice type,
                   int64_t wall_ms, int64_t t_min, int64_t now_ms,
                   const char *zone) {
  char clock[8];
  shift said = shift_of_type(type), in_id = shift_of_id(test_id);
  shift at = shift_of_time(wall_ms);
  shift begun = shift_of_time(wall_ms - t_min * MINUTE_MS);
  shift_clock(clock, wall_ms);
  // the clock of a simulated test may run faster
  if (wall_ms > now_ms + AHEAD_MS && !peal_slice_starts(test_id, "SIM"))
    snprintf(out, cap,
             "the timestamp is %lld minutes ahead of this server: one of the "
             "two clocks is wrong",
             (long long)((wall_ms - now_ms) / MINUTE_MS));
  else if (said == SHIFT_UNKNOWN)
    return false;
  else if (said != at && said != begun)
    snprintf(out, cap,
             "testType %s does not fit %s in %s, which is %s: look at the "
             "device's clock and time zone",
             shift_word(said), clock, zone, shift_word(at));
  else if (in_id != SHIFT_UNKNOWN && in_id != said)
    snprintf(out, cap, "testType %s does not fit the id, which says %s",
             shift_word(said), shift_word(in_id));
  else
    return false;
  return true;
}
