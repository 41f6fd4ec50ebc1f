/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chat_text.h"

#define WAVE "\xF0\x9F\x91\x8B" /* one character of four bytes */

static void blanks_are_nothing(void **state) {
  (void)state;
  assert_true(chat_text_is_blank(PEAL_S("")));
  assert_true(chat_text_is_blank(PEAL_S(" \t\r\n ")));
  assert_false(chat_text_is_blank(PEAL_S(" . ")));
}

static void tokens_are_about_four_letters_or_one_other_character(void **state) {
  (void)state;
  assert_int_equal(chat_text_tokens(PEAL_S("")), 4);
  assert_int_equal(chat_text_tokens(PEAL_S("12345678")), 4 + 2);
  assert_int_equal(chat_text_tokens(PEAL_S("123456789")), 4 + 3);
  assert_int_equal(chat_text_tokens(PEAL_S(WAVE WAVE WAVE)), 4 + 3);
}

static void text_grows_up_to_its_ceiling(void **state) {
  chat_text text = {.max = 1000};
  (void)state;
  assert_int_equal(chat_text_slice(&text).len, 0);
  for (int i = 0; i < 300; i++)
    assert_true(chat_text_add(&text, PEAL_S("0123456789")));
  assert_int_equal(text.len, 1000);
  assert_int_equal(strlen(text.bytes), 1000);
  assert_true(text.is_full);
  chat_text_free(&text);
  assert_int_equal(text.len, 0);
}

static void no_character_is_cut_in_two(void **state) {
  chat_text text = {.max = 6};
  (void)state;
  assert_true(chat_text_add(&text, PEAL_S(WAVE)));
  assert_true(chat_text_add(&text, PEAL_S(WAVE "!")));
  assert_true(chat_text_add(&text, PEAL_S("a")));
  assert_int_equal(text.len, 4); /* and nothing behind the gap */
  assert_true(text.is_full);
  chat_text_free(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blanks_are_nothing),
      cmocka_unit_test(tokens_are_about_four_letters_or_one_other_character),
      cmocka_unit_test(text_grows_up_to_its_ceiling),
      cmocka_unit_test(no_character_is_cut_in_two),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
