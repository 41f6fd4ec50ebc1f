/* SPDX-License-Identifier: MIT */
/* kit_sim: whose turn it is: one thread, and a heap that tells. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <peal/worker.h>

#include "kit/kit_sim_device.h"

enum {
  STATS_MS = 10000,
  FAREWELL_MS = 2000, /* requests under way may end */
  IDLE_MS = 1000,
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int number) {
  (void)number;
  stop_asked = 1;
}

/* The signals stay blocked but while waiting, so none is missed. */
static void catch_signals(sigset_t *unblocked) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, unblocked);
  // a parent may have started us with them blocked
  sigdelset(unblocked, SIGINT);
  sigdelset(unblocked, SIGTERM);
  signal(SIGPIPE, SIG_IGN);
}

/* Returns: false if the parent is already gone. */
static bool follow_parent(const peal_kit_sim_opts *opts) {
  if (!opts->die_with_parent)
    return true;
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
    return false;
  // it may have died before the line above
  return opts->parent_pid == 0 || getppid() == (pid_t)opts->parent_pid;
}

static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/* ---- whose turn it is ----------------------------------------------- */

typedef struct crowd {
  peal_kit_sim_world world;
  peal_kit_sim_device **devices; /* all */
  uint32_t count;
  peal_kit_sim_device *
      *idle; /* a heap by peal_kit_sim_device_wake_ms, the first is next */
  uint32_t idle_count;
} crowd;

static void swap(crowd *c, uint32_t a, uint32_t b) {
  peal_kit_sim_device *device = c->idle[a];
  c->idle[a] = c->idle[b];
  c->idle[b] = device;
}

static bool is_before(const crowd *c, uint32_t a, uint32_t b) {
  return peal_kit_sim_device_wake_ms(c->idle[a]) <
         peal_kit_sim_device_wake_ms(c->idle[b]);
}

static void sink(crowd *c, uint32_t at) {
  for (;;) {
    uint32_t least = at;
    for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < c->idle_count && is_before(c, child, least))
        least = child;
    if (least == at)
      return;
    swap(c, at, least);
    at = least;
  }
}

static void push(crowd *c, peal_kit_sim_device *device) {
  uint32_t at = c->idle_count++;
  c->idle[at] = device;
  while (at > 0 && is_before(c, at, (at - 1) / 2)) {
    swap(c, at, (at - 1) / 2);
    at = (at - 1) / 2;
  }
}

static void pop(crowd *c) {
  c->idle[0] = c->idle[--c->idle_count];
  sink(c, 0);
}

static void take_back_finished(crowd *c) {
  while (c->world.finished_count > 0)
    push(c, c->world.finished[--c->world.finished_count]);
}

static bool crowd_init(crowd *c, const peal_kit_sim_opts *opts) {
  uint64_t now_ms = peal_kit_sim_net_clock_ms();
  *c = (crowd){.world = {.opts = opts,
                         .now_ms = now_ms,
                         .began_ms = now_ms,
                         .began_wall_ms = peal_wall_ms()}};
  c->world.net = peal_kit_sim_net_new(opts);
  c->devices = calloc(opts->devices, sizeof(peal_kit_sim_device *));
  c->idle = calloc(opts->devices, sizeof(peal_kit_sim_device *));
  c->world.finished = calloc(opts->devices, sizeof(peal_kit_sim_device *));
  if (c->world.net == NULL || c->devices == NULL || c->idle == NULL ||
      c->world.finished == NULL)
    return false;
  while (c->count < opts->devices) {
    peal_kit_sim_device *device =
        peal_kit_sim_device_new(&c->world, c->count + 1);
    if (device == NULL)
      return false;
    c->devices[c->count++] = device;
    push(c, device);
  }
  return true;
}

static void crowd_deinit(crowd *c) {
  for (uint32_t i = 0; i < c->count; i++)
    peal_kit_sim_device_free(c->devices[i]);
  free(c->devices);
  free(c->idle);
  free(c->world.finished);
  peal_kit_sim_net_free(c->world.net);
}

static void step_due(crowd *c) {
  take_back_finished(c);
  while (c->idle_count > 0 &&
         peal_kit_sim_device_wake_ms(c->idle[0]) <= c->world.now_ms) {
    peal_kit_sim_device *device = c->idle[0];
    peal_kit_sim_device_step(device);
    uint64_t wake = peal_kit_sim_device_wake_ms(device);
    if (wake == UINT64_MAX)
      pop(c);
    else if (wake > c->world.now_ms)
      sink(c, 0);
    else
      return; // out of memory: it stays first, let time go on
  }
}

static int wait_ms(const crowd *c, uint64_t until_ms) {
  uint64_t next =
      c->idle_count > 0 ? peal_kit_sim_device_wake_ms(c->idle[0]) : UINT64_MAX;
  next = next < until_ms ? next : until_ms;
  uint64_t now = peal_kit_sim_net_clock_ms();
  if (next <= now)
    return c->world.finished_count > 0 ? 0 : 1;
  return next - now < IDLE_MS ? (int)(next - now) : IDLE_MS;
}

static void say_farewell(crowd *c, const sigset_t *unblocked) {
  uint64_t end = peal_kit_sim_net_clock_ms() + FAREWELL_MS;
  while (c->idle_count + c->world.finished_count < c->count &&
         peal_kit_sim_net_clock_ms() < end) {
    peal_kit_sim_net_wait(c->world.net, 50, unblocked);
    c->world.now_ms = peal_kit_sim_net_clock_ms();
  }
}

static void print_stats(const crowd *c, uint64_t start_ms) {
  if (!c->world.opts->quiet)
    peal_kit_sim_stats_print(&c->world.stats, c->world.opts, stdout,
                             (double)(c->world.now_ms - start_ms) / 1000);
}

static void run(crowd *c, const sigset_t *unblocked) {
  const peal_kit_sim_opts *opts = c->world.opts;
  uint64_t start = c->world.now_ms, stats_ms = start + STATS_MS;
  uint64_t end = opts->duration_s > 0
                     ? start + (uint64_t)(opts->duration_s * 1000)
                     : UINT64_MAX;
  while (!stop_asked && c->world.now_ms < end) {
    step_due(c);
    peal_kit_sim_net_wait(
        c->world.net, wait_ms(c, stats_ms < end ? stats_ms : end), unblocked);
    c->world.now_ms = peal_kit_sim_net_clock_ms();
    if (c->world.now_ms >= stats_ms) {
      stats_ms += STATS_MS;
      print_stats(c, start);
    }
  }
  say_farewell(c, unblocked);
  print_stats(c, start);
}

int peal_kit_sim_run(const peal_kit_sim_opts *opts) {
  sigset_t unblocked;
  catch_signals(&unblocked);
  if (!follow_parent(opts))
    return 0;
  allow_many_files();
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return 1;
  crowd c;
  bool is_ready = crowd_init(&c, opts);
  if (is_ready)
    run(&c, &unblocked);
  else
    fprintf(stderr, "%s: out of memory or file descriptors\n", opts->program);
  bool has_succeeded =
      peal_kit_sim_stats_total(&c.world.stats, PEAL_KIT_SIM_OK) > 0;
  crowd_deinit(&c);
  curl_global_cleanup();
  return is_ready && has_succeeded ? 0 : 1;
}
