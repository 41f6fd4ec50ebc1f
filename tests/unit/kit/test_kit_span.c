/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <peal/kit.h>

static int64_t ms_of(const char *text) {
  int64_t ms;
  return peal_kit_span_time_parse(&ms, peal_slice_of(text)) ? ms : -1;
}

static void times_are_read_as_javascript_writes_them(void **state) {
  (void)state;
  assert_int_equal(ms_of("1970-01-01T00:00:00.000Z"), 0);
  assert_int_equal(ms_of("2026-01-31T12:00:00.000Z"), 1769860800000);
  assert_int_equal(ms_of("2024-02-29T23:59:59.999Z"), 1709251199999);
  assert_int_equal(ms_of("2000-03-01T00:00:00Z"), 951868800000);
}

static void shorter_forms_and_offsets_are_read(void **state) {
  (void)state;
  assert_int_equal(ms_of("1970-01-02"), 86400000);
  assert_int_equal(ms_of("1970-01-01T00:01"), 60000);
  assert_int_equal(ms_of("1970-01-01 00:00:01.5Z"), 1500);
  assert_int_equal(ms_of("1970-01-01T05:30:00+05:30"), 0);
  assert_int_equal(ms_of("1970-01-01T05:30:00 0530"), 0);
  assert_int_equal(ms_of("1970-01-01T00:00:00.1234567-01:00"), 3600123);
}

static void what_is_no_time_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      "yesterday",
                                      "2026-02-30T00:00:00Z",
                                      "2025-02-29",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-1-1",
                                      "2026-01-01T24:00Z",
                                      "2026-01-01T00:60Z",
                                      "2026-01-01T",
                                      "2026-01-01T00:00Zx",
                                      "2026-01-01T00:00+99:00",
                                      "0000-01-01"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(ms_of(wrong[i]), -1);
}

static void what_is_written_is_read_back(void **state) {
  (void)state;
  for (int64_t ms = 1; ms < 4102444800000; ms = ms * 3 + 86399999) {
    char text[25];
    peal_web_time_iso(text, ms);
    assert_int_equal(ms_of(text), ms);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(times_are_read_as_javascript_writes_them),
      cmocka_unit_test(shorter_forms_and_offsets_are_read),
      cmocka_unit_test(what_is_no_time_is_refused),
      cmocka_unit_test(what_is_written_is_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
