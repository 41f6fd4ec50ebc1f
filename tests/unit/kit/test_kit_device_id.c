/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/kit.h>

static bool is_good(const char *id) {
  return peal_kit_device_id_is_good(peal_slice_of(id));
}

static void text_that_is_seen_is_good(void **state) {
  (void)state;
  static const char *const ids[] = {"A",
                                    "ESP32 K\xC3\xBC"
                                    "che",
                                    "\xE6\xB8\xA9\xE5\xBA\xA6",
                                    "\xF0\x9F\x98\x80",
                                    "e\xCC\x81",
                                    " x ",
                                    "SIM-01"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    assert_true(is_good(ids[i]));
}

static void the_length_is_bounded(void **state) {
  (void)state;
  char id[80];
  memset(id, 'x', sizeof id);
  assert_true(peal_kit_device_id_is_good((peal_slice){id, 64}));
  assert_false(peal_kit_device_id_is_good((peal_slice){id, 65}));
  assert_false(peal_kit_device_id_is_good((peal_slice){id, 0}));
}

static void what_is_not_seen_is_refused(void **state) {
  (void)state;
  static const char *const ids[] = {
      " ",
      "\xC2\xA0 ",    /* no-break space */
      "\xE3\x80\x80", /* ideographic space */
      "a\tb",
      "a\x7F",
      "a\xC2\x85",     /* C1 */
      "a\xC2\xAD",     /* soft hyphen */
      "a\xE2\x80\x8B", /* zero width space */
      "a\xE2\x80\xAE", /* right-to-left override */
      "a\xE2\x81\xA6", /* isolate */
      "\xEF\xBB\xBF"
      "A",                 /* byte order mark */
      "\xE2\xA0\x80",      /* blank of Braille */
      "\xE3\x85\xA4",      /* Hangul filler */
      "a\xF3\xA0\x81\x81", /* tag */
      "a\xEF\xB8\x8F",     /* variation selector */
      "a\xEF\xBF\xBF",     /* noncharacter */
  };
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    assert_false(is_good(ids[i]));
  assert_false(peal_kit_device_id_is_good((peal_slice){"a\0b", 3}));
}

static void what_is_no_utf8_is_refused(void **state) {
  (void)state;
  static const char *const ids[] = {
      "\x80",         "a\xC3",        "a\xC3(",           "\xC0\x80",
      "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x80\x80\x80",
      "\xFF"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    assert_false(is_good(ids[i]));
}

static void no_bytes_are_read_behind_the_end(void **state) {
  (void)state;
  for (int first = 0; first < 256; first++) {
    char *one = malloc(1);
    assert_non_null(one);
    *one = (char)first;
    bool is_seen = first > 0x20 && first < 0x7F;
    assert_int_equal(peal_kit_device_id_is_good((peal_slice){one, 1}), is_seen);
    free(one);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_that_is_seen_is_good),
      cmocka_unit_test(the_length_is_bounded),
      cmocka_unit_test(what_is_not_seen_is_refused),
      cmocka_unit_test(what_is_no_utf8_is_refused),
      cmocka_unit_test(no_bytes_are_read_behind_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
