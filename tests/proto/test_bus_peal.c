/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus_log.h"
#include "proto/bus_peal.h"

static peal_err decode(peal_bus_msg *out, const wire_case *test, peal_slice in,
                       peal_arena *arena) {
  (void)test;
  return peal_bus_peal_decode(out, in, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg,
                   const wire_case *test, peal_arena *arena) {
  (void)test;
  (void)arena;
  peal_bus_peal_encode(out, msg);
}

static void messages_of_our_own_are_read_and_written(void **state) {
  (void)state;
  bus_dialect dialect = {"bus_peal", decode, encode, NULL};
  assert_int_equal(bus_log_run(&dialect), 0);
}

static void names_that_do_not_fit_are_refused(void **state) {
  static char name[65537];
  peal_buf out;
  (void)state;
  peal_bus_msg msg = {.kind = PEAL_BUS_COUNT,
                      .nsp = PEAL_S("/"),
                      .room = {name, sizeof name - 1}};
  peal_buf_init(&out, NULL, 0);
  peal_bus_peal_encode(&out, &msg);
  assert_int_equal(out.err, PEAL_ERR_LIMIT);
  peal_buf_deinit(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_of_our_own_are_read_and_written),
      cmocka_unit_test(names_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
