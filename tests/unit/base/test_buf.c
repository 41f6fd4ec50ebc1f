/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "torture.h"

static void assert_holds(const peal_buf *buf, const char *text) {
  assert_int_equal(buf->err, PEAL_OK);
  assert_true(peal_slice_is(peal_buf_slice(buf), text));
}

static void appends_text_and_numbers(void **state) {
  (void)state;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_buf_add_str(&buf, "a=");
  peal_buf_add_u64(&buf, 0);
  peal_buf_add_char(&buf, ',');
  peal_buf_add_u64(&buf, UINT64_MAX);
  peal_buf_add_char(&buf, ',');
  peal_buf_add_i64(&buf, INT64_MIN);
  peal_buf_add_char(&buf, ',');
  peal_buf_add_i64(&buf, -7);
  peal_buf_add_u64(&buf, 1234567);
  assert_holds(&buf, "a=0,18446744073709551615,-9223372036854775808,-71234567");
  peal_buf_consume(&buf, 2);
  assert_true(peal_slice_starts(peal_buf_slice(&buf), "0,1844"));
  peal_buf_consume(&buf, buf.len);
  assert_int_equal(buf.len, 0);
  peal_buf_deinit(&buf);
}

static void at_the_ceiling_the_error_sticks_until_reset(void **state) {
  (void)state;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 4);
  peal_buf_add_str(&buf, "abcd");
  assert_holds(&buf, "abcd");
  peal_buf_add_char(&buf, 'e');
  assert_int_equal(buf.err, PEAL_ERR_LIMIT);
  peal_buf_consume(&buf, 4);
  peal_buf_add_char(&buf, 'f');
  assert_int_equal(buf.err, PEAL_ERR_LIMIT);
  assert_int_equal(buf.len, 0);
  assert_null(peal_buf_reserve(&buf, 1));
  peal_buf_reset(&buf);
  peal_buf_add_char(&buf, 'g');
  assert_holds(&buf, "g");
  assert_null(peal_buf_reserve(&buf, SIZE_MAX));
  peal_buf_deinit(&buf);
}

/* Also in the last third before the ceiling. */
static void byte_by_byte_takes_few_allocations(void **state) {
  (void)state;
  for (size_t max = 10; max < 200000; max = max * 3 + 1) {
    torture memory;
    peal_buf buf;
    torture_init(&memory, 0);
    peal_buf_init(&buf, &memory.mem, max);
    for (size_t i = 0; i < max; i++)
      peal_buf_add_char(&buf, 'x');
    assert_int_equal(buf.err, PEAL_OK);
    assert_int_equal(buf.len, max);
    assert_true(buf.cap <= max);
    assert_true(memory.calls < 30);
    peal_buf_add_char(&buf, 'x');
    assert_int_equal(buf.err, PEAL_ERR_LIMIT);
    peal_buf_deinit(&buf);
  }
}

static void reserve_and_advance_write_in_place(void **state) {
  (void)state;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  char *to = peal_buf_reserve(&buf, 10);
  memcpy(to, "xyz", 3);
  peal_buf_advance(&buf, 3);
  assert_holds(&buf, "xyz");
  assert_non_null(peal_buf_reserve(&buf, 0));
  peal_buf_deinit(&buf);
  assert_null(buf.ptr);
}

static peal_err grow_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_buf buf;
  peal_buf_init(&buf, mem, 0);
  for (int i = 0; i < 1000; i++)
    peal_buf_add_str(&buf, "0123456789");
  peal_err err = buf.err;
  peal_buf_deinit(&buf);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(grow_step, NULL, false, &count));
  assert_in_range(count, 5, 30); /* linear growth would need more */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(appends_text_and_numbers),
      cmocka_unit_test(at_the_ceiling_the_error_sticks_until_reset),
      cmocka_unit_test(byte_by_byte_takes_few_allocations),
      cmocka_unit_test(reserve_and_advance_write_in_place),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
