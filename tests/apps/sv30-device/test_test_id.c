/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/kit.h>

#include "test_id.h"
#include "wall.h"

static void each_hour_has_its_letter_and_its_type(void **state) {
  (void)state;
  static const char letters[] = "EEEEEEMMMMMMMMAAAAAAAAEE";
  for (int hour = 0; hour < 24; hour++)
    for (int minute = 0; minute < 60; minute++) {
      civil at = {2026, 7, 15, hour, minute};
      assert_int_equal(test_id_letter(at), letters[hour]);
      assert_int_equal(test_id_type(at)[0], letters[hour] - 'A' + 'a');
    }
}

static void assert_id(civil at, unsigned number, const char *expected) {
  char id[TEST_ID_BYTES];
  test_id_make(id, false, at, number);
  assert_string_equal(id, expected);
}

static void an_evening_keeps_the_date_on_which_it_began(void **state) {
  (void)state;
  assert_id((civil){2026, 7, 15, 21, 59}, 1, "SV30-2026-07-15-001-A");
  assert_id((civil){2026, 7, 15, 22, 0}, 2, "SV30-2026-07-15-002-E");
  assert_id((civil){2026, 7, 16, 0, 0}, 3, "SV30-2026-07-15-003-E");
  assert_id((civil){2026, 7, 16, 5, 59}, 4, "SV30-2026-07-15-004-E");
  assert_id((civil){2026, 7, 16, 6, 0}, 1, "SV30-2026-07-16-001-M");
  assert_id((civil){2026, 1, 1, 1, 0}, 1, "SV30-2025-12-31-001-E");
  assert_id((civil){2024, 3, 1, 1, 0}, 1, "SV30-2024-02-29-001-E");
  assert_id((civil){2023, 3, 1, 1, 0}, 1, "SV30-2023-02-28-001-E");
  assert_id((civil){1900, 3, 1, 1, 0}, 1, "SV30-1900-02-28-001-E");
}

static void numbers_have_three_digits_or_as_many_as_they_need(void **state) {
  (void)state;
  char id[TEST_ID_BYTES];
  assert_id((civil){2026, 7, 15, 8, 0}, 999, "SV30-2026-07-15-999-M");
  assert_id((civil){2026, 7, 15, 8, 0}, 1000, "SV30-2026-07-15-1000-M");
  test_id_make(id, true, (civil){2026, 7, 15, 8, 0}, 7);
  assert_string_equal(id, "SIM-SV30-2026-07-15-007-M");
  assert_true(test_id_is_good(id));
}

static void ids_of_ones_own_are_letters_digits_and_few_marks(void **state) {
  (void)state;
  char text[70];
  assert_true(test_id_is_good("a.B-9_:"));
  assert_false(test_id_is_good(""));
  assert_false(test_id_is_good("a b"));
  assert_false(test_id_is_good("a/b"));
  memset(text, 'x', sizeof text);
  text[64] = '\0';
  assert_true(test_id_is_good(text));
  text[64] = 'x';
  text[65] = '\0';
  assert_false(test_id_is_good(text));
}

static void assert_civil(const char *zone, int64_t seconds, int day, int hour,
                         int minute) {
  assert_true(peal_kit_zone_set(zone));
  civil at = wall_civil(seconds * 1000);
  assert_int_equal(at.day, day);
  assert_int_equal(at.hour, hour);
  assert_int_equal(at.minute, minute);
}

static void moments_are_shown_in_the_zone(void **state) {
  (void)state;
  int64_t noon = 1782129600; // 2026-06-22T12:00:00Z
  assert_civil("UTC", noon, 22, 12, 0);
  assert_civil("+05:30", noon, 22, 17, 30);
  assert_civil("-03:00", noon, 22, 9, 0);
  assert_civil("+14:00", noon, 23, 2, 0);
}

static void moments_are_written_as_the_backend_reads_them(void **state) {
  (void)state;
  char text[25];
  peal_web_time_iso(text, 1782129600123);
  assert_string_equal(text, "2026-06-22T12:00:00.123Z");
  peal_web_time_iso(text, 0);
  assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_hour_has_its_letter_and_its_type),
      cmocka_unit_test(an_evening_keeps_the_date_on_which_it_began),
      cmocka_unit_test(numbers_have_three_digits_or_as_many_as_they_need),
      cmocka_unit_test(ids_of_ones_own_are_letters_digits_and_few_marks),
      cmocka_unit_test(moments_are_shown_in_the_zone),
      cmocka_unit_test(moments_are_written_as_the_backend_reads_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
