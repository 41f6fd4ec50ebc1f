/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/allow_pool.h"
#include "engine/engine_limits.h"

#define COUNT 5000

static uint64_t now_ms;
static peal_account_server server;
static peal_account_worker account;
static peal_allow_pool pool;

static void make(size_t max) {
  now_ms = 1000;
  peal_account_server_init(&server, max);
  peal_account_worker_init(&account, &server);
  peal_allow_pool_init(&pool, peal_mem_or_libc(NULL), &account, &now_ms);
}

static void drop(void) {
  peal_allow_pool_deinit(&pool);
  assert_int_equal(account.used, 0);
  peal_account_worker_deinit(&account);
}

/* Only looked at as an address. */
static peal_http_req *request(size_t i) {
  return (peal_http_req *)(uintptr_t)(16 * (i + 1));
}

static void a_late_second_answer_is_nobody_elses_first(void **state) {
  (void)state;
  make(0);
  peal_allow *first = peal_allow_pool_ask(&pool, request(0));
  assert_non_null(first);
  assert_ptr_equal(peal_allow_pool_answer(first), request(0));
  peal_allow *others[COUNT];
  for (size_t i = 0; i < COUNT; i++) { /* all of them wait at one time, or */
    others[i] = peal_allow_pool_ask(&pool, request(i + 1));
    assert_non_null(others[i]);
    if (i % 2) /* are answered at once */
      assert_ptr_equal(peal_allow_pool_answer(others[i]), request(i + 1));
    now_ms += (PEAL_LIMIT_ALLOW_KEPT_MS - 1) / COUNT;
    assert_null(peal_allow_pool_answer(first));
  }
  for (size_t i = 0; i < COUNT; i += 2)
    assert_ptr_equal(peal_allow_pool_answer(others[i]), request(i + 1));
  drop();
}

static void what_a_storm_has_left_is_given_back(void **state) {
  (void)state;
  make(0);
  for (size_t i = 0; i < COUNT; i++)
    assert_non_null(
        peal_allow_pool_answer(peal_allow_pool_ask(&pool, request(i))));
  assert_int_equal(account.used, COUNT * sizeof(peal_allow));
  for (size_t i = 0; i < COUNT; i++) {
    now_ms += PEAL_LIMIT_ALLOW_KEPT_MS;
    assert_non_null(
        peal_allow_pool_answer(peal_allow_pool_ask(&pool, request(i))));
  }
  assert_int_equal(account.used, sizeof(peal_allow));
  drop();
}

static void what_waits_is_charged(void **state) {
  (void)state;
  make(10 * sizeof(peal_allow));
  for (size_t i = 0; i < 10; i++)
    assert_non_null(peal_allow_pool_ask(&pool, request(i)));
  assert_null(peal_allow_pool_ask(&pool, request(10)));
  drop();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_late_second_answer_is_nobody_elses_first),
      cmocka_unit_test(what_a_storm_has_left_is_given_back),
      cmocka_unit_test(what_waits_is_charged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
