/* SPDX-License-Identifier: MIT */
#pragma once
/* wheel: a hierarchical timer wheel with 1 ms ticks; adding, moving and
 * removing cost O(1). Pure: the worker drives it with one uv timer. */
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define PEAL_WHEEL_LEVELS 6
#define PEAL_WHEEL_SLOTS 64

typedef struct peal_wheel_timer {
  peal_list node;
  uint64_t at_ms;
  void (*fn)(struct peal_wheel_timer *timer, uint64_t now_ms);
} peal_wheel_timer;

typedef struct peal_wheel {
  peal_list slots[PEAL_WHEEL_LEVELS][PEAL_WHEEL_SLOTS];
  uint64_t occupied[PEAL_WHEEL_LEVELS];
  uint64_t now_ms;
} peal_wheel;

void peal_wheel_init(peal_wheel *wheel, uint64_t now_ms);
void peal_wheel_timer_init(peal_wheel_timer *timer,
                           void (*fn)(peal_wheel_timer *timer,
                                      uint64_t now_ms));
/* Call fn at `at_ms` or soon after; replaces an earlier setting. A time that
 * has passed fires at the next tick. UINT64_MAX stops. */
void peal_wheel_set(peal_wheel *wheel, peal_wheel_timer *timer, uint64_t at_ms);
void peal_wheel_stop(peal_wheel *wheel, peal_wheel_timer *timer);
bool peal_wheel_is_set(const peal_wheel_timer *timer);
/* Fire everything due at `now_ms`; timers may set, stop and free timers
 * inside fn, themselves included. */
void peal_wheel_advance(peal_wheel *wheel, uint64_t now_ms);
/* A time not later than the next timer (exact within the lowest level);
 * UINT64_MAX if there is none. */
uint64_t peal_wheel_next(const peal_wheel *wheel);
