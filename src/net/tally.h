/* SPDX-License-Identifier: MIT */
#pragma once
/* tally: a number that one thread writes and any thread reads. */
#include <stdint.h>

/* UINT64_MAX takes one away. */
static inline void peal_tally_add(uint64_t *figure, uint64_t more) {
  __atomic_store_n(figure, *figure + more, __ATOMIC_RELAXED);
}

static inline uint64_t peal_tally_get(const uint64_t *figure) {
  return __atomic_load_n(figure, __ATOMIC_RELAXED);
}

/* A maximum since somebody took it. */
static inline void peal_tally_raise(uint64_t *figure, uint64_t value) {
  if (value > peal_tally_get(figure))
    __atomic_store_n(figure, value, __ATOMIC_RELAXED);
}

static inline uint64_t peal_tally_take(uint64_t *figure) {
  return __atomic_exchange_n(figure, 0, __ATOMIC_RELAXED);
}
