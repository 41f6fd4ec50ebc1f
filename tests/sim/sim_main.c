/* SPDX-License-Identifier: MIT */
/* sim_main: runs lives of a cluster; exits with 1 at the first in which something
 * does not hold, after saying how it is replayed.
 *
 *   sim [--seed N | --from N --count N] [--steps M] [--trace]
 *   sim --twice …      each life twice: its trace must be the same
 *   sim --found FILE   the lives that are listed there */
#include "sim.h"

typedef struct command {
  uint64_t from, count;
  unsigned steps;
  bool trace, twice;
  const char *found;
} command;

static bool parse(command *it, int argc, char **argv) {
  *it = (command){.from = 1, .count = 1, .steps = 400};
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--trace"))
      it->trace = true;
    else if (!strcmp(argv[i], "--twice"))
      it->twice = true;
    else if (!strcmp(argv[i], "--found"))
      it->found = value, i++;
    else if (!strcmp(argv[i], "--seed") || !strcmp(argv[i], "--from"))
      it->from = strtoull(value, NULL, 10), i++;
    else if (!strcmp(argv[i], "--count"))
      it->count = strtoull(value, NULL, 10), i++;
    else if (!strcmp(argv[i], "--steps"))
      it->steps = (unsigned)strtoul(value, NULL, 10), i++;
    else
      return false;
  }
  return true;
}

typedef struct sums {
  uint64_t lives, ms, delivered, recovered, requests;
} sums;

static bool run_one(const command *it, uint64_t seed, sums *all) {
  sim_opts opts = {seed, it->steps, it->trace};
  bool ok = sim_world_run(&opts);
  uint64_t hash = w.hash;
  if (ok && it->twice && (!sim_world_run(&opts) || w.hash != hash)) {
    fprintf(stderr, "seed %llu is not the same again\n",
            (unsigned long long)seed);
    return false;
  }
  all->lives++;
  all->ms += w.now_ms - SIM_BEGIN_MS;
  all->delivered += w.totals.delivered;
  all->recovered += w.totals.recovered;
  all->requests += w.totals.requests;
  if (!ok)
    fprintf(stderr, "sim --seed %llu --steps %u --trace: %s\n",
            (unsigned long long)seed, it->steps, w.failure);
  return ok;
}

static bool run_found(command *it, sums *all) {
  FILE *file = fopen(it->found, "r");
  char line[200];
  bool ok = file != NULL;
  while (ok && fgets(line, sizeof line, file)) {
    unsigned long long seed;
    if (sscanf(line, "%llu %u", &seed, &it->steps) == 2)
      ok = run_one(it, seed, all);
  }
  if (file)
    fclose(file);
  return ok && all->lives;
}

static bool run(command *it, sums *all) {
  if (it->found)
    return run_found(it, all);
  for (uint64_t seed = it->from; seed < it->from + it->count; seed++)
    if (!run_one(it, seed, all))
      return false;
  return true;
}

int main(int argc, char **argv) {
  command it;
  sums all = {0};
  if (!parse(&it, argc, argv)) {
    fputs("sim [--seed N | --from N --count N | --found FILE] [--steps M] "
          "[--trace] [--twice]\n",
          stderr);
    return 2;
  }
  if (!run(&it, &all))
    return 1;
  printf("%llu lives, %.1f hours of them, %llu events delivered, %llu sessions "
         "recovered, %llu questions\n",
         (unsigned long long)all.lives, (double)all.ms / 3600000,
         (unsigned long long)all.delivered, (unsigned long long)all.recovered,
         (unsigned long long)all.requests);
  return 0;
}
