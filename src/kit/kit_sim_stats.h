/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sim_stats: what became of the requests, for one line of text. */
#include <stdint.h>
#include <stdio.h>

#include <peal/kit_sim.h>

typedef enum peal_kit_sim_outcome {
  PEAL_KIT_SIM_OK,           /* 2xx */
  PEAL_KIT_SIM_REFUSED,      /* 4xx to a correct request */
  PEAL_KIT_SIM_SERVER_ERROR, /* 5xx */
  PEAL_KIT_SIM_BUSY,         /* 429, 503: asked to come later */
  PEAL_KIT_SIM_AWAY,         /* no connection, or no answer */
  PEAL_KIT_SIM_DROPPED,      /* broken off on purpose */
  PEAL_KIT_SIM_BAD_REFUSED,  /* 4xx to a broken request: as it should be */
  PEAL_KIT_SIM_BAD_ACCEPTED, /* anything else to a broken request */
  PEAL_KIT_SIM_OUTCOME_COUNT
} peal_kit_sim_outcome;

enum { PEAL_KIT_SIM_LATENCY_BUCKETS = 96 };

typedef struct peal_kit_sim_stats {
  uint64_t counts[PEAL_KIT_SIM_KINDS][PEAL_KIT_SIM_OUTCOME_COUNT];
  uint64_t latency[PEAL_KIT_SIM_KINDS][PEAL_KIT_SIM_LATENCY_BUCKETS];
  uint64_t skipped; /* readings that fell due while a request was under way */
} peal_kit_sim_stats;

/* `latency_us` 0: not to be counted, it was slow on purpose. */
void peal_kit_sim_stats_add(peal_kit_sim_stats *stats, size_t kind,
                            peal_kit_sim_outcome outcome, uint64_t latency_us);
uint64_t peal_kit_sim_stats_total(const peal_kit_sim_stats *stats,
                                  peal_kit_sim_outcome outcome);
void peal_kit_sim_stats_print(const peal_kit_sim_stats *stats,
                              const peal_kit_sim_opts *opts, FILE *to,
                              double seconds);
