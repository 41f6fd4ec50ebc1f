/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "net/lag.h"

/* A file in the place of the kernel's: "cpu waited slices". */
static int figures;

static void say_waited_ms(unsigned long long ms) {
  char text[64];
  int len = snprintf(text, sizeof(text), "987654 %llu000000 12\n", ms);
  assert_int_equal(ftruncate(figures, 0), 0);
  assert_int_equal(pwrite(figures, text, (size_t)len, 0), len);
}

static int set_up(void **state) {
  static peal_lag lag;
  char path[] = "/tmp/peal-lag-XXXXXX";
  figures = mkstemp(path);
  unlink(path);
  say_waited_ms(500);
  lag =
      (peal_lag){.fd = figures, .base_ms = 10000, .base_waited_ns = 500000000};
  *state = &lag;
  return figures < 0;
}

static int tear_down(void **state) {
  peal_lag_deinit(*state);
  return 0;
}

static void a_callback_that_blocks_is_blamed(void **state) {
  assert_int_equal(peal_lag_blame(*state, 150, 100, 10200), 150);
}

static void waiting_for_a_processor_is_nobodys_fault(void **state) {
  say_waited_ms(500 + 120);
  assert_int_equal(peal_lag_blame(*state, 150, 100, 10200), 0);
  /* That was then; now it is the callback. */
  assert_int_equal(peal_lag_blame(*state, 150, 100, 10400), 150);
}

static void the_part_of_its_own_is_told(void **state) {
  say_waited_ms(500 + 120);
  assert_int_equal(peal_lag_blame(*state, 300, 100, 10200), 180);
}

static void one_line_a_second_is_enough(void **state) {
  assert_int_equal(peal_lag_blame(*state, 150, 100, 10200), 150);
  assert_int_equal(peal_lag_blame(*state, 250, 100, 10600), 0);
  assert_int_equal(peal_lag_blame(*state, 250, 100, 11200), 250);
}

static void short_turns_are_not_looked_at(void **state) {
  peal_lag *lag = *state;
  say_waited_ms(700);
  assert_int_equal(peal_lag_blame(lag, 99, 100, 10200), 0);
  assert_int_equal(lag->base_waited_ns, 500000000); /* not read */
  assert_int_equal(peal_lag_blame(lag, 5, 100, 11000), 0);
  assert_int_equal(lag->base_waited_ns, 700000000); /* once a second */
}

static void without_figures_the_clock_decides(void **state) {
  (void)state;
  peal_lag lag = {.fd = -1, .base_ms = 1};
  assert_int_equal(peal_lag_blame(&lag, 150, 100, 200), 150);
  peal_lag_deinit(&lag);
}

static void the_kernels_figures_can_be_read(void **state) {
  (void)state;
  assert_int_equal(peal_lag_waited_ns("12 345 6\n"), 345);
  assert_int_equal(peal_lag_waited_ns("12"), 0);
  assert_int_equal(peal_lag_waited_ns(""), 0);
  peal_lag lag;
  peal_lag_init(&lag, 77);
  assert_int_equal(lag.base_ms, 77);
  peal_lag_deinit(&lag);
  peal_lag_deinit(&lag);
}

#define LAG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LAG_TEST(a_callback_that_blocks_is_blamed),
      LAG_TEST(waiting_for_a_processor_is_nobodys_fault),
      LAG_TEST(the_part_of_its_own_is_told),
      LAG_TEST(one_line_a_second_is_enough),
      LAG_TEST(short_turns_are_not_looked_at),
      cmocka_unit_test(without_figures_the_clock_decides),
      cmocka_unit_test(the_kernels_figures_can_be_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
