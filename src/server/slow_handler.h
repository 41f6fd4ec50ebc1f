/* SPDX-License-Identifier: MIT */
#pragma once
/* slow_handler: which event's handlers took how much of the processor's time.
 * Asking the kernel for that costs more than a handler does as a rule: so it is
 * asked at most once in an eighth of the limit, and in between a clock is
 * looked at that costs next to nothing. What is reported may hold up to that
 * eighth of what was done before. */
#include "server/server_impl.h"

void peal_slow_handler_init(peal_slow_handler *slow, uint32_t limit_ms);
/* The kernel is asked. */
void peal_slow_handler_base(peal_slow_handler *slow);
/* It is time to ask it: was it this one? */
void peal_slow_handler_look(const peal_socket *socket, peal_slice event);
/* Nanoseconds of the processor that this thread has had. */
uint64_t peal_slow_handler_cpu_ns(void);
/* A clock some milliseconds behind, read in a few nanoseconds. */
uint64_t peal_slow_handler_rough_ns(void);

/* Handlers of this socket are about to run: is the last reading old? */
static inline void peal_slow_handler_begin(const peal_socket *socket) {
  peal_slow_handler *slow = &socket->local->home->slow;
  if (socket->local->worker->now_ms >= slow->look_ms)
    peal_slow_handler_base(slow);
}

/* They have run. */
static inline void peal_slow_handler_end(const peal_socket *socket,
                                         peal_slice event) {
  const peal_slow_handler *slow = &socket->local->home->slow;
  if (slow->look_ns != UINT64_MAX &&
      peal_slow_handler_rough_ns() >= slow->look_ns)
    peal_slow_handler_look(socket, event);
}
