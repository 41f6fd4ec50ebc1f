/* SPDX-License-Identifier: MIT */
#pragma once
/* measure: what the measuring pipeline has written, checked, and the result that
 * is sent of it. All Thread: pure.
 *
 *   sv30_metrics.json   {"sludge_height_mm": 212.5, "mixture_height_mm": 340,
 *                        "sv30_height_mm": 212.5, "velocity_mm_per_min": 4.2,
 *                        "floc_count": 118, "floc_avg_size_mm": 1.4,
 *                        "t_min": 30}
 *   rgb_values.json     {"rgb_clear_zone": {"r": 180, "g": 190, "b": 200},
 *                        "rgb_sludge_zone": {"r": 90, "g": 70, "b": 50}}
 *
 * The first two heights have to be there. t_min (0 or 30) says which of the two
 * results it is; without it the time decides (course.h). Colours may be arrays,
 * and their names may lack `rgb_`. */
#include <stdint.h>

#include <peal/val.h>

enum { MEASURE_NONE = -1 };

typedef struct measure {
  double sludge_mm, mixture_mm, sv30_mm, velocity, floc_mm; /* < 0: not given,
                                                    but for the velocity */
  bool has_velocity;
  int64_t floc_count; /* MEASURE_NONE: not given */
  int clear[3], sludge[3];
  bool has_clear, has_sludge;
  int t_min; /* 0, 30, MEASURE_NONE */
} measure;

/* What both files hold; `rgb` may be undefined. False: `why` (of `cap` bytes)
 * says what is wrong. */
bool measure_read(measure *out, peal_val metrics, peal_val rgb, char *why,
                  size_t cap);
/* The result as it is sent; texts are borrowed, the rest lives in `build`. */
peal_val measure_result(peal_build *build, const measure *of,
                        const char *test_id, const char *type,
                        const char *timestamp, int t_min);
