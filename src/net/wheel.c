/* SPDX-License-Identifier: MIT */
#include "net/wheel.h"

#include <stddef.h>

#define BITS 6
#define MASK (PEAL_WHEEL_SLOTS - 1)
#define NONE UINT64_MAX
/* The farthest place: one slot less than the whole top level, so that a
 * timer is never put into the slot that is running. Later times are put
 * there and placed anew when it comes. */
#define FAR_MS ((uint64_t)MASK << (BITS * (PEAL_WHEEL_LEVELS - 1)))

/* A timer of level L has the same time as now in all 6-bit groups above L
 * and a later one in group L, so the lowest level in use has the next one. */
static unsigned level_of(uint64_t now_ms, uint64_t at_ms) {
  uint64_t differs = (now_ms ^ at_ms) | MASK;
  unsigned level = (63u - (unsigned)__builtin_clzll(differs)) / BITS;
  return level < PEAL_WHEEL_LEVELS ? level : PEAL_WHEEL_LEVELS - 1;
}

void peal_wheel_init(peal_wheel *wheel, uint64_t now_ms) {
  for (unsigned level = 0; level < PEAL_WHEEL_LEVELS; level++) {
    wheel->occupied[level] = 0;
    for (unsigned slot = 0; slot < PEAL_WHEEL_SLOTS; slot++)
      peal_list_init(&wheel->slots[level][slot]);
  }
  wheel->now_ms = now_ms;
}

void peal_wheel_timer_init(peal_wheel_timer *timer,
                           void (*fn)(peal_wheel_timer *timer,
                                      uint64_t now_ms)) {
  peal_list_init(&timer->node);
  timer->at_ms = NONE;
  timer->fn = fn;
}

static void place(peal_wheel *wheel, peal_wheel_timer *timer) {
  uint64_t at_ms = timer->at_ms;
  if (at_ms <= wheel->now_ms)
    at_ms = wheel->now_ms + 1;
  else if (at_ms - wheel->now_ms > FAR_MS)
    at_ms = wheel->now_ms + FAR_MS;
  unsigned level = level_of(wheel->now_ms, at_ms);
  unsigned slot = (unsigned)(at_ms >> (BITS * level)) & MASK;
  peal_list_push(&wheel->slots[level][slot], &timer->node);
  wheel->occupied[level] |= UINT64_C(1) << slot;
}

/* Take the timer out, and its slot's bit away if it was the last one. */
static void unplace(peal_wheel *wheel, peal_wheel_timer *timer) {
  peal_list *next = timer->node.next;
  bool last = next == timer->node.prev;
  peal_list_remove(&timer->node);
  const peal_list *first_slot = &wheel->slots[0][0];
  const peal_list *end = first_slot + PEAL_WHEEL_LEVELS * PEAL_WHEEL_SLOTS;
  /* The only neighbour is a head: of a slot, or of the list that fires. */
  if (!last || (uintptr_t)next < (uintptr_t)first_slot ||
      (uintptr_t)next >= (uintptr_t)end)
    return;
  size_t index = (size_t)(next - first_slot);
  wheel->occupied[index / PEAL_WHEEL_SLOTS] &=
      ~(UINT64_C(1) << (index % PEAL_WHEEL_SLOTS));
}

void peal_wheel_set(peal_wheel *wheel, peal_wheel_timer *timer,
                    uint64_t at_ms) {
  if (peal_list_is_linked(&timer->node))
    unplace(wheel, timer);
  timer->at_ms = at_ms;
  if (at_ms != NONE)
    place(wheel, timer);
}

void peal_wheel_stop(peal_wheel *wheel, peal_wheel_timer *timer) {
  peal_wheel_set(wheel, timer, NONE);
}

bool peal_wheel_is_set(const peal_wheel_timer *timer) {
  return peal_list_is_linked(&timer->node);
}

/* When the next slot in use begins, and which one it is. */
static uint64_t next_slot(const peal_wheel *wheel, unsigned *level_out,
                          unsigned *slot_out) {
  for (unsigned level = 0; level < PEAL_WHEEL_LEVELS; level++) {
    uint64_t bits = wheel->occupied[level];
    if (!bits)
      continue;
    unsigned shift = BITS * level;
    unsigned current = (unsigned)(wheel->now_ms >> shift) & MASK;
    /* Rotate so that the slot after the current one is bit 0. */
    unsigned by = (current + 1) & MASK;
    uint64_t turned = by ? (bits >> by) | (bits << (64 - by)) : bits;
    uint64_t steps = (uint64_t)__builtin_ctzll(turned) + 1;
    *level_out = level;
    *slot_out = (unsigned)(current + steps) & MASK;
    return ((wheel->now_ms >> shift) + steps) << shift;
  }
  return NONE;
}

/* Move the timers of a slot that has begun: due ones to `due`, the others to
 * lower levels. */
static void empty_slot(peal_wheel *wheel, unsigned level, unsigned slot,
                       peal_list *due) {
  peal_list moved;
  peal_list_init(&moved);
  peal_list_move(&moved, &wheel->slots[level][slot]);
  wheel->occupied[level] &= ~(UINT64_C(1) << slot);
  for (;;) {
    peal_list *node = peal_list_shift(&moved);
    if (!node)
      return;
    peal_wheel_timer *timer = PEAL_LIST_OF(node, peal_wheel_timer, node);
    if (timer->at_ms <= wheel->now_ms)
      peal_list_push(due, node);
    else
      place(wheel, timer);
  }
}

void peal_wheel_advance(peal_wheel *wheel, uint64_t now_ms) {
  peal_list due;
  peal_list_init(&due);
  for (;;) {
    unsigned level = 0, slot = 0;
    uint64_t begins = next_slot(wheel, &level, &slot);
    if (begins > now_ms)
      break;
    wheel->now_ms = begins;
    empty_slot(wheel, level, slot, &due);
  }
  if (now_ms > wheel->now_ms)
    wheel->now_ms = now_ms;
  /* Only now, so that what is set by a callback belongs to a later tick. */
  for (;;) {
    peal_list *node = peal_list_shift(&due);
    if (!node)
      return;
    peal_wheel_timer *timer = PEAL_LIST_OF(node, peal_wheel_timer, node);
    timer->fn(timer, now_ms);
  }
}

uint64_t peal_wheel_next(const peal_wheel *wheel) {
  unsigned level = 0, slot = 0;
  return next_slot(wheel, &level, &slot);
}
