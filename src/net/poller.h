/* SPDX-License-Identifier: MIT */
#pragma once
/* poller: what a worker waits in: one epoll set with its connections, and
 * behind one more descriptor the libuv loop with everything else (mail,
 * files, tasks, signals, other libraries' sockets). A connection costs no
 * handle of libuv's, and a turn of connections alone does not run its loop. */
#include <stdbool.h>
#include <stdint.h>

#include <sys/epoll.h>
#include <uv.h>

/* `events` are EPOLLIN and so on; `item` is what was watched. */
typedef void (*peal_poller_fn)(void *item, uint32_t events);

/* Returns the set's descriptor, or -1. */
int peal_poller_open(const uv_loop_t *loop);
/* Watch for `events`, `item` being told; `again`: other events than before.
 * EPOLLERR and EPOLLHUP are told in any case. Returns false if the kernel
 * refuses. */
bool peal_poller_watch(int poller, int fd, uint32_t events, void *item,
                       bool again);
/* Before the descriptor is closed: a copy of it in a child process would keep
 * it in the set. What was found already is still told in this turn: an item
 * lives until its end. */
void peal_poller_forget(int poller, int fd);
/* Wait for at most `timeout_ms` (-1: for ever) and tell what has come.
 * Calls `on_wake` in between. Returns true if the libuv loop has something. */
bool peal_poller_wait(int poller, int timeout_ms, void (*on_wake)(void *user),
                      void *user, peal_poller_fn fn);
