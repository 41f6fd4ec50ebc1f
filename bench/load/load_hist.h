/* SPDX-License-Identifier: MIT */
#pragma once
/* load_hist: a histogram of latencies, exact to three percent. */
#include <stdint.h>

enum {
  LOAD_HIST_STEPS = 32, /* buckets per power of two */
  LOAD_HIST_POWERS = 40 /* up to 2^44 ns, hours */
};

typedef struct load_hist {
  uint64_t count;
  uint64_t bucket[LOAD_HIST_POWERS * LOAD_HIST_STEPS];
} load_hist;

void load_hist_add(load_hist *hist, uint64_t ns);

/* The latency that `share` (0 to 1) of the samples stay under, in
 * microseconds; 0 without samples. */
double load_hist_quantile_us(const load_hist *hist, double share);
