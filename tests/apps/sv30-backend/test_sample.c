/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

#define GOOD                                                                   \
  {"testId", peal_str("SV30-2026-01-31-001-M")}, {"testType", peal_str("M")},  \
      {"timestamp", peal_str("2026-01-31T09:00:00.500+05:30")},                \
      {"t_min", peal_int(30)}, {"sludge_height_mm", peal_double(95.5)}, {      \
    "mixture_height_mm", peal_int(300)                                         \
  }

static void reads_what_is_there(void **state) {
  (void)state;
  sample out;
  peal_kit_refusal why;
  peal_val rgb =
      PEAL_OBJECT({"r", peal_int(1)}, {"g", peal_int(2)}, {"b", peal_int(3)});
  assert_true(
      sample_read(&out, PEAL_OBJECT(GOOD, {"rgb_sludge_zone", rgb}), &why));
  assert_string_equal(out.test_id, "SV30-2026-01-31-001-M");
  assert_string_equal(out.type, "M");
  assert_int_equal(out.ts, INT64_C(1769830200500));
  assert_int_equal(out.t_min, 30);
  assert_true(peal_val_double(out.values[0], 0) == 95.5);
  assert_true(peal_val_is(out.values[2], PEAL_NULL));
  assert_true(peal_val_is(out.values[6], PEAL_NULL));
  assert_int_equal(peal_val_int(out.values[11], 0), 3);
}

static void says_which_field_is_wrong(void **state) {
  (void)state;
  static const char *const names[] = {"testId",     "timestamp",
                                      "t_min",      "sludge_height_mm",
                                      "floc_count", "rgb_clear_zone"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    sample out;
    peal_kit_refusal why = {0};
    // of equal keys the last counts
    assert_false(sample_read(
        &out, PEAL_OBJECT(GOOD, {names[i], peal_bool(true)}), &why));
    assert_string_equal(why.field, names[i]);
    assert_non_null(strstr(why.message, names[i]));
  }
}

static void what_is_no_object_is_refused(void **state) {
  (void)state;
  sample out;
  peal_kit_refusal why;
  assert_false(sample_read(&out, peal_null(), &why));
  assert_false(sample_read(&out, peal_undefined(), &why));
  assert_false(sample_read(&out, peal_int(5), &why));
}

static void ids_are_of_few_characters(void **state) {
  (void)state;
  assert_true(sample_id_is_good(PEAL_S("SIM-SV30-2026-01-31-001-M")));
  assert_true(sample_id_is_good(PEAL_S("a.b_c:9")));
  assert_false(sample_id_is_good(PEAL_S("")));
  assert_false(sample_id_is_good(PEAL_S("a b")));
  assert_false(sample_id_is_good(PEAL_S("a/b")));
  assert_false(sample_id_is_good(PEAL_S("\xC3\xA4")));
  assert_false(sample_id_is_good((peal_slice){"a\0b", 3}));
  char longest[66];
  memset(longest, 'x', sizeof longest);
  assert_true(sample_id_is_good((peal_slice){longest, 64}));
  assert_false(sample_id_is_good((peal_slice){longest, 65}));
}

static void heights_are_numbers_or_objects(void **state) {
  (void)state;
  sample_height out;
  peal_kit_refusal why;
  assert_true(sample_height_read(&out, peal_double(280.5), &why));
  assert_string_equal(out.test_id, "");
  assert_true(out.mm == 280.5);
  assert_true(sample_height_read(&out,
                                 PEAL_OBJECT({"testId", peal_str("A")},
                                             {"t_s", peal_double(1799.9)},
                                             {"height_mm", peal_int(95)}),
                                 &why));
  assert_string_equal(out.test_id, "A");
  assert_int_equal(out.t_s, 1799);
  assert_false(sample_height_read(&out, peal_int(-1), &why));
  assert_false(sample_height_read(&out, peal_str("280"), &why));
  assert_false(sample_height_read(&out,
                                  PEAL_OBJECT({"testId", peal_str("A")},
                                              {"t_s", peal_int(7201)},
                                              {"height_mm", peal_int(95)}),
                                  &why));
}

static void sv30_is_of_the_end(void **state) {
  (void)state;
  sample s;
  peal_kit_refusal why;
  assert_true(sample_read(&s, PEAL_OBJECT(GOOD), &why));
  peal_build *build = peal_build_new();
  peal_slice id = peal_slice_of(s.test_id), type = peal_slice_of(s.type);
  peal_val end = sample_val(build, id, type, s.ts, 30, s.values, peal_null());
  assert_true(peal_val_double(peal_val_get(end, "sv30_percent"), 0) == 31.8);
  peal_val start = sample_val(build, id, type, s.ts, 0, s.values, peal_null());
  assert_true(peal_val_is(peal_val_get(start, "sv30_percent"), PEAL_NULL));
  assert_true(peal_slice_is(peal_val_str(peal_val_get(end, "timestamp")),
                            "2026-01-31T03:30:00.500Z"));
  // of nothing there is no part
  s.values[1] = peal_int(0);
  end = sample_val(build, id, type, s.ts, 30, s.values, peal_null());
  assert_true(peal_val_is(peal_val_get(end, "sv30_percent"), PEAL_NULL));
  peal_build_free(build);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_is_there),
      cmocka_unit_test(says_which_field_is_wrong),
      cmocka_unit_test(what_is_no_object_is_refused),
      cmocka_unit_test(ids_are_of_few_characters),
      cmocka_unit_test(heights_are_numbers_or_objects),
      cmocka_unit_test(sv30_is_of_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
