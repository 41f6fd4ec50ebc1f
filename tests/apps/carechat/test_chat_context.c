/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat_context.h"
#include "chat_text.h"

/* Newest first, each of 2 * (4 + 1) tokens but the third, which is long. */
static peal_val rows_of(peal_build *build) {
  static const char *const texts[][2] = {
      {"q4", "a4"},
      {"q3", "a3"},
      {"q2 0123456789012345678901234567890123456789", "a2"},
      {"q1", "a1"}};
  peal_items *rows = peal_items_new(build);
  for (size_t i = 0; i < 4; i++)
    peal_items_add(
        rows,
        peal_build_keep(build, PEAL_OBJECT({"question", peal_str(texts[i][0])},
                                           {"answer", peal_str(texts[i][1])})));
  return peal_items_val(rows);
}

static void the_newest_that_fit_are_shown_oldest_first(void **state) {
  chat_context context;
  peal_build *build = peal_build_new();
  (void)state;
  /* the question's own 5, and two exchanges of 10 */
  assert_true(chat_context_make(&context, rows_of(build), PEAL_S("now"), 30));
  assert_int_equal(context.count, 5);
  assert_int_equal(context.tokens, 25);
  static const char *const wanted[] = {"q3", "a3", "q4", "a4", "now"};
  for (size_t i = 0; i < 5; i++) {
    assert_true(peal_slice_is(context.turns[i].text, wanted[i]));
    assert_int_equal(context.turns[i].is_answer, i % 2);
  }
  chat_context_free(&context);
  peal_build_free(build);
}

static void behind_the_first_that_does_not_fit_there_is_none(void **state) {
  chat_context context;
  peal_build *build = peal_build_new();
  (void)state;
  /* room for the oldest, not for the one between */
  assert_true(chat_context_make(&context, rows_of(build), PEAL_S("now"), 37));
  assert_int_equal(context.count, 5);
  chat_context_free(&context);
  assert_true(chat_context_make(&context, rows_of(build), PEAL_S("now"), 1000));
  assert_int_equal(context.count, 9);
  assert_true(peal_slice_is(context.turns[0].text, "q1"));
  chat_context_free(&context);
  peal_build_free(build);
}

static void the_question_is_shown_in_any_case(void **state) {
  chat_context context;
  peal_build *build = peal_build_new();
  (void)state;
  assert_true(chat_context_make(&context, rows_of(build), PEAL_S("now"), 0));
  assert_int_equal(context.count, 1);
  assert_false(context.turns[0].is_answer);
  chat_context_free(&context);
  assert_true(
      chat_context_make(&context, peal_undefined(), PEAL_S("now"), 1000));
  assert_int_equal(context.count, 1);
  chat_context_free(&context);
  peal_build_free(build);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_newest_that_fit_are_shown_oldest_first),
      cmocka_unit_test(behind_the_first_that_does_not_fit_there_is_none),
      cmocka_unit_test(the_question_is_shown_in_any_case),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
