/* SPDX-License-Identifier: MIT */
#include "kit/kit_sim_stats.h"

#include <math.h>
#include <stdbool.h>

/* Each bucket is a fifth wider than the one before: 1 us to 40 s. */
static const double growth = 1.2;

static size_t bucket_of(uint64_t latency_us) {
  if (latency_us <= 1)
    return 0;
  double index = log((double)latency_us) / log(growth);
  return index < PEAL_KIT_SIM_LATENCY_BUCKETS - 1
             ? (size_t)index
             : PEAL_KIT_SIM_LATENCY_BUCKETS - 1;
}

void peal_kit_sim_stats_add(peal_kit_sim_stats *stats, size_t kind,
                            peal_kit_sim_outcome outcome, uint64_t latency_us) {
  stats->counts[kind][outcome]++;
  if (outcome == PEAL_KIT_SIM_OK && latency_us > 0)
    stats->latency[kind][bucket_of(latency_us)]++;
}

uint64_t peal_kit_sim_stats_total(const peal_kit_sim_stats *stats,
                                  peal_kit_sim_outcome outcome) {
  uint64_t total = 0;
  for (size_t kind = 0; kind < PEAL_KIT_SIM_KINDS; kind++)
    total += stats->counts[kind][outcome];
  return total;
}

/* The upper edge of the bucket in which the share lies, in milliseconds. */
static double percentile_ms(const uint64_t *latency, double share) {
  uint64_t total = 0;
  for (int i = 0; i < PEAL_KIT_SIM_LATENCY_BUCKETS; i++)
    total += latency[i];
  uint64_t seen = 0;
  for (int i = 0; i < PEAL_KIT_SIM_LATENCY_BUCKETS; i++) {
    seen += latency[i];
    if (total > 0 && (double)seen >= share * (double)total)
      return pow(growth, i + 1) / 1000;
  }
  return 0;
}

void peal_kit_sim_stats_print(const peal_kit_sim_stats *stats,
                              const peal_kit_sim_opts *opts, FILE *to,
                              double seconds) {
  static const char *const names[PEAL_KIT_SIM_OUTCOME_COUNT] = {
      "ok",   "refused", "server_error", "busy",
      "away", "dropped", "bad_refused",  "bad_accepted"};
  fprintf(to, "%.0fs devices=%u", seconds, (unsigned)opts->devices);
  for (int i = 0; i < PEAL_KIT_SIM_OUTCOME_COUNT; i++) {
    uint64_t total = peal_kit_sim_stats_total(stats, (peal_kit_sim_outcome)i);
    if (i == PEAL_KIT_SIM_OK || total > 0)
      fprintf(to, " %s=%llu", names[i], (unsigned long long)total);
  }
  if (stats->skipped > 0)
    fprintf(to, " skipped=%llu", (unsigned long long)stats->skipped);
  for (size_t kind = 0; kind < opts->kind_count; kind++) {
    uint64_t count = stats->counts[kind][PEAL_KIT_SIM_OK];
    if (count > 0)
      fprintf(to, " %s=%llu(p50=%.1fms p99=%.1fms)", opts->kinds[kind].name,
              (unsigned long long)count,
              percentile_ms(stats->latency[kind], 0.5),
              percentile_ms(stats->latency[kind], 0.99));
  }
  fputc('\n', to);
  fflush(to);
}
