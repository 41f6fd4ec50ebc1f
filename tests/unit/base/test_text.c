/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void blanks_are_cut_off_both_ends(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", ""},          {" ", ""},   {"\t \t", ""}, {"a", "a"},
      {" a b\t", "a b"}, {"a ", "a"}, {"\ta", "a"},  {"\na ", "\na"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_true(
        peal_slice_is(peal_text_trim(peal_slice_of(rows[i][0])), rows[i][1]));
  assert_int_equal(peal_text_trim((peal_slice){NULL, 0}).len, 0);
}

static void letters_match_in_either_case_and_nothing_else_does(void **state) {
  (void)state;
  assert_true(peal_text_eq_nocase(PEAL_S("Upgrade"), PEAL_S("uPGRADE")));
  assert_false(peal_text_eq_nocase(PEAL_S("a"), PEAL_S("ab")));
  /* 0x20 apart, but no letters */
  assert_false(peal_text_eq_nocase(PEAL_S("@["), PEAL_S("`{")));
  assert_false(peal_text_eq_nocase(PEAL_S("\xc0"), PEAL_S("\xe0")));
  assert_true(peal_text_eq_nocase((peal_slice){NULL, 0}, PEAL_S("")));
}

/* The pieces of `list`, each behind a '|'. */
static void join_pieces(char *out, peal_slice list) {
  peal_slice piece;
  while (peal_text_next(&list, ',', &piece)) {
    *out++ = '|';
    memcpy(out, piece.ptr, piece.len);
    out += piece.len;
  }
  *out = 0;
}

static void lists_are_cut_into_trimmed_pieces(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"a", "|a"},   {"a,b", "|a|b"},      {" a , b\t", "|a|b"},
      {"a,", "|a|"}, {",a", "||a"},        {",", "||"},
      {"", "|"},     {"a b,,c", "|a b||c"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char found[64];
    join_pieces(found, peal_slice_of(rows[i][0]));
    assert_string_equal(found, rows[i][1]);
  }
  peal_slice none = {NULL, 0}, piece;
  assert_false(peal_text_next(&none, ',', &piece));
}

static void the_first_of_a_character_is_found(void **state) {
  (void)state;
  assert_int_equal(peal_text_find(PEAL_S("a=b=c"), '='), 1);
  assert_int_equal(peal_text_find(PEAL_S("abc"), '='), 3);
  assert_int_equal(peal_text_find((peal_slice){NULL, 0}, '='), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blanks_are_cut_off_both_ends),
      cmocka_unit_test(letters_match_in_either_case_and_nothing_else_does),
      cmocka_unit_test(lists_are_cut_into_trimmed_pieces),
      cmocka_unit_test(the_first_of_a_character_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
