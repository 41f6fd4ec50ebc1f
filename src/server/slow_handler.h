/* SPDX-License-Identifier: MIT */
#pragma once
/* slow_handler: which event's handlers took how much of the processor's time.
 * Asking the kernel for that costs more than a handler does as a rule: so it is
 * asked at most once in an eighth of the limit, and in between a clock is
 * looked at that costs next to nothing. What is reported may hold up to that
 * eighth of what was done before. */
#include "server/server_impl.h"

/* On its worker. */
void peal_slow_handler_init(peal_slow_handler *slow, uint32_t limit_ms);
/* The kernel is asked. */
void peal_slow_handler_base(peal_slow_handler *slow, uint64_t now_ms);
/* Nothing as a rule: is the last reading old? */
void peal_slow_handler_end(peal_socket *socket, peal_slice event);
/* Nanoseconds of the processor that this thread has had. */
uint64_t peal_slow_handler_cpu_ns(void);

/* Handlers of this socket are about to run. */
static inline void peal_slow_handler_begin(const peal_socket *socket) {
  const peal_nsp_local *local = socket->local;
  peal_slow_handler *slow =
      &peal_server_local_of(local->nsp->server, local->worker)->slow;
  if ((int64_t)(local->worker->now_ms - slow->base_ms) >= slow->step_ms)
    peal_slow_handler_base(slow, local->worker->now_ms);
}
