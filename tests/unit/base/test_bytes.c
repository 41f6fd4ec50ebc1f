/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "torture.h"

static void the_last_reference_frees(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_bytes *bytes = peal_bytes_alloc(3, &t.mem);
  memcpy(peal_bytes_data(bytes), "abc", 3);
  assert_ptr_equal(peal_bytes_ref(bytes), bytes);
  (void)peal_bytes_ref(bytes);
  peal_bytes_unref(bytes);
  peal_bytes_unref(bytes);
  assert_int_equal(t.live, 1);
  assert_true(peal_slice_is(peal_bytes_slice(bytes), "abc"));
  peal_bytes_unref(bytes);
  assert_int_equal(t.live, 0);
  peal_bytes_unref(NULL);
}

static void fresh_bytes_can_be_cut(void **state) {
  (void)state;
  peal_bytes *bytes = peal_bytes_new(PEAL_S("abcdef"));
  peal_bytes_cut(bytes, 2);
  assert_true(peal_slice_is(peal_bytes_slice(bytes), "ab"));
  peal_bytes_unref(bytes);
}

static void lengths_that_wrap_and_failures_give_null(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 1);
  assert_null(peal_bytes_alloc(SIZE_MAX, NULL));
  assert_null(peal_bytes_alloc(10, &t.mem));
  peal_bytes *empty = peal_bytes_new((peal_slice){NULL, 0});
  assert_int_equal(peal_bytes_slice(empty).len, 0);
  peal_bytes_unref(empty);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_reference_frees),
      cmocka_unit_test(fresh_bytes_can_be_cut),
      cmocka_unit_test(lengths_that_wrap_and_failures_give_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
