/* SPDX-License-Identifier: MIT */
#pragma once
/* web_metrics: figures as Prometheus text (exposition format 0.0.4). */
#include "web/web_impl.h"

/* Upper bounds of the buckets in microseconds. */
extern const uint64_t peal_web_metrics_bounds[PEAL_WEB_BUCKETS];

struct peal_web_metrics_out {
  peal_buf text;
  char last[128]; /* name of the last sample, whose head is written */
};
