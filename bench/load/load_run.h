/* SPDX-License-Identifier: MIT */
#pragma once
/* load_run: one run: the clients, the loop that serves them, and the window
 * in which messages, CPU time and latency are counted.
 *
 *   open all clients -> warm-up -> window -> drain: every message sent must
 *   have been answered when the run ends. */
#include <stdbool.h>
#include <stdint.h>

#include "load_client.h"
#include "load_hist.h"
#include "load_mode.h"
#include "load_msg.h"
#include "load_opts.h"
#include "load_transport.h"

enum { LOAD_RUN_IN = 256 * 1024 }; /* one receive buffer for all clients */

typedef enum load_stage {
  LOAD_STAGE_QUIET, /* before and after the traffic: nothing new is sent */
  LOAD_STAGE_WARMUP,
  LOAD_STAGE_WINDOW
} load_stage;

/* What the window showed. */
typedef struct load_result {
  uint64_t messages; /* answered; broadcast: deliveries */
  uint64_t ns;
  uint64_t cpu_ns;       /* of the server */
  double bytes_each;     /* idle: private memory per client */
  double anonymous_each; /* idle: anonymous memory per client */
  double left_bytes;     /* churn: private memory that stays */
  uint64_t turns;        /* turns, waiting: of the server's loops */
} load_result;

struct load_run {
  const load_opts *opts;
  const load_mode *mode;
  int epoll;
  load_client *clients;
  uint32_t count;   /* of clients */
  uint32_t opening; /* clients on their way to the namespace */
  uint32_t ready;   /* clients in it */
  uint32_t fanout;  /* replies to one message, over all clients */
  load_stage stage;
  uint64_t start_ns;      /* paced: when the schedule begins, */
  uint64_t count_from_ns; /* from when on what is due counts, */
  uint64_t end_ns;        /* and when nothing more is due */
  uint64_t scheduled;     /* paced: messages that were sent */
  uint64_t left;          /* messages that may still be sent */
  uint64_t unanswered;    /* replies that are owed to us */
  uint64_t now_ns;        /* the clock at the last wake-up or read */
  uint64_t progress_ns;   /* when a reply last came */
  load_msg msg;
  load_buf turn; /* what one client sends in this turn */
  uint8_t *in;   /* what one client received */
  load_hist hist;
  load_result result;
};

void load_run_init(load_run *run, const load_opts *opts);
void load_run_deinit(load_run *run);

/* Serve the sockets once. Ends the process if the server is silent for too
 * long while it owes an answer. */
void load_run_step(load_run *run);

/* Bring clients first..last-1 into the namespace. */
void load_run_open(load_run *run, uint32_t first, uint32_t last);

/* Serve the sockets for a while without traffic of our own. */
void load_run_rest(load_run *run, double seconds);

/* Warm up, measure, drain. */
void load_run_measure(load_run *run);

/* May a new message be sent now? */
bool load_run_may_send(const load_run *run);

/* One message was answered, sent at `sent_ns`. */
void load_run_count(load_run *run, uint64_t sent_ns);
