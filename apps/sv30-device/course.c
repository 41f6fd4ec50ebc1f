/* SPDX-License-Identifier: MIT */
#include "course.h"

#include <stdio.h>

#include "measure.h"

enum {
  MINUTE_MS = 60000,
  CORRECT_MIN = 2,
  SOON_MIN = 29,
  END_MIN = 30,
  STALE_MIN = 45,
  CLOCK_MS = 2000
};

static bool is_stale(const course *it, int64_t at_ms) {
  int64_t since = at_ms - it->started_ms;
  return since < 0 || since >= STALE_MIN * (int64_t)MINUTE_MS;
}

course_step course_next(const course *it, int64_t at_ms, int t_min) {
  bool is_old = it->id[0] == '\0' || is_stale(it, at_ms);
  int64_t since = at_ms - it->started_ms;
  if (t_min == END_MIN)
    return is_old ? COURSE_END_ONLY : COURSE_END;
  if (!it->is_running || is_old)
    return COURSE_BEGIN;
  if (t_min == 0)
    return since < CORRECT_MIN * (int64_t)MINUTE_MS ? COURSE_CORRECT
                                                    : COURSE_BEGIN;
  bool is_over = since >= SOON_MIN * (int64_t)MINUTE_MS;
  return is_over ? COURSE_END : COURSE_NOTHING;
}

int64_t course_second(const course *it, int64_t now_ms) {
  if (!it->is_running || is_stale(it, now_ms))
    return -1;
  return (now_ms - it->started_ms) / 1000;
}

int64_t course_clock_step(course_clock *it, int64_t wall_ms,
                          int64_t steady_ms) {
  int64_t apart = wall_ms - steady_ms, by = apart - it->apart_ms;
  bool is_set = it->is_known && (by > CLOCK_MS || by < -CLOCK_MS);
  *it = (course_clock){apart, true};
  return is_set ? by : 0;
}

void course_shift(course *it, int64_t by_ms) {
  if (it->id[0] != '\0')
    it->started_ms += by_ms;
}

peal_val course_val(peal_build *build, const course *it) {
  return peal_build_keep(
      build, PEAL_OBJECT({"id", peal_str(it->id)}, {"type", peal_str(it->type)},
                         {"started_ms", peal_int(it->started_ms)},
                         {"running", peal_bool(it->is_running)}));
}

bool course_read(course *out, peal_val from) {
  *out = (course){0};
  peal_slice id = peal_val_str(peal_val_get(from, "id"));
  peal_slice type = peal_val_str(peal_val_get(from, "type"));
  if (id.len >= sizeof out->id || type.len >= sizeof out->type)
    return false;
  snprintf(out->id, sizeof out->id, "%.*s", PEAL_SFMT(id));
  snprintf(out->type, sizeof out->type, "%.*s", PEAL_SFMT(type));
  out->started_ms = peal_val_int(peal_val_get(from, "started_ms"), 0);
  out->is_running = peal_val_bool(peal_val_get(from, "running"), false);
  if (test_id_is_good(out->id))
    return true;
  *out = (course){0};
  return false;
}
