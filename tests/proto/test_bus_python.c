/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus_log.h"
#include "proto/bus_python.h"

static peal_err decode(peal_bus_msg *out, const wire_case *test, peal_slice in,
                       peal_arena *arena) {
  (void)test;
  return peal_bus_python_decode(out, in, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg,
                   const wire_case *test, peal_arena *arena) {
  (void)test;
  peal_bus_python_encode(out, msg, arena);
}

static void messages_of_pythons_managers_are_read_and_written(void **state) {
  (void)state;
  bus_dialect dialect = {"bus_python", decode, encode, NULL};
  assert_int_equal(bus_log_run(&dialect), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_of_pythons_managers_are_read_and_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
