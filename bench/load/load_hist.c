/* SPDX-License-Identifier: MIT */
#include "load_hist.h"

#include <stddef.h>

enum { BUCKETS = LOAD_HIST_POWERS * LOAD_HIST_STEPS };

/* The five bits behind the highest one choose the step inside its power. */
static size_t bucket_of(uint64_t ns) {
  unsigned power = 0;
  while (ns >= 2 * LOAD_HIST_STEPS) {
    ns >>= 1;
    power++;
  }
  size_t bucket = (size_t)power * LOAD_HIST_STEPS + (size_t)ns;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double bucket_ns(size_t bucket) {
  if (bucket < 2 * LOAD_HIST_STEPS)
    return (double)bucket;
  size_t power = bucket / LOAD_HIST_STEPS - 1;
  uint64_t step = bucket % LOAD_HIST_STEPS + LOAD_HIST_STEPS;
  return ((double)step + 0.5) * (double)(UINT64_C(1) << power);
}

void load_hist_add(load_hist *hist, uint64_t ns) {
  hist->count++;
  hist->bucket[bucket_of(ns)]++;
}

double load_hist_quantile_us(const load_hist *hist, double share) {
  double wanted = share * (double)hist->count;
  double seen = 0;
  for (size_t i = 0; i < BUCKETS && hist->count > 0; i++) {
    seen += (double)hist->bucket[i];
    if (seen >= wanted && seen > 0)
      return bucket_ns(i) / 1000.0;
  }
  return 0;
}
