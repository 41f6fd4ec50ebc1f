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

/* Some milliseconds behind, and a few nanoseconds to read. */
static uint64_t rough_ms(void) {
#ifdef CLOCK_MONOTONIC_COARSE
  return read_ns(CLOCK_MONOTONIC_COARSE) / NS_PER_MS;
#else
  return read_ns(CLOCK_MONOTONIC) / NS_PER_MS;
#endif
}

uint64_t peal_slow_handler_cpu_ns(void) {
  return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

void peal_slow_handler_init(peal_slow_handler *slow, uint32_t limit_ms) {
  uint32_t limit = limit_ms ? limit_ms : DEFAULT_MS;
  *slow = (peal_slow_handler){.limit_ms = limit,
                              .step_ms = limit / STEPS ? limit / STEPS : 1};
  if (limit_ms == PEAL_OFF)
    slow->step_ms = INT64_MAX;
}

void peal_slow_handler_base(peal_slow_handler *slow, uint64_t now_ms) {
  slow->base_ms = now_ms;
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

void peal_slow_handler_end(peal_socket *socket, peal_slice event) {
  const peal_nsp_local *local = socket->local;
  peal_slow_handler *slow =
      &peal_server_local_of(local->nsp->server, local->worker)->slow;
  if (slow->step_ms == INT64_MAX)
    return;
  uint64_t now_ms = rough_ms();
  if ((int64_t)(now_ms - slow->base_ms) < slow->step_ms)
    return;
  uint64_t before_ns = slow->base_ns;
  peal_slow_handler_base(slow, now_ms);
  uint64_t spent_ms = (slow->base_ns - before_ns) / NS_PER_MS;
  if (spent_ms >= slow->limit_ms)
    report(socket, event, spent_ms);
}
