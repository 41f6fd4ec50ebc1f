/* SPDX-License-Identifier: MIT */
/* sim_main: sim [--seed N | --from N --count N] [--steps M] [--trace] [--hash]:
 * runs lives of a cluster; exits with 1 at the first in which something does not
 * hold, after saying how it is replayed. */
#include "sim.h"

typedef struct command {
  uint64_t from, count;
  unsigned steps;
  bool trace, hash;
} command;

static bool parse(command *it, int argc, char **argv) {
  *it = (command){.from = 1, .count = 1, .steps = 400};
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--trace"))
      it->trace = true;
    else if (!strcmp(argv[i], "--hash"))
      it->hash = true;
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

static int run(const command *it) {
  uint64_t ms = 0, delivered = 0, recovered = 0, requests = 0;
  for (uint64_t seed = it->from; seed < it->from + it->count; seed++) {
    bool ok = sim_world_run(&(sim_opts){seed, it->steps, it->trace});
    ms += w.now_ms - 1000000;
    delivered += w.totals.delivered;
    recovered += w.totals.recovered;
    requests += w.totals.requests;
    if (it->hash)
      printf("seed %llu hash %016llx\n", (unsigned long long)seed,
             (unsigned long long)w.hash);
    if (!ok) {
      fprintf(stderr, "sim --seed %llu --steps %u --trace: %s\n",
              (unsigned long long)seed, it->steps, w.failure);
      return 1;
    }
  }
  printf("%llu lives, %.1f hours of them, %llu events delivered, %llu sessions "
         "recovered, %llu questions\n",
         (unsigned long long)it->count, (double)ms / 3600000,
         (unsigned long long)delivered, (unsigned long long)recovered,
         (unsigned long long)requests);
  return 0;
}

int main(int argc, char **argv) {
  command it;
  if (!parse(&it, argc, argv)) {
    fputs(
        "sim [--seed N | --from N --count N] [--steps M] [--trace] [--hash]\n",
        stderr);
    return 2;
  }
  return run(&it);
}
