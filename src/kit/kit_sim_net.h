/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sim_net: the requests of all devices on one thread: libcurl's sockets on
 * one epoll. One line per device, as a device sends one request at a time. */
#include <signal.h>

#include <peal/kit_sim.h>
#include <peal/worker.h>

enum { PEAL_KIT_SIM_ANSWER_BYTES = 512 }; /* what of an answer is kept */

typedef struct peal_kit_sim_net peal_kit_sim_net;
typedef struct peal_kit_sim_line peal_kit_sim_line;

typedef struct peal_kit_sim_answer {
  int status;          /* HTTP; 0: none came */
  uint32_t retry_ms;   /* what Retry-After asks for, 0: nothing */
  uint64_t latency_us; /* from the start to the last byte */
  const char *text;    /* start of the body, terminated, borrowed */
  const char *error;   /* why there is no status; static text */
} peal_kit_sim_answer;

/* Called when the request of a line ended; the line is free again. */
typedef void (*peal_kit_sim_net_done)(void *user,
                                      const peal_kit_sim_answer *answer);

/* Returns: NULL if memory or descriptors are out. */
peal_kit_sim_net *peal_kit_sim_net_new(const peal_kit_sim_opts *opts);
/* All lines must be freed before. */
void peal_kit_sim_net_free(peal_kit_sim_net *net);

peal_kit_sim_line *peal_kit_sim_net_line_new(peal_kit_sim_net *net,
                                             const char *device_id,
                                             peal_kit_sim_net_done done,
                                             void *user);
void peal_kit_sim_net_line_free(peal_kit_sim_line *line);
/* Send `job`, borrowed until the answer. Returns: false if it cannot start;
 * there is no answer then. */
bool peal_kit_sim_net_line_send(peal_kit_sim_line *line,
                                const peal_kit_sim_job *job);

/* The worker of sockets; NULL: no kind is an event. */
peal_worker *peal_kit_sim_net_worker(const peal_kit_sim_net *net);
/* The clock of all of it, monotonic. */
uint64_t peal_kit_sim_net_clock_ms(void);

/* Work for at most `timeout_ms`, or until something happened, or until a
 * signal out of `unblocked` came. */
void peal_kit_sim_net_wait(peal_kit_sim_net *net, int timeout_ms,
                           const sigset_t *unblocked);
