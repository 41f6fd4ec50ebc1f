/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_stats: what became of the requests, for one line of text. */
#include <stdint.h>
#include <stdio.h>

#include "sim_job.h"

typedef enum sim_outcome {
  SIM_OK,           /* 2xx */
  SIM_REFUSED,      /* 4xx to a correct request */
  SIM_SERVER_ERROR, /* 5xx */
  SIM_BUSY,         /* 429, 503: asked to come later */
  SIM_AWAY,         /* no connection, or no answer */
  SIM_DROPPED,      /* broken off on purpose */
  SIM_BAD_REFUSED,  /* 4xx to a broken request: as it should be */
  SIM_BAD_ACCEPTED, /* anything else to a broken request */
  SIM_OUTCOME_COUNT
} sim_outcome;

enum { SIM_LATENCY_BUCKETS = 96 };

typedef struct sim_stats {
  uint64_t counts[SIM_KIND_COUNT][SIM_OUTCOME_COUNT];
  uint64_t latency[SIM_KIND_COUNT][SIM_LATENCY_BUCKETS];
  uint64_t skipped; /* readings that fell due while a request was under way */
} sim_stats;

/* `latency_us` 0: not to be counted, it was slow on purpose. */
void sim_stats_add(sim_stats *stats, sim_kind kind, sim_outcome outcome,
                   uint64_t latency_us);
uint64_t sim_stats_total(const sim_stats *stats, sim_outcome outcome);
void sim_stats_print(const sim_stats *stats, FILE *to, double seconds,
                     uint32_t devices);
