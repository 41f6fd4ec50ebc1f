/* SPDX-License-Identifier: MIT */
#include "server/slow_handler.h"

#include <time.h>

#define NS_PER_MS 1000000u
#define DEFAULT_MS 50u
#define STEPS 8u

static uint64_t read_ns(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

uint64_t peal_slow_handler_rough_ns(void) {
#ifdef CLOCK_MONOTONIC_COARSE
  return read_ns(CLOCK_MONOTONIC_COARSE);
#else
  return read_ns(CLOCK_MONOTONIC);
#endif
}

uint64_t peal_slow_handler_cpu_ns(void) {
  return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

void peal_slow_handler_init(peal_slow_handler *slow, uint32_t limit_ms) {
  uint64_t limit_ns = (uint64_t)(limit_ms ? limit_ms : DEFAULT_MS) * NS_PER_MS;
  *slow =
      (peal_slow_handler){.limit_ns = limit_ns, .step_ns = limit_ns / STEPS};
  if (limit_ms == PEAL_OFF)
    slow->look_ms = slow->look_ns = UINT64_MAX;
}

void peal_slow_handler_base(peal_slow_handler *slow) {
  slow->look_ns = peal_slow_handler_rough_ns() + slow->step_ns;
  slow->look_ms = slow->look_ns / NS_PER_MS + 1;
  slow->base_ns = peal_slow_handler_cpu_ns();
}

static void report(const peal_socket *socket, peal_slice event,
                   uint64_t spent_ms) {
  const peal_nsp *nsp = socket->local->nsp;
  static const peal_slice none;
  peal_figures_add(&peal_figures_of(socket)->slow_handlers, 1);
  peal_logger_write(nsp->server->log, PEAL_LOG_WARN, "server", none,
                    peal_slice_of(socket->id),
                    "handlers of \"%.*s\" in %s took %llu ms of the processor: "
                    "what takes long belongs into a task",
                    (int)(event.len < 64 ? event.len : 64), event.ptr,
                    nsp->name, (unsigned long long)spent_ms);
}

void peal_slow_handler_look(const peal_socket *socket, peal_slice event) {
  peal_slow_handler *slow = &socket->local->home->slow;
  uint64_t before_ns = slow->base_ns;
  peal_slow_handler_base(slow);
  if (slow->base_ns - before_ns >= slow->limit_ns)
    report(socket, event, (slow->base_ns - before_ns) / NS_PER_MS);
}
