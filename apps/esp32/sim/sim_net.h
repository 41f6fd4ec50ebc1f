/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_net: the requests of all devices on one thread: libcurl's sockets on one
 * epoll. One line per device, as a device sends one request at a time. */
#include <signal.h>

#include "sim_job.h"
#include "sim_opts.h"

enum { SIM_ANSWER_BYTES = 512 }; /* what of an answer is kept */

typedef struct sim_net sim_net;
typedef struct sim_line sim_line;

typedef struct sim_answer {
  int status;          /* HTTP; 0: none came */
  uint32_t retry_ms;   /* what Retry-After asks for, 0: nothing */
  uint64_t latency_us; /* from the start to the last byte */
  const char *text;    /* start of the body, terminated, borrowed */
  const char *error;   /* why there is no status; static text */
} sim_answer;

/* Called when the request of a line ended; the line is free again. */
typedef void (*sim_net_done)(void *user, const sim_answer *answer);

/* Returns: NULL if memory or descriptors are out. */
sim_net *sim_net_new(const sim_opts *opts);
/* All lines must be freed before. */
void sim_net_free(sim_net *net);

sim_line *sim_line_new(sim_net *net, const char *device_id, sim_net_done done,
                       void *user);
void sim_line_free(sim_line *line);
/* Send `job`, borrowed until the answer. Returns: false if it cannot start;
 * there is no answer then. */
bool sim_line_send(sim_line *line, const sim_job *job);

/* Work for at most `timeout_ms`, or until something happened, or until a
 * signal out of `unblocked` came. */
void sim_net_wait(sim_net *net, int timeout_ms, const sigset_t *unblocked);
