/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/head_pool.h"
#include "torture.h"

static void equal_heads_are_one(void **state) {
  peal_account_worker account;
  peal_head_pool pool;
  (void)state;
  peal_account_worker_init(&account, NULL);
  peal_head_pool_init(&pool, NULL, &account, 7);
  peal_head *a = peal_head_pool_take(&pool, PEAL_S("host: a"));
  size_t once = account.used;
  peal_head *b = peal_head_pool_take(&pool, PEAL_S("host: a"));
  peal_head *c = peal_head_pool_take(&pool, PEAL_S("host: b"));
  peal_head *none = peal_head_pool_take(&pool, PEAL_S(""));
  assert_non_null(a);
  assert_ptr_equal(a, b);
  assert_ptr_not_equal(a, c);
  assert_memory_equal(c->data, "host: b", 7);
  assert_int_equal(none->len, 0);
  assert_int_equal(pool.count, 3);
  assert_true(once >= sizeof *a + 7 && account.used > once);
  peal_head_pool_give(&pool, a);
  assert_int_equal(pool.count, 3); /* b has it */
  peal_head_pool_give(&pool, b);
  peal_head_pool_give(&pool, c);
  peal_head_pool_give(&pool, none);
  peal_head_pool_give(&pool, NULL);
  assert_int_equal(pool.count, 0);
  assert_int_equal(account.used, 0);
  peal_head_pool_deinit(&pool);
}

static peal_err fill(const peal_mem *mem, void *user) {
  peal_account_worker account;
  peal_head_pool pool;
  peal_head *heads[200];
  size_t count = 0;
  char text[32];
  (void)user;
  peal_account_worker_init(&account, NULL);
  peal_head_pool_init(&pool, mem, &account, 7);
  for (; count < 200; count++) {
    snprintf(text, sizeof text, "field: %zu", count / 2);
    heads[count] = peal_head_pool_take(&pool, peal_slice_of(text));
    if (!heads[count])
      break;
    assert_ptr_equal(heads[count], heads[count / 2 * 2]);
  }
  peal_err err = count < 200 ? PEAL_ERR_NOMEM : PEAL_OK;
  while (count)
    peal_head_pool_give(&pool, heads[--count]);
  assert_int_equal(account.used, 0);
  peal_head_pool_deinit(&pool);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  /* A larger table is only an optimisation. */
  assert_true(torture_run(fill, NULL, true, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_heads_are_one),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("head_pool", tests, NULL, NULL);
}
