/* SPDX-License-Identifier: MIT */
#include "sim_stats.h"

#include <math.h>
#include <stdbool.h>

/* Each bucket is a fifth wider than the one before: 1 us to 40 s. */
static const double growth = 1.2;

static size_t bucket_of(uint64_t latency_us) {
  if (latency_us <= 1)
    return 0;
  double index = log((double)latency_us) / log(growth);
  return index < SIM_LATENCY_BUCKETS - 1 ? (size_t)index
                                         : SIM_LATENCY_BUCKETS - 1;
}

void sim_stats_add(sim_stats *stats, sim_kind kind, sim_outcome outcome,
                   uint64_t latency_us) {
  stats->counts[kind][outcome]++;
  if (outcome == SIM_OK && latency_us > 0)
    stats->latency[kind][bucket_of(latency_us)]++;
}

uint64_t sim_stats_total(const sim_stats *stats, sim_outcome outcome) {
  uint64_t total = 0;
  for (int kind = 0; kind < SIM_KIND_COUNT; kind++)
    total += stats->counts[kind][outcome];
  return total;
}

/* The upper edge of the bucket in which the share lies, in milliseconds. */
static double percentile_ms(const uint64_t *latency, double share) {
  uint64_t total = 0;
  for (int i = 0; i < SIM_LATENCY_BUCKETS; i++)
    total += latency[i];
  uint64_t seen = 0;
  for (int i = 0; i < SIM_LATENCY_BUCKETS; i++) {
    seen += latency[i];
    if (total > 0 && (double)seen >= share * (double)total)
      return pow(growth, i + 1) / 1000;
  }
  return 0;
}

void sim_stats_print(const sim_stats *stats, FILE *to, double seconds,
                     uint32_t devices) {
  static const char *const names[SIM_OUTCOME_COUNT] = {
      "ok",   "refused", "server_error", "busy",
      "away", "dropped", "bad_refused",  "bad_accepted"};
  fprintf(to, "%.0fs devices=%u", seconds, (unsigned)devices);
  for (int i = 0; i < SIM_OUTCOME_COUNT; i++) {
    uint64_t total = sim_stats_total(stats, (sim_outcome)i);
    if (i == SIM_OK || total > 0)
      fprintf(to, " %s=%llu", names[i], (unsigned long long)total);
  }
  if (stats->skipped > 0)
    fprintf(to, " skipped=%llu", (unsigned long long)stats->skipped);
  for (int kind = 0; kind < SIM_KIND_COUNT; kind++) {
    uint64_t count = stats->counts[kind][SIM_OK];
    if (count > 0)
      fprintf(to, " %s=%llu(p50=%.1fms p99=%.1fms)",
              sim_kind_name((sim_kind)kind), (unsigned long long)count,
              percentile_ms(stats->latency[kind], 0.5),
              percentile_ms(stats->latency[kind], 0.99));
  }
  fputc('\n', to);
  fflush(to);
}
