/* SPDX-License-Identifier: MIT */
/* A question of nobody's: the program asks itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kit/kit_ask.h"

typedef struct asked {
  int count;
  peal_kit_ask *kept; /* NULL: it was answered at once */
  peal_val value;     /* in the question's memory */
  bool keeps;
} asked;

static void on_ask(peal_kit_ask *ask, peal_val said, void *user) {
  asked *a = user;
  char text[] = "said";
  assert_true(peal_val_is(said, PEAL_UNDEFINED));
  assert_null(peal_kit_ask_req(ask));
  assert_null(peal_kit_ask_socket(ask));
  assert_int_equal(peal_kit_ask_address(ask).len, 0);
  a->count++;
  a->value = peal_build_copy(peal_kit_ask_build(ask), peal_str(text));
  memset(text, 'x', sizeof text - 1);
  if (a->keeps)
    a->kept = peal_kit_ask_keep(ask);
}

static void run(asked *a) {
  static peal_kit kit;
  static const peal_kit_action action = {.fn = on_ask};
  peal_kit_action_run(&kit, &action, peal_undefined(), a);
}

static void nobodys_question_is_answered_by_its_handlers_return(void **state) {
  (void)state;
  asked a = {.count = 0};
  run(&a);
  assert_int_equal(a.count, 1);
}

static void what_was_built_is_kept_with_the_question(void **state) {
  (void)state;
  asked a = {.keeps = true};
  run(&a);
  assert_non_null(a.kept);
  assert_ptr_equal(peal_kit_ask_keep(a.kept), a.kept);
  assert_true(peal_slice_is(peal_val_str(a.value), "said"));
  peal_kit_ask_data(a.kept, a.value);
}

static void a_kept_question_is_refused_like_any(void **state) {
  (void)state;
  asked a = {.keeps = true};
  run(&a);
  peal_kit_refusal why;
  peal_kit_refusal_set(&why, 422, NULL, "no");
  peal_kit_ask_refuse(a.kept, &why);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobodys_question_is_answered_by_its_handlers_return),
      cmocka_unit_test(what_was_built_is_kept_with_the_question),
      cmocka_unit_test(a_kept_question_is_refused_like_any),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
