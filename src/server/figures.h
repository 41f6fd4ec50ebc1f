/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: what one worker counts; its own thread writes, others may read. */
#include <stdatomic.h>
#include <stdint.h>

typedef struct peal_figures {
  _Atomic uint64_t sockets, events_in, events_out, bytes_in, bytes_out,
      queue_full, dropped_volatile, rate_limited, slow_handlers;
  /* Engine.IO messages that came, and those of the protocol itself that went:
   * CONNECT and kin are no events. */
  _Atomic uint64_t packets_in, controls_out, control_bytes_out;
} peal_figures;

/* No read-modify-write: there is one writer. UINT64_MAX takes one away. */
static inline void peal_figures_add(_Atomic uint64_t *figure, uint64_t delta) {
  atomic_store_explicit(
      figure, atomic_load_explicit(figure, memory_order_relaxed) + delta,
      memory_order_relaxed);
}

static inline uint64_t peal_figures_get(const _Atomic uint64_t *figure) {
  return atomic_load_explicit(figure, memory_order_relaxed);
}
