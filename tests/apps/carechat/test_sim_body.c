/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bands.h"
#include "sim/sim_body.h"

enum { STEPS = 20000 };

static void it_measures_what_the_program_knows(void **state) {
  (void)state;
  for (int i = 0; i < SIM_SIGNS; i++) {
    double value = 50;
    bands_metric metric =
        bands_metric_of(peal_slice_of(sim_body_name((sim_sign)i)));
    assert_true(metric < BANDS_METRICS);
    assert_true(bands_convert(metric, peal_slice_of(sim_body_unit((sim_sign)i)),
                              &value));
  }
}

static void the_same_seed_is_the_same_life(void **state) {
  sim_body a, b, c;
  int others = 0;
  (void)state;
  sim_body_init(&a, 7);
  sim_body_init(&b, 7);
  sim_body_init(&c, 8);
  for (int i = 0; i < 100; i++) {
    sim_body_step(&a);
    sim_body_step(&b);
    sim_body_step(&c);
    for (int s = 0; s < SIM_SIGNS; s++) {
      assert_true(a.values[s] == b.values[s]);
      others += a.values[s] != c.values[s];
    }
  }
  assert_true(others > 500);
}

/* Mostly well, now and then not, and always possible. */
static void it_lives_and_falls_ill_now_and_then(void **state) {
  sim_body body;
  int counts[3] = {0};
  (void)state;
  sim_body_init(&body, 1);
  for (int i = 0; i < STEPS; i++) {
    sim_body_step(&body);
    assert_true(body.battery > 0 && body.battery <= 100);
    for (int s = 0; s < SIM_SIGNS; s++) {
      bands_metric metric =
          bands_metric_of(peal_slice_of(sim_body_name((sim_sign)s)));
      double value = sim_body_get(&body, (sim_sign)s);
      assert_true(bands_is_possible(metric, value));
      counts[bands_status_of(metric, value)]++;
    }
  }
  int all = STEPS * SIM_SIGNS;
  assert_true(counts[BANDS_NORMAL] > all * 9 / 10);
  assert_true(counts[BANDS_WARNING] > all / 1000);
  assert_true(counts[BANDS_CRITICAL] > all / 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_measures_what_the_program_knows),
      cmocka_unit_test(the_same_seed_is_the_same_life),
      cmocka_unit_test(it_lives_and_falls_ill_now_and_then),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
