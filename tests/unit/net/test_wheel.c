/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/wheel.h"

/* -- against a naive model, in virtual time -------------------------------- */

#define TIMERS 200

typedef struct subject {
  peal_wheel_timer timer;
  uint64_t due_ms; /* the model; UINT64_MAX: stopped */
  int fired;
} subject;

static subject subjects[TIMERS];
static uint64_t seed;

static uint64_t dice(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static void on_fire(peal_wheel_timer *timer, uint64_t now_ms) {
  subject *one = PEAL_LIST_OF(timer, subject, timer);
  assert_true(one->due_ms <= now_ms);
  one->due_ms = UINT64_MAX;
  one->fired++;
}

/* Distances of every magnitude. */
static uint64_t distance(void) {
  unsigned bits = (unsigned)(dice() % 40);
  return dice() & ((UINT64_C(1) << bits) - 1);
}

static void change_one(peal_wheel *wheel, uint64_t now_ms) {
  subject *one = &subjects[dice() % TIMERS];
  if (dice() % 4 == 0) {
    peal_wheel_stop(wheel, &one->timer);
    one->due_ms = UINT64_MAX;
    return;
  }
  uint64_t at_ms = now_ms + distance();
  peal_wheel_set(wheel, &one->timer, at_ms);
  one->due_ms = at_ms > now_ms ? at_ms : now_ms + 1;
}

static void check_all(const peal_wheel *wheel, uint64_t now_ms) {
  uint64_t first_ms = UINT64_MAX;
  for (int i = 0; i < TIMERS; i++) {
    const subject *one = &subjects[i];
    assert_int_equal(peal_wheel_is_set(&one->timer), one->due_ms != UINT64_MAX);
    assert_true(one->due_ms > now_ms);
    if (one->due_ms < first_ms)
      first_ms = one->due_ms;
  }
  /* Never later than the first, and always ahead. */
  uint64_t next_ms = peal_wheel_next(wheel);
  assert_true(next_ms <= first_ms);
  assert_true(next_ms > now_ms);
  if (first_ms == UINT64_MAX)
    assert_true(next_ms == UINT64_MAX);
}

static void run_model(uint64_t from_ms) {
  peal_wheel wheel;
  uint64_t now_ms = from_ms;
  peal_wheel_init(&wheel, now_ms);
  for (int i = 0; i < TIMERS; i++) {
    peal_wheel_timer_init(&subjects[i].timer, on_fire);
    subjects[i].due_ms = UINT64_MAX;
  }
  for (int step = 0; step < 20000; step++) {
    for (uint64_t changes = dice() % 4; changes > 0; changes--)
      change_one(&wheel, now_ms);
    uint64_t next_ms = peal_wheel_next(&wheel);
    if (dice() % 2 && next_ms != UINT64_MAX)
      now_ms = next_ms;
    else
      now_ms += distance() >> 10;
    peal_wheel_advance(&wheel, now_ms);
    check_all(&wheel, now_ms);
  }
}

static void fires_what_a_naive_model_fires(void **state) {
  (void)state;
  for (uint64_t round = 1; round <= 6; round++) {
    seed = round * UINT64_C(0x9e3779b97f4a7c15);
    run_model(round * 1000003);
  }
}

static void survives_the_end_of_its_top_level(void **state) {
  (void)state;
  seed = 99;
  run_model((UINT64_C(1) << 36) - 5);
  run_model((UINT64_C(1) << 42) - 70000);
}

/* -- details ---------------------------------------------------------------- */

static int order[8];
static int ordered;

static void on_order(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  order[ordered++] = (int)(PEAL_LIST_OF(timer, subject, timer) - subjects);
}

static void fires_in_order_of_time_and_of_setting(void **state) {
  (void)state;
  static const uint64_t at[] = {500, 3, 70, 3, 4097, 70};
  static const int expected[] = {1, 3, 2, 5, 0, 4};
  peal_wheel wheel;
  peal_wheel_init(&wheel, 0);
  ordered = 0;
  for (int i = 0; i < 6; i++) {
    peal_wheel_timer_init(&subjects[i].timer, on_order);
    peal_wheel_set(&wheel, &subjects[i].timer, at[i]);
  }
  peal_wheel_advance(&wheel, 5000);
  assert_int_equal(ordered, 6);
  assert_memory_equal(order, expected, sizeof(expected));
}

static peal_wheel shared;

static void on_again(peal_wheel_timer *timer, uint64_t now_ms) {
  subject *one = PEAL_LIST_OF(timer, subject, timer);
  one->fired++;
  peal_wheel_set(&shared, timer, now_ms);
}

static void a_passed_time_fires_once_per_advance(void **state) {
  (void)state;
  peal_wheel_init(&shared, 1000);
  subjects[0].fired = 0;
  peal_wheel_timer_init(&subjects[0].timer, on_again);
  peal_wheel_set(&shared, &subjects[0].timer, 5);
  assert_int_equal(peal_wheel_next(&shared), 1001);
  peal_wheel_advance(&shared, 1000);
  assert_int_equal(subjects[0].fired, 0);
  peal_wheel_advance(&shared, 9000);
  assert_int_equal(subjects[0].fired, 1);
  peal_wheel_advance(&shared, 9001);
  assert_int_equal(subjects[0].fired, 2);
}

static void on_free(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  peal_wheel_timer **other = (peal_wheel_timer **)(void *)(timer + 1);
  if (*other) {
    peal_wheel_stop(&shared, *other);
    free(*other);
  }
  free(timer);
}

static peal_wheel_timer *new_timer(peal_wheel_timer *victim) {
  peal_wheel_timer *timer = malloc(sizeof(*timer) + sizeof(victim));
  assert_non_null(timer);
  peal_wheel_timer_init(timer, on_free);
  memcpy((void *)(timer + 1), &victim, sizeof(victim));
  return timer;
}

static void a_callback_frees_itself_and_another_that_is_due(void **state) {
  (void)state;
  peal_wheel_init(&shared, 0);
  peal_wheel_timer *victim = new_timer(NULL);
  peal_wheel_timer *killer = new_timer(victim);
  peal_wheel_set(&shared, killer, 10);
  peal_wheel_set(&shared, victim, 10);
  peal_wheel_advance(&shared, 100);
  assert_true(peal_wheel_next(&shared) == UINT64_MAX);
}

static void stopping_twice_and_far_times_are_harmless(void **state) {
  (void)state;
  peal_wheel_init(&shared, 7);
  subjects[0].fired = 0;
  subjects[0].due_ms = 0;
  peal_wheel_timer_init(&subjects[0].timer, on_fire);
  peal_wheel_stop(&shared, &subjects[0].timer);
  peal_wheel_set(&shared, &subjects[0].timer, UINT64_MAX - 1);
  assert_true(peal_wheel_is_set(&subjects[0].timer));
  peal_wheel_advance(&shared, UINT64_C(1) << 40);
  assert_int_equal(subjects[0].fired, 0);
  peal_wheel_stop(&shared, &subjects[0].timer);
  peal_wheel_stop(&shared, &subjects[0].timer);
  assert_false(peal_wheel_is_set(&subjects[0].timer));
  assert_true(peal_wheel_next(&shared) == UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fires_what_a_naive_model_fires),
      cmocka_unit_test(survives_the_end_of_its_top_level),
      cmocka_unit_test(fires_in_order_of_time_and_of_setting),
      cmocka_unit_test(a_passed_time_fires_once_per_advance),
      cmocka_unit_test(a_callback_frees_itself_and_another_that_is_due),
      cmocka_unit_test(stopping_twice_and_far_times_are_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
