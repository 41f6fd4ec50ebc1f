/* SPDX-License-Identifier: MIT */
#pragma once
/* load_opts: the command line of peal-bench-load. */
#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

typedef struct load_opts {
  const char *mode;
  uint16_t port;     /* of the server on 127.0.0.1 */
  pid_t pid;         /* the server to measure, 0: none */
  uint32_t clients;  /* 0: the mode's own default */
  uint32_t inflight; /* unanswered messages per client */
  uint32_t bytes;    /* length of the event's string argument */
  double seconds;    /* the measured window */
  double warmup;     /* traffic before it, in seconds */
  double stall;      /* seconds without progress that end the run */
  uint64_t messages; /* exactly as many and no warm-up; 0: until time is up */
  double rate;       /* paced: messages per second, of all clients together */
  bool msgpack;      /* WebSocket, echo and broadcast: the server has that
                        parser */
  bool offsets;      /* JSON: the server recovers, events end in an offset */
  bool chrome;       /* WebSocket: ask as Chrome does, with a cookie */
  bool collect;      /* idle: SIGUSR2 makes the server collect its garbage */
} load_opts;

/* Read the command line; on a mistake print the usage and end with 2. */
void load_opts_init(load_opts *opts, int argc, char **argv);
