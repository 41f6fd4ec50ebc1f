/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "settling.h"

static void a_blanket_sinks_and_never_rises(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    settling sludge;
    settling_init(&sludge, seed);
    double last = settling_height(&sludge, 0);
    assert_true(last == sludge.mixture_mm);
    for (int second = 1; second <= 1800; second++) {
      double height = settling_height(&sludge, second / 60.0);
      assert_true(height <= last);
      assert_true(last - height <= sludge.velocity / 60 + 1e-9);
      assert_true(height >= sludge.end_mm);
      last = height;
    }
    double sv30 = last / sludge.mixture_mm;
    assert_true(sv30 > 0.1 && sv30 < 0.95);
  }
}

/* Mm/min around that moment. */
static double velocity_at(const settling *it, double t_min) {
  double span = 0.5;
  double from = t_min > span ? t_min - span : 0;
  return (settling_height(it, from) - settling_height(it, t_min + span)) /
         (t_min + span - from);
}

static void it_sinks_evenly_first_and_ever_slower_then(void **state) {
  (void)state;
  settling sludge;
  settling_init(&sludge, 3);
  double middle = (sludge.lag_min + sludge.bend_min) / 2;
  assert_true(velocity_at(&sludge, 0) < sludge.velocity);
  assert_true(velocity_at(&sludge, middle) > 0.99 * sludge.velocity);
  double last = sludge.velocity;
  for (int i = 1; i < 10; i++) {
    double now = velocity_at(&sludge, sludge.bend_min + i);
    assert_true(now < last);
    last = now;
  }
}

static void the_same_seed_is_the_same_sludge(void **state) {
  (void)state;
  settling a, b;
  settling_init(&a, 7);
  settling_init(&b, 7);
  assert_true(settling_height(&a, 20) == settling_height(&b, 20));
  settling_init(&b, 8);
  assert_true(settling_height(&a, 20) != settling_height(&b, 20));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_blanket_sinks_and_never_rises),
      cmocka_unit_test(it_sinks_evenly_first_and_ever_slower_then),
      cmocka_unit_test(the_same_seed_is_the_same_sludge),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
