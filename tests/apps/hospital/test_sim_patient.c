/* SPDX-License-Identifier: MIT */
/* Simulated patients live within what the program takes, and differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim_patient.h"

static void a_life_stays_within_its_bounds(void **state) {
  (void)state;
  size_t ill = 0;
  for (size_t n = 1; n <= 20; n++) {
    sim_patient p;
    sim_patient_init(&p, n % 6, n, 3);
    assert_memory_equal(p.id, "SIM", 3);
    for (int i = 0; i < 500; i++) {
      sim_vitals v;
      sim_patient_step(&p, &v);
      assert_in_range(v.heart_rate, 20, 250);
      assert_in_range(v.systolic, 40, 250);
      assert_in_range(v.spo2, 50, 100);
      assert_in_range(v.respiration, 5, 60);
      assert_true(v.temperature > 34 && v.temperature < 42);
      ill += p.illness > 0.5;
    }
  }
  assert_in_range(ill, 1, 20 * 500 / 4);
}

static void the_same_seed_is_the_same_life(void **state) {
  (void)state;
  sim_patient a, b;
  sim_patient_init(&a, 0, 1, 9);
  sim_patient_init(&b, 0, 1, 9);
  for (int i = 0; i < 50; i++) {
    sim_vitals x, y;
    sim_patient_step(&a, &x);
    sim_patient_step(&b, &y);
    assert_int_equal(x.heart_rate, y.heart_rate);
    assert_int_equal(x.spo2, y.spo2);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_life_stays_within_its_bounds),
      cmocka_unit_test(the_same_seed_is_the_same_life)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
