/* SPDX-License-Identifier: MIT */
#pragma once
/* bench_fleet: the clients of `peal bench`, all on one worker, and what they
 * say:
 *
 *   RAMP     connections are opened, so many a second
 *   WARMUP   traffic that does not count
 *   WINDOW   traffic that counts
 *   DRAIN    what was asked is answered; then it is over
 *
 * With a rate, events are due by the clock, whoever has been answered or not,
 * and an answer's time counts from when its event was due: a server that stalls
 * cannot hide it. Without one, each client sends when it was answered. */
#include <peal/client.h>

#include "cli_exit.h"
#include "cli_opts.h"
#include "load_hist.h"

typedef enum bench_stage {
  BENCH_RAMP,
  BENCH_WARMUP,
  BENCH_WINDOW,
  BENCH_DRAIN,
  BENCH_OVER
} bench_stage;

typedef struct bench_client bench_client;
typedef struct bench_ask bench_ask;

/* Times that were measured. */
typedef struct bench_times {
  load_hist hist;
  uint64_t max_ns;
} bench_times;

typedef struct bench_fleet {
  const cli_opts *opts;
  const char *event;
  peal_args args;
  peal_workers *workers;
  peal_timer *timer;
  bench_client *clients;
  uint32_t count;  /* of clients */
  uint32_t opened; /* begun to connect */
  uint32_t joined, failed, lost;
  uint32_t refused; /* of those that failed: by the server */
  uint32_t next;    /* whose turn it is, with a rate */
  bench_stage stage;
  uint64_t start_ns, stage_ns; /* when the run and this stage began */
  uint64_t window_from_ns;     /* what is due from here on counts */
  uint64_t window_ns;          /* how long the window was */
  uint64_t due;                /* events that were due, with a rate */
  uint64_t sent, answered;     /* in the window */
  uint64_t asked;              /* not answered yet, whenever asked */
  uint64_t errors;     /* events not taken, connections lost behind them */
  uint64_t unanswered; /* when the run gave up waiting */
  bench_times connects, answers;
  bench_ask *idle;   /* records to be used again */
  char problem[256]; /* the first that happened to a connection */
  /* Once a second; may be NULL. */
  void (*on_progress)(struct bench_fleet *fleet);
  uint64_t progress_ns;
} bench_fleet;

uint64_t bench_fleet_now_ns(void);

/* `build` holds what is said. Returns: CLI_OK, or another behind a line on
 * stderr. In any case to be deinited. */
cli_exit bench_fleet_init(bench_fleet *fleet, const cli_opts *opts,
                          peal_build *build);
void bench_fleet_deinit(bench_fleet *fleet);
/* Until it is over. */
void bench_fleet_run(bench_fleet *fleet);
