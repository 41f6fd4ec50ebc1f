/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat_budget.h"

enum { NOW = 1000000 };

static void so_many_messages_in_a_minute(void **state) {
  chat_budget budget = {0};
  const chat_budget_limits limits = {.messages = 3};
  uint64_t retry_ms = 0;
  (void)state;
  for (uint64_t i = 0; i < 3; i++)
    assert_true(
        chat_budget_take(&budget, &limits, 10, NOW + i * 1000, &retry_ms));
  assert_false(chat_budget_take(&budget, &limits, 10, NOW + 3000, &retry_ms));
  assert_int_equal(retry_ms, 57000);
  assert_false(chat_budget_take(&budget, &limits, 10, NOW + 59999, &retry_ms));
  assert_int_equal(retry_ms, 1);
  assert_true(chat_budget_take(&budget, &limits, 10, NOW + 60000, &retry_ms));
}

static void tokens_of_answers_count(void **state) {
  chat_budget budget = {0};
  const chat_budget_limits limits = {.tokens = 100};
  uint64_t retry_ms = 0;
  (void)state;
  assert_true(chat_budget_take(&budget, &limits, 10, NOW, &retry_ms));
  chat_budget_spend(&budget, 80, NOW + 1);
  assert_true(chat_budget_take(&budget, &limits, 50, NOW + 2, &retry_ms));
  assert_false(chat_budget_take(&budget, &limits, 1, NOW + 3, &retry_ms));
  /* an answer that ends in the next minute counts there */
  chat_budget_spend(&budget, 100, NOW + 60000);
  assert_false(chat_budget_take(&budget, &limits, 1, NOW + 60001, &retry_ms));
}

static void nothing_is_no_limit(void **state) {
  chat_budget budget = {0};
  const chat_budget_limits limits = {0};
  uint64_t retry_ms = 0;
  (void)state;
  for (int i = 0; i < 1000; i++)
    assert_true(chat_budget_take(&budget, &limits, UINT32_MAX, NOW, &retry_ms));
}

static void what_came_to_nothing_is_given_back(void **state) {
  chat_budget budget = {0};
  const chat_budget_limits limits = {.messages = 1, .tokens = 10};
  uint64_t retry_ms = 0;
  (void)state;
  assert_true(chat_budget_take(&budget, &limits, 10, NOW, &retry_ms));
  chat_budget_give(&budget, 10);
  assert_true(chat_budget_is_over(&budget, NOW));
  assert_true(chat_budget_take(&budget, &limits, 10, NOW, &retry_ms));
  assert_false(chat_budget_is_over(&budget, NOW + 59999));
  assert_true(chat_budget_is_over(&budget, NOW + 60000));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(so_many_messages_in_a_minute),
      cmocka_unit_test(tokens_of_answers_count),
      cmocka_unit_test(nothing_is_no_limit),
      cmocka_unit_test(what_came_to_nothing_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
