/* SPDX-License-Identifier: MIT */
#pragma once
/* poller: what a worker waits in: its connections and listening sockets, and
 * behind one more descriptor the libuv loop with everything else (mail, files,
 * tasks, signals, other libraries' sockets). A connection costs no handle of
 * libuv's, and a turn of connections alone does not run its loop.
 *
 * There are two, as whole files: epoll (net/poller_epoll), and poll(2)
 * (net/poller_poll), whose every wait costs time for each connection. An option
 * of the workers chooses, or the environment: PEAL_POLLER=poll. */
#include <peal/worker.h>

#include "net/polled.h"

typedef struct peal_poller peal_poller;

/* The environment overrides the default only.
 * Returns NULL if memory or descriptors are out, or there is no such poller. */
PEAL_MUST_CHECK peal_poller *peal_poller_open(const peal_mem *mem,
                                              peal_poller_kind kind);
void peal_poller_close(peal_poller *poller);
const char *peal_poller_name(const peal_poller *poller);
/* Watch for `events` (PEAL_POLL_...), `item` being told; `again`: other events
 * than before. Returns false if the kernel refuses or memory is out. */
PEAL_MUST_CHECK bool peal_poller_watch(peal_poller *poller, int fd,
                                       unsigned events, peal_polled *item,
                                       bool again);
/* Before the descriptor is closed: a copy of it in a child process would keep
 * it in the set. What was found already is still told in this turn: an item
 * lives until its end. */
void peal_poller_forget(peal_poller *poller, int fd);
/* Wait for at most `timeout_ms` (-1: for ever). */
void peal_poller_wait(peal_poller *poller, int timeout_ms);
/* A descriptor that is readable while a wait would find something; -1: it has
 * none (poll). */
int peal_poller_fd(const peal_poller *poller);
/* Tell what was found by the last wait. */
void peal_poller_tell(peal_poller *poller);
