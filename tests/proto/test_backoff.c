/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/backoff.h"

/* What the reference's client computes, in its own terms: doubles. */
static uint32_t reference(uint32_t min, uint32_t max, double jitter,
                          unsigned attempts, double rand) {
  double ms = min;
  while (attempts--)
    ms *= 2;
  if (jitter > 0) {
    double deviation = (double)(uint64_t)(rand * jitter * ms);
    ms = ((uint64_t)(rand * 10) & 1) == 0 ? ms - deviation : ms + deviation;
  }
  return ms < max ? (uint32_t)ms : max;
}

static uint32_t any32(void) {
  return (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

static uint32_t next_of(peal_backoff backoff, uint32_t dice) {
  return peal_backoff_next(&backoff, dice);
}

static void is_the_formula_of_the_reference_for_any_dice(void **state) {
  (void)state;
  srand(1);
  for (unsigned i = 0; i < 200000; i++) {
    uint32_t dice = any32();
    unsigned attempts = (unsigned)rand() % 12;
    peal_backoff b = {.min_ms = 1 + (uint32_t)rand() % 5000,
                      .max_ms = 1 + (uint32_t)rand() % 60000,
                      .jitter = (uint32_t)rand() % (PEAL_BACKOFF_ONE + 1),
                      .attempts = attempts};
    assert_int_equal(next_of(b, dice),
                     reference(b.min_ms, b.max_ms,
                               (double)b.jitter / PEAL_BACKOFF_ONE, attempts,
                               (double)dice / 4294967296.0));
  }
}

static void even_tenths_are_subtracted_and_odd_ones_added(void **state) {
  const peal_backoff usual = {
      .min_ms = 1000, .max_ms = 5000, .jitter = PEAL_BACKOFF_ONE / 2};
  (void)state;
  for (uint32_t tenth = 0; tenth < 10; tenth++) {
    uint32_t dice = (uint32_t)((tenth * 4294967296u + 2147483648u) / 10);
    uint32_t ms = next_of(usual, dice), by = 50 * tenth + 25;
    assert_in_range(ms, tenth % 2 ? 1000 + by - 1 : 1000 - by,
                    tenth % 2 ? 1000 + by : 1000 - by + 1);
  }
}

static void the_usual_delays_double_up_to_the_maximum(void **state) {
  const uint32_t from[] = {501, 1001, 2001, 4001, 5000, 5000};
  const uint32_t to[] = {1499, 2999, 5000, 5000, 5000, 5000};
  (void)state;
  for (unsigned n = 0; n < 6; n++) {
    uint32_t low = UINT32_MAX, high = 0;
    peal_backoff b = {.min_ms = 1000,
                      .max_ms = 5000,
                      .jitter = PEAL_BACKOFF_ONE / 2,
                      .attempts = n};
    for (unsigned i = 0; i < 20000; i++) {
      uint32_t ms = next_of(b, any32());
      low = ms < low ? ms : low;
      high = ms > high ? ms : high;
    }
    assert_true(low >= from[n] && high <= to[n]);
  }
}

static void counts_attempts_until_it_is_reset(void **state) {
  peal_backoff b = {.min_ms = 100, .max_ms = 1000};
  (void)state;
  assert_int_equal(peal_backoff_next(&b, 1), 100);
  assert_int_equal(peal_backoff_next(&b, 1), 200);
  assert_int_equal(peal_backoff_next(&b, 1), 400);
  assert_int_equal(peal_backoff_next(&b, 1), 800);
  assert_int_equal(peal_backoff_next(&b, 1), 1000);
  assert_int_equal(b.attempts, 5);
  peal_backoff_reset(&b);
  assert_int_equal(peal_backoff_next(&b, 1), 100);
}

/* The reference's delay becomes 0 there, as infinity does as an integer. */
static void the_thousandth_attempt_still_waits(void **state) {
  (void)state;
  for (unsigned i = 0; i < 2000; i++) {
    peal_backoff b = {.min_ms = 1000,
                      .max_ms = 5000,
                      .jitter = PEAL_BACKOFF_ONE,
                      .attempts = 1000 + i};
    assert_int_equal(next_of(b, any32()), 5000);
    b.attempts = UINT32_MAX;
    assert_int_equal(peal_backoff_next(&b, any32()), 5000);
    assert_int_equal(b.attempts, UINT32_MAX); /* it stays there */
  }
}

static void extreme_options_do_not_overflow(void **state) {
  peal_backoff b = {
      .min_ms = UINT32_MAX, .max_ms = UINT32_MAX, .jitter = PEAL_BACKOFF_ONE};
  (void)state;
  for (unsigned i = 0; i < 100; i++)
    assert_true(peal_backoff_next(&b, UINT32_MAX) > UINT32_MAX / 20);
  b = (peal_backoff){.max_ms = 5000};
  assert_int_equal(peal_backoff_next(&b, 7), 0);
  b = (peal_backoff){.min_ms = 1000};
  assert_int_equal(peal_backoff_next(&b, 7), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_the_formula_of_the_reference_for_any_dice),
      cmocka_unit_test(even_tenths_are_subtracted_and_odd_ones_added),
      cmocka_unit_test(the_usual_delays_double_up_to_the_maximum),
      cmocka_unit_test(counts_attempts_until_it_is_reset),
      cmocka_unit_test(the_thousandth_attempt_still_waits),
      cmocka_unit_test(extreme_options_do_not_overflow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
