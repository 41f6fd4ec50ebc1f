/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/percent.h"

static void forms_are_decoded_as_the_url_standard_says(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", ""},           {"a", "a"},       {"a+b", "a b"},
      {"%41%42", "AB"},   {"%4a%4A", "JJ"}, {"%", "%"},
      {"%4", "%4"},       {"%4g", "%4g"},   {"%%41", "%A"},
      {"%2B+%20", "+  "}, {"100%", "100%"}, {"%e2%82%ac", "\xe2\x82\xac"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char out[64];
    size_t len = peal_percent_decode_form(out, peal_slice_of(rows[i][0]));
    assert_int_equal(len, strlen(rows[i][1]));
    assert_memory_equal(out, rows[i][1], len);
  }
}

static void decoding_in_place_is_allowed(void **state) {
  (void)state;
  char text[] = "a%20b+c%";
  size_t len = peal_percent_decode_form(text, peal_slice_of(text));
  assert_int_equal(len, 6);
  assert_memory_equal(text, "a b c%", 6);
}

static void paths_refuse_what_is_not_encoded_right(void **state) {
  (void)state;
  static const char *const bad[] = {"%", "%4", "%4g", "a%", "%00", "x%zz"};
  char out[64];
  size_t len;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(peal_percent_decode_path(out, &len, peal_slice_of(bad[i])),
                     PEAL_ERR_HTTP_SYNTAX);
  assert_int_equal(peal_percent_decode_path(out, &len, PEAL_S("a\0b")),
                   PEAL_ERR_HTTP_SYNTAX);
  assert_int_equal(peal_percent_decode_path(out, &len, PEAL_S("a%2Fb+%c3%a9")),
                   PEAL_OK);
  assert_int_equal(len, 6);
  assert_memory_equal(out, "a/b+\xc3\xa9", 6);
}

static void forms_are_compared_without_decoding_them(void **state) {
  (void)state;
  assert_true(peal_percent_form_is(PEAL_S("a+%62%"), "a b%"));
  assert_true(peal_percent_form_is(PEAL_S(""), ""));
  assert_false(peal_percent_form_is(PEAL_S("a"), ""));
  assert_false(peal_percent_form_is(PEAL_S(""), "a"));
  assert_false(peal_percent_form_is(PEAL_S("a%00"), "a"));
  assert_false(peal_percent_form_is(PEAL_S("%6"), "a"));
  assert_false(peal_percent_form_is(PEAL_S("ab"), "abc"));
}

static void plain_texts_are_their_own_decoding(void **state) {
  (void)state;
  assert_true(peal_percent_is_plain(PEAL_S("a-b=c")));
  assert_true(peal_percent_is_plain((peal_slice){NULL, 0}));
  assert_false(peal_percent_is_plain(PEAL_S("a%")));
  assert_false(peal_percent_is_plain(PEAL_S("a+b")));
}

static void what_is_encoded_decodes_to_itself(void **state) {
  (void)state;
  char all[256], back[768];
  peal_buf out;
  for (size_t i = 0; i < sizeof all; i++)
    all[i] = (char)i;
  peal_buf_init(&out, NULL, 0);
  peal_percent_encode(&out, PEAL_S("aZ0-_.~ &=#%+/"));
  assert_true(
      peal_slice_is(peal_buf_slice(&out), "aZ0-_.~%20%26%3D%23%25%2B%2F"));
  peal_buf_reset(&out);
  peal_percent_encode(&out, (peal_slice){all, sizeof all});
  size_t len = peal_percent_decode_form(back, peal_buf_slice(&out));
  assert_int_equal(len, sizeof all);
  assert_memory_equal(back, all, sizeof all);
  peal_buf_deinit(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_are_decoded_as_the_url_standard_says),
      cmocka_unit_test(decoding_in_place_is_allowed),
      cmocka_unit_test(forms_are_compared_without_decoding_them),
      cmocka_unit_test(plain_texts_are_their_own_decoding),
      cmocka_unit_test(what_is_encoded_decodes_to_itself),
      cmocka_unit_test(paths_refuse_what_is_not_encoded_right),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
