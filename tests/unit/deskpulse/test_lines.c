/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lines.h"

static void lines_come_whole_however_they_are_cut(void **state) {
  static const char text[] = "one\n\ntwo\r\n\r\n{\"three\":3}\nnot yet";
  static const char *const expected[] = {"one", "two", "{\"three\":3}"};
  (void)state;
  for (size_t step = 1; step < sizeof text; step++) {
    lines l = {0};
    peal_slice line;
    size_t found = 0;
    for (size_t at = 0; at < sizeof text - 1; at += step) {
      size_t len = sizeof text - 1 - at < step ? sizeof text - 1 - at : step;
      assert_int_equal(lines_feed(&l, (peal_slice){text + at, len}), PEAL_OK);
      while (lines_next(&l, &line)) {
        assert_true(found < 3 && peal_slice_is(line, expected[found]));
        found++;
      }
    }
    assert_int_equal(found, 3);
    lines_deinit(&l);
  }
}

static void a_line_that_is_too_long_is_left_out_whole(void **state) {
  static char much[100000];
  lines l = {0};
  peal_slice line;
  (void)state;
  memset(much, 'x', sizeof much);
  for (int round = 0; round < 3; round++) {
    for (size_t fed = 0; fed < LINES_MAX + 2 * sizeof much;
         fed += sizeof much) {
      assert_int_equal(lines_feed(&l, (peal_slice){much, sizeof much}),
                       PEAL_OK);
      assert_false(lines_next(&l, &line));
      assert_true(l.cap <= 2 * LINES_MAX);
    }
    assert_int_equal(lines_feed(&l, PEAL_S("tail\nfine\n")), PEAL_OK);
    assert_true(lines_next(&l, &line));
    assert_true(peal_slice_is(line, "fine"));
    assert_false(lines_next(&l, &line));
    assert_int_equal(l.spoilt, round + 1);
  }
  lines_deinit(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_come_whole_however_they_are_cut),
      cmocka_unit_test(a_line_that_is_too_long_is_left_out_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
