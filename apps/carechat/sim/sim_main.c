/* SPDX-License-Identifier: MIT */
/* peal-carechat-sim: simulated devices for CareChat over the same public
 * endpoint that real ones use. One thread. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include <peal/config.h>
#include <peal/kit_child.h>

#include "sim_device.h"

enum { LINE_BYTES = 256, SECOND_MS = 1000, SAY_SECONDS = 10, GRACE_MS = 2000 };

static const peal_config_key keys[] = {
    {.name = "url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://127.0.0.1:5001",
     .help = "where CareChat is"},
    {.name = "devices",
     .type = PEAL_CONFIG_INT,
     .otherwise = "3",
     .help = "how many, SIM-001 ..., all with the key in PEAL_DEVICE_KEY",
     .min = 1,
     .max = 100000},
    {.name = "keys",
     .type = PEAL_CONFIG_STR,
     .help = "file of devices instead: a line each, its id and its key"},
    {.name = "interval",
     .type = PEAL_CONFIG_MS,
     .otherwise = "2s",
     .help = "between two measurements of a device",
     .min = 1,
     .max = 86400000},
    {.name = "single",
     .type = PEAL_CONFIG_BOOL,
     .help = "one sign in turn each time, not all of them"},
    {.name = "duration",
     .type = PEAL_CONFIG_MS,
     .otherwise = "0",
     .help = "stop after so long (0: never)",
     .min = 0,
     .max = INT64_C(31536000000)},
    {.name = "fault-drop",
     .type = PEAL_CONFIG_DOUBLE,
     .otherwise = "0",
     .help = "share of the steps at which a device goes away for a while",
     .min = 0,
     .max = 1},
    {.name = "fault-bad",
     .type = PEAL_CONFIG_DOUBLE,
     .otherwise = "0",
     .help = "share of the steps at which it sends nonsense, too",
     .min = 0,
     .max = 1},
    {.name = "seed",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1",
     .help = "same seed, same lives",
     .min = 0,
     .max = INT64_MAX},
    PEAL_KIT_CHILD_KEY,
    {.name = "quiet",
     .type = PEAL_CONFIG_BOOL,
     .help = "say nothing every ten seconds"},
};

typedef struct crowd {
  peal_config *config;
  peal_workers *workers;
  peal_timer *timer;
  sim_world world;
  sim_device **devices;
  size_t count, cap;
  uint64_t seconds, end_seconds; /* 0: never */
  bool is_quiet, has_failed;
} crowd;

/* ---- what is said ---------------------------------------------------------- */

static unsigned share_of(const sim_world *world, double share) {
  size_t sizes = sizeof world->waits / sizeof *world->waits, i = 0;
  uint64_t all = 0, so_far = 0;
  for (size_t k = 0; k < sizes; k++)
    all += world->waits[k];
  while (i + 1 < sizes &&
         (double)(so_far + world->waits[i]) < share * (double)all)
    so_far += world->waits[i++];
  return (unsigned)i;
}

static void say(const crowd *c) {
  const sim_world *w = &c->world;
  printf("{\"seconds\":%llu,\"devices\":%zu,\"open\":%u,\"measured\":%llu,"
         "\"acknowledged\":%llu,\"refused\":%llu,\"lost\":%llu,\"connects\":"
         "%llu,\"ack_ms\":{\"p50\":%u,\"p99\":%u,\"max\":%u}}\n",
         (unsigned long long)c->seconds, c->count, w->open,
         (unsigned long long)w->measured, (unsigned long long)w->acknowledged,
         (unsigned long long)w->refused, (unsigned long long)w->lost,
         (unsigned long long)w->connects, share_of(w, 0.5), share_of(w, 0.99),
         share_of(w, 1));
  fflush(stdout);
}

static void on_second(peal_timer *timer, void *user) {
  crowd *c = user;
  (void)timer;
  c->seconds++;
  if (c->seconds == c->end_seconds)
    peal_workers_stop(c->workers, GRACE_MS);
  else if (!c->is_quiet && c->seconds % SAY_SECONDS == 0)
    say(c);
}

/* ---- who there is ---------------------------------------------------------- */

static bool add(crowd *c, peal_worker *worker, const char *id,
                const char *key) {
  if (c->count == c->cap) {
    size_t cap = c->cap > 0 ? c->cap * 2 : 64;
    sim_device **devices = realloc(c->devices, cap * sizeof *devices);
    if (devices == NULL)
      return false;
    c->devices = devices;
    c->cap = cap;
  }
  uint64_t seed = (uint64_t)peal_config_int(c->config, "seed");
  sim_device *d =
      sim_device_new(&c->world, worker, id, key, seed * 1000003 + c->count);
  if (d == NULL)
    return false;
  c->devices[c->count++] = d;
  return true;
}

static bool add_file(crowd *c, peal_worker *worker, const char *path) {
  char line[LINE_BYTES];
  FILE *file = fopen(path, "r");
  bool is_good = file != NULL;
  if (!is_good)
    perror(path);
  while (is_good && fgets(line, sizeof line, file) != NULL) {
    char id[LINE_BYTES], key[LINE_BYTES];
    if (sscanf(line, "%255s %255s", id, key) == 2)
      is_good = add(c, worker, id, key);
  }
  if (file != NULL)
    fclose(file);
  return is_good;
}

static bool add_numbered(crowd *c, peal_worker *worker) {
  const char *key = getenv("PEAL_DEVICE_KEY");
  int64_t count = peal_config_int(c->config, "devices");
  if (key == NULL) {
    fputs("peal-carechat-sim: the devices' key is missing: PEAL_DEVICE_KEY, or "
          "--keys FILE\n",
          stderr);
    return false;
  }
  bool is_good = true;
  for (int64_t i = 1; i <= count && is_good; i++) {
    char id[32];
    snprintf(id, sizeof id, "SIM-%03lld", (long long)i);
    is_good = add(c, worker, id, key);
  }
  return is_good;
}

static void on_start(peal_worker *worker, void *user) {
  crowd *c = user;
  const char *path = peal_config_str(c->config, "keys");
  c->timer = peal_timer_new(worker, on_second, c);
  bool is_good = c->timer != NULL &&
                 (path != NULL && path[0] != '\0' ? add_file(c, worker, path)
                                                  : add_numbered(c, worker));
  if (!is_good) {
    c->has_failed = true;
    peal_workers_stop(c->workers, 0);
    return;
  }
  peal_timer_start(c->timer, SECOND_MS, SECOND_MS);
  // spread over an interval, so that they do not all speak at the same time
  for (size_t i = 0; i < c->count; i++)
    sim_device_start(c->devices[i],
                     (uint32_t)(i * c->world.interval_ms / c->count));
}

static void on_stop(peal_worker *worker, void *user) {
  crowd *c = user;
  (void)worker;
  peal_timer_free(c->timer);
  c->timer = NULL;
  say(c);
  for (size_t i = 0; i < c->count; i++)
    sim_device_free(c->devices[i]);
  c->count = 0;
}

/* ---- the program ----------------------------------------------------------- */

static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void read_world(sim_world *world, const peal_config *config) {
  world->url = peal_config_str(config, "url");
  world->is_single = peal_config_bool(config, "single");
  world->interval_ms = (uint32_t)peal_config_int(config, "interval");
  world->fault_drop = peal_config_double(config, "fault-drop");
  world->fault_bad = peal_config_double(config, "fault-bad");
}

static int run(crowd *c) {
  c->workers = peal_workers_new(&(peal_workers_opts){.count = 1});
  if (c->workers == NULL ||
      peal_workers_on_start(c->workers, on_start, c) != PEAL_OK ||
      peal_workers_on_stop(c->workers, on_stop, c) != PEAL_OK)
    return 1;
  peal_workers_stop_on_signals(c->workers, GRACE_MS);
  return peal_workers_run(c->workers);
}

int main(int argc, char **argv) {
  static crowd c;
  int code = 1;
  c.config = peal_config_new(
      &(peal_config_opts){.program = "peal-carechat-sim",
                          .summary = "simulated devices for CareChat",
                          .keys = keys,
                          .key_count = PEAL_CONFIG_COUNT(keys)},
      argc, argv, &code);
  if (c.config == NULL)
    return code;
  code = 1;
  read_world(&c.world, c.config);
  c.is_quiet = peal_config_bool(c.config, "quiet");
  c.end_seconds = (uint64_t)peal_config_int(c.config, "duration") / SECOND_MS;
  allow_many_files();
  if (peal_kit_child_follow(c.config))
    code = run(&c);
  peal_workers_free(c.workers);
  free(c.devices);
  peal_config_free(c.config);
  return c.has_failed ? 1 : code;
}
